"""Players are left out by name or by a window of time, and the window is undone as it was made."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update

from server.application import db
from server.store.operations.tables import AdminActionRow
from server.store.tables import PlayerRow
from tests.conftest import Player
from tests.databases import on_sqlite
from tests.web.test_export import at_a_human_pace

Truth = Callable[[dict[str, Any], int], str]


def invoke(app: APIFlask, *arguments: str) -> str:
    result = app.test_cli_runner().invoke(args=["players", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def counting(app: APIFlask) -> int:
    return int(app.test_client().get("/api/v1/stats").get_json()["players"])


def a_window() -> tuple[str, str]:
    now = datetime.now(UTC)
    return tuple(  # type: ignore[return-value]
        (now + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S") for minutes in (-9, 9)
    )


def test_a_window_is_flagged_and_undone_and_who_was_flagged_before_stays_so(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    carol, dan = Player(app.test_client()), Player(app.test_client())
    for player in (alice, bob, carol, dan):
        player.play(lambda _: "the")
    at_a_human_pace(app)
    with app.app_context():
        people = db.session.scalars(select(PlayerRow).order_by(PlayerRow.id)).all()
        long_ago = datetime.now(UTC) - timedelta(days=40)
        db.session.execute(
            update(PlayerRow).where(PlayerRow.id == people[0].id).values(created_at=long_ago)
        )
        bobs_name = people[1].public_id
        db.session.commit()
    invoke(app, "flag", bobs_name)
    assert counting(app) == 3
    output = invoke(app, "flag-window", *a_window())
    assert "Flagged 2 players" in output
    assert counting(app) == 1
    number = re.search(r"undo-flagging (\d+)", output)
    assert number is not None
    assert "2 players count again" in invoke(app, "undo-flagging", number[1])
    assert counting(app) == 3
    with app.app_context():
        actions = db.session.scalars(select(AdminActionRow.action).order_by(AdminActionRow.id))
        assert list(actions) == ["flag", "flag window", "undo flagging"]


@on_sqlite
@pytest.mark.parametrize("public_id", ["-0Cw0rds", "--unknown", "-u_flag"])
def test_an_id_that_begins_with_a_hyphen_is_no_option(
    app: APIFlask, alice: Player, public_id: str
) -> None:
    alice.play(lambda _: "the")
    with app.app_context():
        db.session.execute(update(PlayerRow).values(public_id=public_id))
        db.session.commit()
    assert "no longer count" in invoke(app, "flag", public_id)
    assert "count again" in invoke(app, "flag", public_id, "--unflag")
    assert "no longer shown" in invoke(app, "hide", public_id)
    assert "shown again" in invoke(app, "hide", "--show", public_id)


def test_a_window_can_be_narrowed_to_those_who_were_right_too_often(
    app: APIFlask, alice: Player, bob: Player, truth: Truth
) -> None:
    alice.play(lambda s: truth(s, s["asked"]["position"]).strip())
    bob.play(lambda _: "the")
    at_a_human_pace(app)
    assert "Flagged 1 player" in invoke(app, "flag-window", *a_window(), "--least-right", "0.9")
    assert counting(app) == 1


def test_a_window_that_ends_before_it_begins_is_refused(app: APIFlask) -> None:
    since, until = a_window()
    result = app.test_cli_runner().invoke(args=["players", "flag-window", until, since])
    assert result.exit_code == 1
    assert "at most 31 days" in result.output


@on_sqlite
def test_a_flagging_that_does_not_exist_is_named(app: APIFlask) -> None:
    result = app.test_cli_runner().invoke(args=["players", "undo-flagging", "77"])
    assert result.exit_code == 1
    assert "no flagging number 77" in result.output
