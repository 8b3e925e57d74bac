"""A guess costs the database few statements, however far the round has come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from apiflask import APIFlask
from sqlalchemy import event

from server.application import db
from tests.conftest import Player

MOST_STATEMENTS = {"sqlite": 5, "postgresql": 3}  # which stores all of an answer by one


@contextmanager
def statements(app: APIFlask) -> Iterator[list[str]]:
    """Collect the statements that the application sends meanwhile; SQLite's BEGIN is none."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("wish", [{}, {"assisted": True}, {"unit": "tokens"}])
def test_a_guess_costs_few_statements(
    app: APIFlask, alice: Player, wish: dict[str, object]
) -> None:
    with app.app_context():
        most = MOST_STATEMENTS[db.engine.dialect.name]
    state = alice.start(**wish)
    while not state["finished"]:
        with statements(app) as sent:
            response = alice.answer(state["id"], state["asked"]["position"], "the")
        state = response.get_json()["round"]
        assert any("INSERT INTO guesses" in statement for statement in sent)
        assert len(sent) <= most, "\n".join(sent)
