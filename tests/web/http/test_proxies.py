"""Behind proxies: schemes, names and paths are believed from whom they should be."""

from __future__ import annotations

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.conftest import CreateApp, Player, settings_for
from tests.databases import on_sqlite


@pytest.fixture
def behind(create: CreateApp, database_url: str) -> FlaskClient:
    settings = settings_for(database_url, app_env="production", trusted_proxies=1)
    return create(settings).test_client()


@on_sqlite
@pytest.mark.parametrize(
    ("scheme", "status"),
    [("https", 200), ("HTTPS", 200), ("http", 308), ("https, http", 308), ("http,https", 200)],
)
def test_the_nearest_proxy_s_scheme_is_taken(behind: FlaskClient, scheme: str, status: int) -> None:
    assert behind.get("/you", headers={"X-Forwarded-Proto": scheme}).status_code == status


@on_sqlite
@pytest.mark.parametrize("scheme", ["javascript", "wss", "", "https:"])
def test_a_scheme_is_http_or_https(behind: FlaskClient, scheme: str) -> None:
    response = behind.get("/you", headers={"X-Forwarded-Proto": scheme})
    assert response.headers["Location"] == "https://localhost/you"


@on_sqlite
def test_two_proxies_of_which_one_replaces_the_header_do_not_loop(
    create: CreateApp, database_url: str
) -> None:
    settings = settings_for(database_url, app_env="production", trusted_proxies=2)
    client = create(settings).test_client()
    assert client.get("/you", headers={"X-Forwarded-Proto": "https"}).status_code == 200
    assert client.get("/you", headers={"X-Forwarded-Proto": "https, http"}).status_code == 200


@on_sqlite
def test_a_proxy_that_is_not_trusted_is_warned_about_once_and_does_not_loop(
    create: CreateApp, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = create(settings_for(database_url, app_env="production")).test_client()
    for _ in range(3):
        response = client.get("/you", headers={"X-Forwarded-Proto": "https"})
        assert response.status_code == 200
    assert capsys.readouterr().out.count("TRUSTED_PROXIES is 0") == 1
    assert client.get("/you").status_code == 308


@on_sqlite
def test_production_takes_no_answer_over_plain_http(create: CreateApp, database_url: str) -> None:
    client = create(settings_for(database_url, app_env="production")).test_client()
    for headers in ({}, {"X-Forwarded-Proto": "https"}):
        response = client.post("/api/v1/rounds", json={}, headers=headers)
        assert response.status_code == 403
        assert "HTTPS only" in response.get_json()["detail"]
        assert client.post("/play", headers=headers).status_code == 403
    assert client.post("/api/v1/rounds", json={}, base_url="https://localhost").status_code == 201


@on_sqlite
def test_another_name_than_ours_is_refused_and_leads_nowhere(
    create: CreateApp, database_url: str
) -> None:
    settings = settings_for(
        database_url, app_env="production", allowed_hosts="game.example, .play.example"
    )
    client = create(settings).test_client()
    for host in ("evil.example", "game.example.evil.example", "notgame.example", "evil@x", ""):
        response = client.get("/you", headers={"Host": host})
        assert response.status_code == 400, host
        assert "Location" not in response.headers
    for host in ("game.example", "game.example:443", "a.play.example"):
        assert client.get("/you", headers={"Host": host}).status_code == 308
    assert client.get("/healthz", headers={"Host": "10.0.0.1"}).status_code == 200


@on_sqlite
@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
def test_what_a_browser_says_of_the_page_that_asks_is_heeded(alice: Player, site: str) -> None:
    headers = {"Sec-Fetch-Site": site}
    assert alice.client.post("/api/v1/rounds", json={}, headers=headers).status_code == 403
    assert alice.client.post("/play", headers=headers).status_code == 403
    for own in ("same-origin", "none"):
        answer = alice.client.post("/api/v1/rounds", json={}, headers={"Sec-Fetch-Site": own})
        assert answer.status_code in (200, 201)
    assert alice.client.get("/", headers=headers).status_code == 200, "links lead here"


@on_sqlite
@pytest.mark.parametrize("stripped", [True, False])
def test_the_service_lives_below_a_path(
    create: CreateApp, database_url: str, stripped: bool
) -> None:
    app = create(settings_for(database_url, trusted_proxies=1))
    client, below = app.test_client(), {"X-Forwarded-Prefix": "/game"}
    way = "" if stripped else "/game"
    page = client.get(f"{way}/you", headers=below).text
    assert 'href="/game/"' in page
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert address.startswith("/game/static/")
    with client.get(address.removeprefix("/game" if stripped else ""), headers=below) as style:
        assert style.status_code == 200
    begun = client.post(f"{way}/play", headers=below)
    assert begun.headers["Location"].startswith("/game/rounds/")
    assert client.post(f"{way}/api/v1/rounds", json={}, headers=below).status_code in (200, 201)


@on_sqlite
@pytest.mark.parametrize(
    "prefix", ["//evil.example", "/a//b", "game", "/a b", "https://evil.example", "/..", "/a\\b"]
)
def test_a_prefix_is_a_plain_path_or_nothing(
    create: CreateApp, database_url: str, prefix: str
) -> None:
    client = create(settings_for(database_url, trusted_proxies=1)).test_client()
    begun = client.post("/play", headers={"X-Forwarded-Prefix": prefix})
    assert begun.headers["Location"].startswith("/rounds/")


@on_sqlite
def test_without_a_trusted_proxy_nobody_says_where_we_live(app: APIFlask) -> None:
    begun = app.test_client().post("/play", headers={"X-Forwarded-Prefix": "/game"})
    assert begun.headers["Location"].startswith("/rounds/")
