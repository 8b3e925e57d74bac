"""One history on two devices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, update

from server.application import db
from server.store.base import Base
from server.store.contest.tables import FormerPlayerRow, TransferRow
from server.store.contest.transfers import OWNED
from server.store.tables import GuessRow, PlayerRow, RoundRow
from tests.conftest import Player
from tests.databases import on_sqlite
from tests.web.contest.playing import finish

Truth = Callable[[dict[str, Any], int], str]


def skip(state: dict[str, Any]) -> None:
    return None


def code_of(player: Player) -> str:
    response = player.client.post("/api/v1/player/transfer", json={})
    assert response.status_code == 201, response.text
    return str(response.get_json()["code"])


def join(player: Player, code: str) -> Any:
    return player.client.post("/api/v1/player/join", json={"code": code})


def counts(app: APIFlask) -> list[int]:
    with app.app_context():
        tables = (PlayerRow, RoundRow, GuessRow)
        return [db.session.scalars(select(func.count()).select_from(t)).one() for t in tables]


def test_joining_keeps_every_answer_of_both_once(app: APIFlask, alice: Player, bob: Player) -> None:
    mine = [alice.play(skip)["id"], finish(alice, "bet")["id"]]
    theirs = [bob.play(skip)["id"], finish(bob, "duel")["id"], bob.start()["id"]]
    before = counts(app)
    assert before[0] == 2
    response = join(bob, code_of(alice))
    assert response.status_code == 200, response.text
    after = counts(app)
    assert after == [1, *before[1:]]
    for player in (alice, bob):
        body = player.client.get("/api/v1/player").get_json()
        assert body["rounds"] == before[1]
        ids = {entry["id"] for entry in body["recent"]}
        assert ids >= {*mine, *theirs}
        for round_id in (*mine, *theirs):
            assert player.client.get(f"/api/v1/rounds/{round_id}").status_code == 200


def test_the_sums_of_the_statistics_are_those_of_one_player(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    alice.play(skip)
    bob.play(skip)
    app.test_client().get("/api/v1/stats")  # folds
    join(bob, code_of(alice))
    app.test_client().get("/api/v1/stats")
    result = app.test_cli_runner().invoke(args=["stats", "check"])
    assert result.exit_code == 0, result.output


def test_a_passage_of_both_counts_once(app: APIFlask, alice: Player, bob: Player) -> None:
    first = alice.play(skip, daily=True)["id"]
    second = bob.play(skip, daily=True)["id"]
    assert join(bob, code_of(alice)).status_code == 200
    assert not alice.client.get(f"/api/v1/rounds/{first}").get_json()["repeated"]
    assert alice.client.get(f"/api/v1/rounds/{second}").get_json()["repeated"]
    with app.app_context():
        marks = db.session.execute(
            select(RoundRow.public_id, GuessRow.repeated).join(GuessRow.round)
        ).all()
        assert {round_id for round_id, repeated in marks if repeated} == {second}
    assert counts(app) == [1, 2, 24]


def test_a_round_that_was_open_when_the_other_began_counts_no_more(
    alice: Player, bob: Player
) -> None:
    open_id = alice.start(daily=True)["id"]
    other_id = bob.play(skip, daily=True)["id"]
    assert join(bob, code_of(alice)).status_code == 200
    for round_id in (open_id, other_id):
        assert alice.client.get(f"/api/v1/rounds/{round_id}").get_json()["repeated"]


def test_a_code_serves_once(alice: Player, bob: Player, app: APIFlask) -> None:
    alice.play(skip)
    code = code_of(alice)
    assert join(bob, code).status_code == 200
    third = Player(app.test_client())
    refusal = join(third, code)
    assert refusal.status_code == 422
    assert refusal.get_json()["errors"][0]["field"] == "code"
    assert third.client.get("/api/v1/player").get_json()["rounds"] == 0


def test_a_code_lasts_ten_minutes(app: APIFlask, alice: Player, bob: Player) -> None:
    alice.play(skip)
    response = alice.client.post("/api/v1/player/transfer", json={})
    lasts = datetime.fromisoformat(response.get_json()["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < lasts <= timedelta(minutes=10)
    with app.app_context():
        past = datetime.now(UTC) - timedelta(seconds=1)
        db.session.execute(update(TransferRow).values(expires_at=past))
        db.session.commit()
    assert join(bob, response.get_json()["code"]).status_code == 422


def test_only_a_hash_of_a_code_is_stored_and_a_new_code_replaces_the_old(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    first, second = code_of(alice), code_of(alice)
    with app.app_context():
        (row,) = db.session.scalars(select(TransferRow)).all()
        assert second not in row.code_hash
        assert len(row.code_hash) == 64
    assert join(bob, first).status_code == 422
    assert join(bob, f"{second[:4].lower()} {second[4:]}").status_code == 200


def test_the_same_device_is_told_and_the_code_stays(alice: Player, bob: Player) -> None:
    code = code_of(alice)
    assert join(alice, code).status_code == 409
    assert join(bob, code).status_code == 200


def test_a_third_device_of_the_former_player_comes_along(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    bob.play(skip)
    third = Player(app.test_client())
    assert join(third, code_of(bob)).status_code == 200
    alice.play(skip)
    assert join(bob, code_of(alice)).status_code == 200
    assert third.client.get("/api/v1/player").get_json()["rounds"] == 2
    third.play(skip)
    assert alice.client.get("/api/v1/player").get_json()["rounds"] == 3
    assert counts(app)[0] == 1


def test_the_name_the_older_date_and_the_operator_s_flags_stay(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    bob.client.patch("/api/v1/player", json={"nickname": "Bob"})
    with app.app_context():
        row = db.session.scalars(select(PlayerRow)).one()
        row.flagged = row.hidden = True
        since = row.created_at
        db.session.commit()
    alice.play(skip)
    assert join(bob, code_of(alice)).get_json()["nickname"] == "Bob"
    with app.app_context():
        row = db.session.scalars(select(PlayerRow)).one()
        assert (row.flagged, row.hidden, row.created_at) == (True, True, since)


def test_deleting_forgets_former_ids_and_codes_too(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    bob.play(skip)
    join(bob, code_of(alice))
    code_of(bob)
    assert alice.client.delete("/api/v1/player").status_code == 204
    with app.app_context():
        for table in (FormerPlayerRow, TransferRow, PlayerRow):
            assert db.session.scalars(select(func.count()).select_from(table)).one() == 0


def test_no_table_of_a_player_s_is_forgotten_when_two_are_joined() -> None:
    """What is not moved would be deleted with the player who is joined."""
    referring = {
        f"{table.name}.{key.parent.name}"
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "players"
    }
    moved = {f"{table.__tablename__}.{column.key}" for table, column in OWNED.items()}
    assert referring == moved | {"transfers.player_id"}  # a code is used up, or replaced


@on_sqlite
@pytest.mark.parametrize("body", [{}, {"code": 1}, {"code": "x" * 99}, {"code": "ABC"}])
def test_what_is_no_code_is_refused_by_its_field(alice: Player, body: dict[str, Any]) -> None:
    response = alice.client.post("/api/v1/player/join", json=body)
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] == "code"
