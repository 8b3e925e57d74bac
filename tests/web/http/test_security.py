"""Who may write, what headers go out, and how errors look."""

from __future__ import annotations

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from server.application import db
from server.store.tables import LanguageModelRow
from tests.conftest import CreateApp, Player, settings_for
from tests.databases import on_sqlite

pytestmark = on_sqlite


def test_a_page_elsewhere_cannot_play_for_somebody(alice: Player) -> None:
    headers = {"Origin": "https://evil.example"}
    assert alice.client.post("/api/v1/rounds", json={}, headers=headers).status_code == 403
    assert alice.client.post("/play", headers=headers).status_code == 403
    assert alice.client.delete("/api/v1/player", headers=headers).status_code == 403
    for origin in ("null", "http://[bad", ""):
        assert alice.client.post("/play", headers={"Origin": origin}).status_code == 403


def test_our_own_page_and_a_plain_client_can(alice: Player) -> None:
    own = {"Origin": "http://localhost"}
    assert alice.client.post("/api/v1/rounds", json={}, headers=own).status_code == 201
    assert alice.client.post("/play", headers=own).status_code == 303


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_the_api_takes_json_alone(alice: Player, kind: str) -> None:
    response = alice.client.post("/api/v1/rounds", data="{}", content_type=kind)
    assert response.status_code == 415
    assert response.content_type == "application/problem+json"
    assert "application/json" in response.get_json()["detail"]


def test_a_body_too_large_is_refused(alice: Player) -> None:
    body = '{"mode": "' + "x" * 20_000 + '"}'
    response = alice.client.post("/api/v1/rounds", data=body, content_type="application/json")
    assert response.status_code == 413
    assert "16 KB" in response.get_json()["detail"]


@pytest.mark.parametrize("body", ["{", "", "nonsense", '{"unit": NaN}', "[" * 8_000])
def test_broken_json_is_a_client_error(alice: Player, body: str) -> None:
    response = alice.client.post("/api/v1/rounds", data=body, content_type="application/json")
    assert response.status_code in (400, 422)
    assert response.content_type == "application/problem+json"


def test_every_answer_carries_strict_headers(alice: Player) -> None:
    for path in ("/", "/you", "/nothing-here", "/api/v1/rounds/none", "/healthz"):
        headers = alice.client.get(path).headers
        assert headers["Content-Security-Policy"].startswith(
            "default-src 'none'; script-src 'self'"
        )
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"


def test_errors_are_pages_for_browsers_and_problems_for_programs(alice: Player) -> None:
    page = alice.client.get("/nothing-here", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert page.mimetype == "text/html"
    assert "nothing at this address" in page.get_data(as_text=True)
    problem = alice.client.get("/api/v1/nothing-here", headers={"Accept": "text/html"})
    assert problem.content_type == "application/problem+json"
    assert problem.get_json()["status"] == 404
    assert alice.client.put("/api/v1/rounds", json={}).status_code == 405


def test_a_failure_on_our_side_is_a_calm_sentence(
    create: CreateApp, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create(settings_for(database_url))

    @app.get("/api/v1/broken")
    def broken() -> str:
        raise RuntimeError("the secret detail")

    response = app.test_client().get("/api/v1/broken?x=%0Aforged")
    assert response.status_code == 500
    assert "secret" not in response.get_data(as_text=True)
    assert response.content_type == "application/problem+json"
    logged = capsys.readouterr()
    assert "RuntimeError" in logged.out
    assert "forged" not in logged.out + logged.err


def test_production_cookies_travel_over_https_alone(create: CreateApp, database_url: str) -> None:
    app = create(settings_for(database_url, app_env="production"))
    response = app.test_client().post("/api/v1/rounds", json={}, base_url="https://game.example")
    assert "Secure" in response.headers["Set-Cookie"]
    assert "max-age=31536000" in response.headers["Strict-Transport-Security"]


def test_production_leads_pages_to_https(create: CreateApp, database_url: str) -> None:
    client = create(settings_for(database_url, app_env="production")).test_client()
    response = client.get("/you?x=1")
    assert (response.status_code, response.headers["Location"]) == (
        308,
        "https://localhost/you?x=1",
    )
    assert client.get("/healthz").status_code == 200


def test_another_revision_than_the_wanted_one_does_not_play(
    create: CreateApp, database_url: str
) -> None:
    with create(settings_for(database_url)).app_context():
        row = db.session.scalars(select(LanguageModelRow)).one()
        row.name, row.revision = "openai-community/gpt2", "an older one"
        db.session.commit()
    settings = settings_for(database_url, model="openai-community/gpt2")
    assert create(settings).test_client().get("/readyz").status_code == 503
    old = settings.model_copy(update={"model_revision": "an older one"})
    assert create(old).test_client().get("/readyz").status_code == 200


def test_production_never_plays_a_stand_in(create: CreateApp, database_url: str) -> None:
    settings = settings_for(database_url, app_env="production", model="openai-community/gpt2")
    client = create(settings).test_client()
    over_https = {"base_url": "https://localhost"}
    assert client.post("/api/v1/rounds", json={}, **over_https).status_code == 503
    assert client.get("/readyz").status_code == 503


def test_rate_limits_count_across_processes_with_redis(
    create: CreateApp, database_url: str, redis_url: str
) -> None:
    settings = settings_for(database_url, rate_limits=True, redis_url=redis_url)
    first, second = (create(settings).test_client() for _ in range(2))
    cookie = first.post("/api/v1/rounds", json={}).headers["Set-Cookie"]
    for client in (first, second):
        client.set_cookie("perplexed", cookie.split(";")[0].split("=", 1)[1])
    codes = [
        client.post("/api/v1/rounds", json={}).status_code
        for _ in range(35)
        for client in (first, second)
    ]
    assert codes.count(429) == 10
    response = first.post("/api/v1/rounds", json={})
    assert "Please wait" in response.get_json()["detail"]
    assert "Retry-After" in response.headers


def test_without_redis_the_game_goes_on(create: CreateApp, database_url: str) -> None:
    dead = settings_for(database_url, rate_limits=True, redis_url="redis://127.0.0.1:9")
    assert create(dead).test_client().post("/api/v1/rounds", json={}).status_code == 201


def test_a_class_behind_one_address_is_many_players(create: CreateApp, database_url: str) -> None:
    app = create(settings_for(database_url, rate_limits=True))
    codes = set()
    for _ in range(3):
        player = Player(app.test_client())
        state = player.start()
        position = state["asked"]["position"]
        codes |= {player.answer(state["id"], position, "water").status_code for _ in range(50)}
    assert codes == {200}


def test_who_sheds_the_cookie_cannot_store_texts_without_end(
    create: CreateApp, database_url: str
) -> None:
    app = create(settings_for(database_url, rate_limits=True))
    codes = []
    for _ in range(31):
        player = Player(app.test_client())
        player.start()
        texts = [player.client.post("/api/v1/try/rounds", json={"text": ""}) for _ in range(10)]
        codes += [response.status_code for response in texts]
    assert (set(codes[:300]), set(codes[300:])) == ({422}, {429})


def test_static_files_are_served_for_ever_under_an_address_of_their_content(app: APIFlask) -> None:
    client = app.test_client()
    page = client.get("/methods").get_data(as_text=True)
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert address.startswith("/static/")
    assert "/css/site" in address
    with client.get(address) as response:
        assert response.status_code == 200
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "max-age=31536000" in response.headers["Cache-Control"]
