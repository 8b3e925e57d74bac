"""The database fails under a page; real engines, no server that answers."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import ADMIN_TOKEN, CreateApp, Player, settings_for
from tests.databases import on_sqlite
from tests.system.processes import free_port

NOWHERE = "postgresql://nobody@127.0.0.1:{}/nothing"


def silent(create: CreateApp) -> Player:
    """Somebody on a service whose database is not there."""
    url = NOWHERE.format(free_port())
    return Player(create(settings_for(url, live_scoring=False)).test_client())


def test_a_page_says_so_and_loads_itself_again(create: CreateApp) -> None:
    alone = silent(create).client.get("/stats", headers={"Accept": "text/html"})
    assert alone.status_code == 503
    assert alone.headers["Retry-After"] == "2"
    assert '<meta http-equiv="refresh" content="2; url=/stats">' in alone.text
    assert alone.headers["X-Request-Id"] in alone.text


def test_what_is_sent_to_a_page_is_not_sent_again(create: CreateApp) -> None:
    seen = silent(create).client.post("/play", headers={"Accept": "text/html"})
    assert seen.status_code == 503
    assert 'content="2; url=/"' in seen.text
    assert "it is safe to send it again" in seen.text


def test_an_answer_is_not_said_to_be_safe(create: CreateApp) -> None:
    seen = silent(create).client.post("/api/v1/rounds", json={})
    assert seen.status_code == 503
    assert seen.content_type == "application/problem+json"
    assert "may not be stored" in seen.get_json()["detail"]


def test_only_readiness_follows_the_database(create: CreateApp) -> None:
    client = silent(create).client
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.get_json()["detail"] == "The game's database does not answer just now."


def test_readiness_wants_the_release_s_own_tables(create: CreateApp, tmp_path: Path) -> None:
    app = create(settings_for(f"sqlite:///{tmp_path / 'empty.sqlite3'}"))
    ready = app.test_client().get("/readyz")
    assert ready.status_code == 503
    assert ready.get_json()["detail"].startswith("The database is at revision none;")


@on_sqlite
def test_metrics_want_the_admin_s_token_and_count_by_mode(alice: Player) -> None:
    client = alice.client
    state = alice.start()
    alice.answer(state["id"], state["asked"]["position"], "the")
    assert client.get("/metrics").status_code == 401
    bearer = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    page = client.get("/metrics", headers=bearer).text
    assert 'perplexed_answers_total{mode="guess"}' in page
    assert 'route="/api/v1/rounds/<round_id>/guesses",status="200"}' in page
    assert "perplexed_statistics_age_seconds" in page
    assert state["id"] not in page
    assert json.dumps(state["text"])[1:30] not in page


@on_sqlite
def test_no_metrics_exist_without_a_token(create: CreateApp, database_url: str) -> None:
    app = create(settings_for(database_url, admin_token=""))
    assert app.test_client().get("/metrics").status_code == 404
