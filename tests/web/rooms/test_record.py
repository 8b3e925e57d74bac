"""What stays of a room: its answers for the host, and nothing of a text of the host's own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from server.application import db
from server.services.operations.audit import BY_WEB, Operator
from server.services.operations.purging import Purged, purge
from server.services.rooms.closing import close_old_rooms
from server.store.rooms.room_tables import RoomRow
from server.store.tables import PassageRow, ScoredPassageRow
from tests.databases import on_sqlite
from tests.web.rooms.conftest import WRONG, OpenRoom, Room
from tests.web.rooms.test_withholding import OWN_TEXT


def played(room: Room) -> Room:
    """Let three players answer two words; the third skips."""
    ann, ben, cem = room.join("Ann"), room.join("Ben"), room.join("Cem")
    for word in range(2):
        room.move("next")
        room.answer(ann, room.target(word))
        room.answer(ben, WRONG)
        room.answer(cem, "")
        room.move("reveal")
    return room


def exported(room: Room) -> list[dict[str, Any]]:
    text = room.host.get(f"{room.url}/export").get_data(as_text=True)
    return [json.loads(line) for line in text.splitlines()]


def test_the_host_takes_the_answers_away(open_room: OpenRoom) -> None:
    room = played(open_room())
    records = exported(room)
    assert len(records) == 6
    assert len({record["player"] for record in records}) == 3
    guesses = [record["guess"] for record in records]
    assert guesses == [room.target(0), WRONG, None, room.target(1), WRONG, None]
    assert {record["target"].strip() for record in records} == {room.target(0), room.target(1)}
    assert {record["room"] for record in records} == {room.code}
    assert "Ann" not in str(records)


def test_only_revealed_words_are_taken_away(open_room: OpenRoom) -> None:
    room = played(open_room())
    room.move("next")
    room.answer(room.players[0], "oak")
    assert len(exported(room)) == 6
    room.move("end")
    assert len(exported(room)) == 6


def test_only_the_host_takes_them(open_room: OpenRoom) -> None:
    room = played(open_room())
    assert room.players[0].get(f"{room.url}/export").status_code == 403
    assert room.app.test_client().get(f"{room.url}/export").status_code == 403


@on_sqlite
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_study_analyse_reads_both_forms(open_room: OpenRoom, tmp_path: Path, form: str) -> None:
    room = played(open_room())
    file = tmp_path / f"room.{form}"
    file.write_bytes(room.host.get(f"{room.url}/export?format={form}").data)
    ran = room.app.test_cli_runner().invoke(
        args=["study", "analyse", str(file), "--json", "--strict"]
    )
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.output)["guesses"]["words"]
    assert (found["value"], found["n"]) == (pytest.approx(1 / 3), 6)


def test_a_text_of_the_host_s_own_is_the_room_s_alone(open_room: OpenRoom, app: APIFlask) -> None:
    room = played(open_room(text=OWN_TEXT))
    state = room.state()
    assert state["passage"]["private"]
    assert OWN_TEXT.startswith(state["text"])
    stranger = app.test_client()
    titles = {p["title"] for p in stranger.get("/api/v1/rooms/choices").get_json()["passages"]}
    assert state["passage"]["title"] not in titles
    other = app.test_client().post("/api/v1/rooms", json={"text": OWN_TEXT})
    assert other.status_code == 201
    assert count(app, PassageRow, PassageRow.owner_id.is_not(None)) == 2


@on_sqlite
def test_a_text_too_short_to_ask_words_of_is_refused(app: APIFlask) -> None:
    response = app.test_client().post("/api/v1/rooms", json={"text": "Too short."})
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] == "text"
    assert count(app, RoomRow) == 0


def test_after_a_day_a_room_is_closed_and_its_own_text_is_gone(
    open_room: OpenRoom, app: APIFlask
) -> None:
    own, shared, young = played(open_room(text=OWN_TEXT)), played(open_room()), open_room()
    with app.app_context():
        for row in db.session.scalars(select(RoomRow).where(RoomRow.code != young.code)):
            row.closes_at = datetime.now(UTC) - timedelta(seconds=1)
        db.session.commit()
        assert close_old_rooms(db.session, datetime.now(UTC)) == 2
        assert close_old_rooms(db.session, datetime.now(UTC)) == 0
    assert count(app, PassageRow, PassageRow.owner_id.is_not(None)) == 0
    assert count(app, ScoredPassageRow) == 6
    after = own.state()
    assert (after["state"], after["passage"], after["text"]) == ("finished", None, "")
    assert [word["room_right"] for word in after["outcome"]["words"]] == [True, True]
    assert "ferry" not in str(after)
    assert len(exported(own)) == 6
    assert shared.state()["passage"] is not None
    assert young.state()["state"] == "waiting"
    for room in (own, shared):
        assert room.host.get(f"/r/{room.code}/end").status_code == 200


def test_the_purge_closes_rooms_too_and_says_so(open_room: OpenRoom, app: APIFlask) -> None:
    open_room(text=OWN_TEXT)
    with app.app_context():
        db.session.scalars(select(RoomRow)).one().closes_at = datetime.now(UTC)
        db.session.commit()
    ran = app.test_cli_runner().invoke(args=["purge"])
    assert "closed 1 room." in ran.output
    assert count(app, PassageRow, PassageRow.owner_id.is_not(None)) == 0


def test_who_answered_in_rooms_alone_is_kept_and_nameless_after_two_years(
    open_room: OpenRoom, app: APIFlask
) -> None:
    room = played(open_room())
    room.move("end")
    before = exported(room)

    def purged(days: int) -> Purged:
        with app.app_context():
            return purge(db.session, Operator(BY_WEB, datetime.now(UTC) + timedelta(days=days)))

    assert (purged(8).deleted, purged(729).unlinked) == (0, 0)
    assert exported(room) == before
    assert purged(732).unlinked == 3
    assert len(exported(room)) == len(before)
    assert not {"Ann", "Ben", "Cem"} & {score["name"] for score in room.state()["scores"]}


def test_opening_a_room_closes_those_whose_day_is_over(open_room: OpenRoom, app: APIFlask) -> None:
    open_room(text=OWN_TEXT)
    with app.app_context():
        db.session.scalars(select(RoomRow)).one().closes_at = datetime.now(UTC)
        db.session.commit()
    open_room()
    assert count(app, PassageRow, PassageRow.owner_id.is_not(None)) == 0


def test_a_host_who_deletes_their_data_deletes_the_room_s_text(
    open_room: OpenRoom, app: APIFlask
) -> None:
    room = played(open_room(text=OWN_TEXT))
    assert room.host.delete("/api/v1/player").status_code == 204
    assert count(app, PassageRow, PassageRow.owner_id.is_not(None)) == 0
    after = room.state(room.players[0])
    assert (after["state"], after["text"]) == ("finished", "")


def test_a_player_s_data_hold_their_rooms(open_room: OpenRoom) -> None:
    room = played(open_room())
    room.move("next")
    ann = room.players[0]
    room.answer(ann, "oak")
    (data,) = ann.get("/api/v1/player/data").get_json()["rooms"]
    assert (data["room"], data["name"]) == (room.code, "Ann")
    assert [answer["guess"] for answer in data["answers"]] == [
        *(room.target(0), room.target(1), "oak")
    ]
    assert [answer["target"] for answer in data["answers"][:2]] == [
        *(room.target(0), room.target(1))
    ]
    assert data["answers"][2]["target"] is None


def count(app: APIFlask, table: Any, *where: Any) -> int:
    with app.app_context():
        query = select(func.count()).select_from(table).where(*where)
        return db.session.scalars(query).one()
