"""Limits by player and by address, and requests that write nothing."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from server.application import db
from server.store.tables import PlayerRow
from server.web.http.addresses import hash_of_day, network_of
from server.web.wording.errors import wait_sentence
from tests.conftest import CreateApp, Player, settings_for
from tests.databases import on_sqlite

WAYS_IN: list[tuple[str, dict[str, Any]]] = [
    ("/api/v1/rounds", {"json": {}}),
    ("/daily", {"data": {}}),
    ("/play", {"data": {}}),
    ("/api/v1/player/transfer", {"json": {}}),
]
ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def players(app: APIFlask) -> int:
    with app.app_context():
        return db.session.scalars(select(func.count()).select_from(PlayerRow)).one()


def visitor(app: APIFlask, address: str) -> FlaskClient:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    return client


@on_sqlite
def test_a_subscriber_s_many_addresses_are_one(create: CreateApp, database_url: str) -> None:
    app = create(settings_for(database_url, rate_limits=True))
    codes = [
        visitor(app, f"2001:db8:0:7::{host:x}").post("/api/v1/rounds", json={}).status_code
        for host in range(1, 80)
    ]
    assert (codes.count(201), codes.count(429)) == (60, 19)
    assert visitor(app, "2001:db8:0:8::1").post("/api/v1/rounds", json={}).status_code == 201


@on_sqlite
@pytest.mark.parametrize(
    ("method", "path", "fields", "allowed"),
    [
        ("POST", "/api/v1/player/join", {"json": {"code": "00000-00000"}}, 10),
        ("POST", "/api/v1/rooms", {"json": {"words": 0}}, 60),  # what is refused counts too
        ("POST", "/rooms", {"data": {"words": 0}}, 60),
        ("GET", "/preview.png", {}, 120),
    ],
)
def test_whatever_is_counted_by_address_counts_a_subscriber_s_many_as_one(
    create: CreateApp,
    database_url: str,
    method: str,
    path: str,
    fields: dict[str, Any],
    allowed: int,
) -> None:
    app = create(settings_for(database_url, rate_limits=True))

    def status(host: int) -> int:
        stranger = visitor(app, f"2001:db8:0:7::{host:x}")
        stranger.get("/try")  # which gives a cookie
        return stranger.open(path, method=method, **fields).status_code

    codes = [status(host) for host in range(1, allowed + 3)]
    assert [index for index, code in enumerate(codes) if code == 429] == [allowed, allowed + 1]


@on_sqlite
def test_a_hall_of_pupils_behind_one_address_plays(create: CreateApp, database_url: str) -> None:
    """Two hundred begin within a minute; each opens the page, which gives a cookie, and starts."""
    app = create(settings_for(database_url, rate_limits=True))
    codes = []
    for _ in range(200):
        pupil = visitor(app, "192.0.2.7")
        pupil.get("/try")
        codes.append(pupil.post("/api/v1/rounds", json={}).status_code)
    assert set(codes) == {201}


@on_sqlite
def test_an_address_brings_no_endless_row_of_new_players_by_whichever_way(
    create: CreateApp, database_url: str
) -> None:
    app = create(settings_for(database_url, rate_limits=True))

    def status(path: str, fields: dict[str, Any]) -> int:
        pupil = visitor(app, "192.0.2.7")
        pupil.get("/try")
        return pupil.post(path, **fields).status_code

    before = [status(*way) for _ in range(75) for way in WAYS_IN]
    assert 429 not in before
    assert players(app) == len(before) == 300
    assert [status(*way) for way in WAYS_IN] == [429] * len(WAYS_IN)


@on_sqlite
def test_a_player_s_starts_are_counted_together_by_whichever_way(
    create: CreateApp, database_url: str
) -> None:
    client = create(settings_for(database_url, rate_limits=True)).test_client()
    client.post("/play")  # from here on there is a player to count by
    ways = WAYS_IN[:3]
    before = [client.post(path, **fields).status_code for _ in range(20) for path, fields in ways]
    assert 429 not in before
    assert [client.post(path, **fields).status_code for path, fields in ways] == [429] * 3


@on_sqlite
def test_the_page_says_the_wait_that_the_header_says(create: CreateApp, database_url: str) -> None:
    client = create(settings_for(database_url, rate_limits=True)).test_client()
    for _ in range(62):  # the first is counted by address: it has no cookie yet
        response = client.post("/play")
    assert response.status_code == 429
    seconds = int(response.headers["Retry-After"])
    assert 1 <= seconds <= 61  # what is left of a minute, rounded up
    wait = re.search(r"Please wait (\d+) second", response.text)
    assert wait is not None
    assert int(wait[1]) == seconds
    answer = client.post("/api/v1/rounds", json={})
    assert "Retry-After" not in answer.headers or answer.status_code == 429


@pytest.mark.parametrize(
    ("seconds", "wait"),
    [
        (1, "1 second"),
        (90, "90 seconds"),
        (91, "2 minutes"),
        (5_400, "90 minutes"),
        (5_401, "2 hours"),
    ],
)
def test_a_long_wait_is_said_in_minutes_and_hours(seconds: int, wait: str) -> None:
    assert wait_sentence(seconds).endswith(f"Please wait {wait}.")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
        (None, ""),
    ],
)
def test_an_address_stands_for_its_network(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_an_address_s_hash_is_another_one_each_day_and_in_each_deployment() -> None:
    today, tomorrow = date(2026, 11, 27), date(2026, 11, 28)
    hashes = {
        hash_of_day("192.0.2.1", today, "a"),
        hash_of_day("192.0.2.1", tomorrow, "a"),
        hash_of_day("192.0.2.1", today, "b"),
        hash_of_day("192.0.2.2", today, "a"),
    }
    assert len(hashes) == 4


def test_try_gives_a_cookie_and_writes_nothing(app: APIFlask) -> None:
    response = app.test_client().get("/try")
    assert "perplexed=" in response.headers["Set-Cookie"]
    assert players(app) == 0


def test_head_and_crawlers_write_nothing_and_get_no_cookie(app: APIFlask) -> None:
    robot = {"User-Agent": ROBOT}
    client = app.test_client()
    assert client.head("/api/v1/comparisons/next").status_code == 405
    assert client.get("/api/v1/comparisons/next", headers=robot).status_code == 403
    for path in ("/", "/try", "/stats", "/you", "/methods", "/privacy", "/api/v1/player"):
        assert "Set-Cookie" not in client.head(path).headers, path
        assert "Set-Cookie" not in client.get(path, headers=robot).headers, path
    assert players(app) == 0
    assert client.get("/api/v1/comparisons/next").status_code == 200
    assert players(app) == 1
    assert "Disallow: /api/" in client.get("/robots.txt").text


@on_sqlite
def test_own_texts_are_limited_by_bytes_too(app: APIFlask) -> None:
    body = '{"text": "' + "😀" * 1_900 + '"}'
    kind = "application/json"
    response = app.test_client().post("/api/v1/try", data=body.encode(), content_type=kind)
    assert response.status_code == 422
    assert "7,600 bytes" in response.get_json()["detail"]


@on_sqlite
def test_an_address_has_ten_wrong_tokens_a_minute_and_right_ones_beside(
    create: CreateApp, database_url: str
) -> None:
    app = create(settings_for(database_url, rate_limits=True))
    wrong = {"Authorization": "Bearer a wrong token of some length"}
    codes = []
    for _ in range(2):
        player = Player(app.test_client())
        player.start()
        codes += [player.client.get("/admin/stats", headers=wrong).status_code for _ in range(8)]
    assert (codes[:10], codes[10:]) == ([401] * 10, [429] * 6)
