"""Starting a round looks rows up; it never goes through the corpus, or through what others play."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import event, text

from server.application import db
from tests.conftest import Player
from tests.databases import on_sqlite

GROWING = ("passages", "scored_passages", "players", "rounds", "guesses", "bets", "judgements")


@contextmanager
def selected(app: APIFlask) -> Iterator[list[tuple[str, Any]]]:
    """Collect the queries that the application sends meanwhile, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith(("SELECT", "UPDATE")):
            seen.append((statement, parameters))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def scans(app: APIFlask, queries: list[tuple[str, Any]]) -> list[str]:
    """Return the steps of the queries' plans that go through a whole table that grows."""
    found = []
    with app.app_context(), db.engine.connect() as connection:
        for statement, parameters in queries:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            for *_, step in plan:
                if re.match(rf"SCAN ({'|'.join(GROWING)})\b", step):
                    found.append(f"{step}: {statement}")
    return found


@on_sqlite
@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"unit": "tokens"},
        {"mode": "bet"},
        {"mode": "tries"},
        {"daily": True},
        {"mode": "duel"},
        {"mode": "duel", "form": "whole", "unit": "tokens"},
    ],
)
def test_starting_a_round_scans_nothing_that_grows(
    app: APIFlask, alice: Player, wish: dict[str, Any]
) -> None:
    alice.start(assisted=True)
    with selected(app) as queries:
        alice.start(**wish)
    looked_up = "FROM dailies" if wish.get("daily") else "draw_number >="
    assert any(looked_up in statement.replace("\n", " ") for statement, _ in queries)
    assert scans(app, queries) == []


@on_sqlite
def test_a_duel_that_goes_on_where_others_began_scans_nothing_that_grows(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    for player in (alice, bob):
        state = player.start(mode="duel")
        while not state["finished"]:
            url = f"/api/v1/rounds/{state['id']}/judgements"
            share = {"position": state["asked"]["position"], "first": 0.5}
            state = player.client.post(url, json=share).get_json()["round"]
    alice.start(mode="duel")
    with selected(app) as queries:
        bob.start(mode="duel")
    assert any("GROUP BY" in statement for statement, _ in queries)
    assert scans(app, queries) == []


@on_sqlite
def test_the_home_page_and_readiness_scan_nothing_that_grows(app: APIFlask, alice: Player) -> None:
    with selected(app) as queries:
        assert alice.client.get("/").status_code == 200
        assert alice.client.get("/readyz").get_json()["passages"] == 6
    assert any("draw_number" in statement for statement, _ in queries)
    assert scans(app, queries) == []


@on_sqlite
def test_a_scan_is_found(app: APIFlask) -> None:
    query = "SELECT min(draw_number), max(draw_number) FROM scored_passages WHERE asked_words > 0"
    assert len(scans(app, [(query, ())])) == 1
    with app.app_context():
        assert db.session.execute(text(query)).one() == (1, 6)
