"""A room over HTTP: who may do what, what is recorded, what is shown to whom."""

from __future__ import annotations

import math
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from server.application import db
from server.domain.contest.emblems import emblem
from server.domain.rooms.names import CODE_LETTERS
from server.services.contest.people import hide_nickname
from server.services.operations.audit import BY_WEB, Operator
from server.store.rooms.room_tables import RoomAnswerRow, RoomPlayerRow, RoomRow
from tests.databases import on_sqlite
from tests.web.rooms.conftest import WRONG, OpenRoom, Room
from tests.web.test_guess_statements import statements


def stored(app: APIFlask, table: Any) -> int:
    with app.app_context():
        return db.session.scalars(select(func.count()).select_from(table)).one()


def move_clock(room: Room, by: timedelta) -> None:
    """Let a room's clocks have begun earlier."""
    with room.app.app_context():
        row = db.session.scalars(select(RoomRow).where(RoomRow.code == room.code)).one()
        row.ends_at = row.ends_at and row.ends_at - by
        row.asked_at = row.asked_at and row.asked_at - by
        row.closes_at -= by
        db.session.commit()


def test_a_new_room_waits_and_tells_nothing_yet(open_room: OpenRoom) -> None:
    room = open_room()
    state = room.state()
    assert len(room.code) == 6
    assert set(room.code) <= set(CODE_LETTERS)
    assert (state["state"], state["text"], state["asked"]) == ("waiting", "", None)
    assert (state["players"], state["answered"], state["reveal"]) == (0, 0, None)
    assert state["host"]
    assert state["passage"]["title"]


def test_a_room_is_played_from_the_first_word_to_the_end(open_room: OpenRoom) -> None:
    room = open_room(words=2)
    ann, ben, cem = room.join("Ann"), room.join("Ben"), room.join("Cem")
    begun = room.move("next")
    assert (begun["state"], begun["asked"]["index"], begun["asked"]["of"]) == ("asking", 0, 2)
    assert len(begun["text"].split()) > 10
    target = room.target(0)
    assert room.answer(ann, target.upper())["you"]["answered"]
    room.answer(ben, target)
    waiting = room.answer(cem, "")
    assert (waiting["answered"], waiting["you"]["text"]) == (3, None)

    shown = room.move("reveal")
    reveal = shown["reveal"]
    assert reveal["target"] == target
    assert [(bar["count"], bar["right"]) for bar in reveal["answers"]] == [(2, True)]
    assert reveal["answers"][0]["probability"] == reveal["target_probability"]
    assert reveal["silent"] == 1
    assert reveal["crowd"]["right"]
    points = -math.log2(reveal["target_probability"])
    assert shown["race"]["room"] == {"right": 1, "points": pytest.approx(points)}
    assert [score["name"] for score in shown["scores"]] == ["Ann", "Ben", "Cem"]
    assert [score["right"] for score in shown["scores"]] == [1, 1, 0]
    assert room.state(ann)["you"]["word_right"] is True
    assert room.state(cem)["you"]["word_right"] is False

    again = room.move("next")
    assert (again["state"], again["asked"]["index"], again["answered"]) == ("asking", 1, 0)
    assert target in again["text"][len(begun["text"]) :]
    room.answer(ann, WRONG)
    room.move("reveal")
    over = room.move("next")
    assert (over["state"], over["asked"]) == ("finished", None)
    words = over["outcome"]["words"]
    assert [word["room_right"] for word in words] == [True, False]
    assert over["outcome"]["surest_and_wrong"]["choice"] == WRONG
    assert over["outcome"]["room"]["n"] == 2
    assert over["outcome"]["room"]["low"] <= 0.5 <= over["outcome"]["room"]["high"]
    assert over["text"].startswith(again["text"])


def test_an_answer_is_given_once(open_room: OpenRoom, app: APIFlask) -> None:
    room = open_room()
    ann = room.join("Ann")
    room.move("next")
    room.answer(ann, "oak")
    assert room.answer(ann, "oak")["you"]["text"] == "oak"
    other = room.post(ann, "answers", text="elm")
    assert other.status_code == 409
    assert "cannot be changed" in other.get_json()["detail"]
    assert stored(app, RoomAnswerRow) == 1


def test_the_same_answer_sent_many_times_at_once_is_one(open_room: OpenRoom, app: APIFlask) -> None:
    room = open_room()
    players = [room.join() for _ in range(4)]
    room.move("next")

    def send(number: int) -> int:
        cookie = players[number % 4].get_cookie("perplexed")
        assert cookie is not None
        client = app.test_client()
        client.set_cookie("perplexed", cookie.value)
        return room.post(client, "answers", text="oak", index=0).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(send, range(32)))
    assert statuses == [200] * 32
    assert stored(app, RoomAnswerRow) == 4
    assert room.state()["answered"] == 4


@pytest.mark.parametrize(
    ("moves", "reason"),
    [
        ([], "not been asked"),
        (["next", "reveal"], "revealed already"),
        (["next", "end"], "is over"),
    ],
)
def test_an_answer_out_of_time_is_refused(
    open_room: OpenRoom, app: APIFlask, moves: list[str], reason: str
) -> None:
    room = open_room()
    ann = room.join("Ann")
    for what in moves:
        room.move(what)
    refused = room.post(ann, "answers", text="oak")
    assert refused.status_code == 409
    assert reason in refused.get_json()["detail"]
    assert stored(app, RoomAnswerRow) == 0


def test_a_late_answer_does_not_count_for_the_next_word(open_room: OpenRoom) -> None:
    room = open_room()
    ann = room.join("Ann")
    for what in ("next", "reveal", "next"):
        room.move(what)
    late = room.post(ann, "answers", text="oak", index=0)
    assert late.status_code == 409
    assert not room.state(ann)["you"]["answered"]
    assert room.post(ann, "answers", text="oak", index=1).status_code == 200


def test_an_answer_that_was_lost_on_its_way_back_can_be_sent_again_later(
    open_room: OpenRoom,
) -> None:
    room = open_room()
    ann = room.join("Ann")
    room.move("next")
    room.post(ann, "answers", text="oak", index=0)
    room.move("reveal")
    assert room.post(ann, "answers", text="oak", index=0).status_code == 200
    assert room.post(ann, "answers", text="elm", index=0).status_code == 409


@on_sqlite
@pytest.mark.parametrize("text", ["two words", "b2", "x" * 65])
def test_a_text_that_cannot_be_a_guess_costs_nothing(open_room: OpenRoom, text: str) -> None:
    room = open_room()
    ann = room.join("Ann")
    room.move("next")
    refused = room.post(ann, "answers", text=text)
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["field"] == "text"
    assert not room.state(ann)["you"]["answered"]


@on_sqlite
@pytest.mark.parametrize("what", ["next", "reveal", "pause", "end"])
def test_only_the_host_leads(open_room: OpenRoom, what: str) -> None:
    room = open_room()
    ann = room.join("Ann")
    refused = room.post(ann, what)
    assert refused.status_code == 403
    assert "host" in refused.get_json()["detail"]
    assert room.state()["state"] == "waiting"


def test_the_host_s_link_opens_the_room_in_another_browser(app: APIFlask) -> None:
    opened = app.test_client().post("/api/v1/rooms", json={"words": 1}).get_json()
    other = app.test_client()
    led = other.get(opened["host_url"], follow_redirects=True)
    assert led.status_code == 200
    url = f"/api/v1/rooms/{opened['code']}"
    assert other.post(f"{url}/next", json={}).get_json()["state"] == "asking"


def test_a_wrong_key_opens_nothing(open_room: OpenRoom, app: APIFlask) -> None:
    room = open_room()
    other = app.test_client()
    other.get(f"/r/{room.code}/host/{'x' * 32}")
    assert room.post(other, "next").status_code == 403


def test_only_who_has_joined_answers(open_room: OpenRoom, app: APIFlask) -> None:
    room = open_room()
    room.move("next")
    refused = room.post(app.test_client(), "answers", text="oak")
    assert refused.status_code == 403
    assert "Join" in refused.get_json()["detail"]


@on_sqlite
@pytest.mark.parametrize("code", ["BCDFGH", "AAAAAA", "x", "BCDFGHJ"])
def test_a_code_that_no_room_has_is_not_found(app: APIFlask, code: str) -> None:
    response = app.test_client().get(f"/api/v1/rooms/{code}")
    assert response.status_code == 404
    assert "six letters" in response.get_json()["detail"]


def test_a_code_may_be_typed_in_small_letters(open_room: OpenRoom) -> None:
    room = open_room()
    assert room.host.get(f"/api/v1/rooms/{room.code.lower()}").get_json()["code"] == room.code


def test_joining_again_is_the_same_player(open_room: OpenRoom, app: APIFlask) -> None:
    room = open_room()
    ann = room.join("Ann")
    again = room.post(ann, "players", name="Anna").get_json()
    assert (again["players"], again["you"]["seat"], again["you"]["name"]) == (1, 1, "Anna")
    assert stored(app, RoomPlayerRow) == 1


def test_a_late_joiner_starts_at_the_present_word(open_room: OpenRoom) -> None:
    room = open_room()
    room.join("Ann")
    for what in ("next", "reveal", "next"):
        room.move(what)
    ben = room.join("Ben")
    assert room.answer(ben, WRONG)["asked"]["index"] == 1
    shown = room.move("reveal")
    assert shown["reveal"]["silent"] == 1
    assert shown["race"]["words"] == 2
    for what in ("next", "reveal", "next"):
        over = room.move(what)
    assert [word["silent"] for word in over["outcome"]["words"]] == [1, 1, 2]


def test_a_name_is_shown_only_where_its_bearer_agreed(open_room: OpenRoom) -> None:
    room = open_room()
    ann, ben, cem = room.join("Ann"), room.join("Ben", shown=False), room.join()
    names = [score["name"] for score in room.state()["scores"]]
    assert names[0] == "Ann"
    assert len(set(names)) == 3
    assert "Ben" not in str(room.state())
    assert "Ben" not in str(room.state(ann))
    assert room.state(ben)["you"]["own_name"] == "Ben"
    assert room.state(cem)["you"]["own_name"] is None


def test_a_player_s_emblem_is_theirs_only_beside_their_own_name(open_room: OpenRoom) -> None:
    room = open_room()
    ann = room.join("Ann")
    own = room.state(ann)["you"]["emblem"]
    assert f'<path d="{emblem(own).path}"/>' in ann.get("/you").text
    hidden = room.move("players/1/name", hidden=True)["scores"][0]["emblem"]
    assert hidden != own
    assert ann.get(f"/emblem/{hidden}.svg").status_code == 200


def test_a_name_that_the_operator_hides_is_hidden_in_rooms(
    open_room: OpenRoom, app: APIFlask
) -> None:
    room = open_room()
    ann = room.join("Ann")
    ann.patch("/api/v1/player", json={"nickname": "Ann"})
    with app.app_context():
        hide_nickname(db.session, "Ann", Operator(BY_WEB, datetime.now(UTC)), hidden=True)
    room.join("Ben")
    assert "Ann" not in [score["name"] for score in room.state()["scores"]]


def test_the_host_can_hide_a_name(open_room: OpenRoom) -> None:
    room = open_room()
    ann = room.join("Rude word")
    hidden = room.move("players/1/name", hidden=True)
    assert "Rude word" not in str(hidden)
    room.post(ann, "players", name="Rude word too")
    assert "Rude word" not in str(room.state())
    assert room.post(ann, "players/1/name", hidden=False).status_code == 403
    for nobody in (2, 10**30):
        assert room.post(room.host, f"players/{nobody}/name").status_code == 404
    assert room.move("players/1/name", hidden=False)["scores"][0]["name"] == "Rude word too"


@on_sqlite
@pytest.mark.parametrize("name", ["x" * 33, "\u202eabc", "The Admin", "GPT-2", "f\u057dck"])
def test_a_name_follows_the_rules_of_nicknames(
    open_room: OpenRoom, app: APIFlask, name: str
) -> None:
    room = open_room()
    refused = room.post(app.test_client(), "players", name=name)
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["field"] == "name"


@on_sqlite
@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"words": 0}, "words"),
        ({"words": 13}, "words"),
        ({"seconds": 20}, "seconds"),
        ({"passage": "x"}, "passage"),
        ({"model": "nobody"}, "model"),
        ({"passage": "\0" * 64}, "passage"),
        ({"passage": "0" * 64}, "passage"),
        ({"model": "a\0b"}, "model"),
        ({"text": "a", "passage": "0" * 64}, "text"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_room_that_cannot_be_is_refused_by_field(
    app: APIFlask, wish: dict[str, Any], field: str
) -> None:
    response = app.test_client().post("/api/v1/rooms", json=wish)
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"].startswith(field)
    assert stored(app, RoomRow) == 0


def test_a_host_chooses_passage_and_opponent(app: APIFlask) -> None:
    host = app.test_client()
    choices = host.get("/api/v1/rooms/choices").get_json()
    assert len(choices["passages"]) == 6
    assert [model["name"] for model in choices["models"]] == ["bundled"]
    wanted = choices["passages"][2]
    found = host.get("/api/v1/rooms/choices", query_string={"find": wanted["title"].upper()})
    assert found.get_json()["passages"] == [wanted]
    nothing = host.get("/api/v1/rooms/choices", query_string={"find": "\0 no such title"})
    assert nothing.get_json()["passages"] == []
    wish = {"passage": wanted["passage"], "model": "bundled"}
    opened = host.post("/api/v1/rooms", json=wish).get_json()
    assert opened["passage"]["title"] == wanted["title"]


def test_when_its_time_is_up_a_word_is_revealed_by_itself(open_room: OpenRoom) -> None:
    room = open_room(seconds=15)
    ann = room.join("Ann")
    asked = room.move("next")
    left = datetime.fromisoformat(asked["asked"]["ends_at"]) - datetime.fromisoformat(asked["now"])
    assert timedelta(seconds=14) < left <= timedelta(seconds=15)
    tag = ann.get(room.url).headers["ETag"]
    move_clock(room, timedelta(seconds=20))
    shown = ann.get(room.url, headers={"If-None-Match": tag})
    assert shown.status_code == 200
    assert shown.get_json()["state"] == "revealed"
    assert room.post(ann, "answers", text="oak").status_code == 409
    assert room.move("next")["asked"]["index"] == 1


def test_a_pause_stops_the_clock_and_the_answers(open_room: OpenRoom) -> None:
    room = open_room(seconds=15)
    ann = room.join("Ann")
    room.move("next")
    assert room.move("pause")["asked"]["ends_at"] is None
    refused = room.post(ann, "answers", text="oak")
    assert refused.status_code == 409
    assert "paused" in refused.get_json()["detail"]
    with room.app.app_context():  # a minute passes
        minute = timedelta(minutes=1)
        row = db.session.scalars(select(RoomRow)).one()
        assert row.paused_at is not None
        assert row.ends_at is not None
        row.paused_at, row.ends_at = row.paused_at - minute, row.ends_at - minute
        db.session.commit()
    assert room.state()["state"] == "asking"
    on = room.move("pause", paused=False)
    left = datetime.fromisoformat(on["asked"]["ends_at"]) - datetime.now(UTC)
    assert timedelta(seconds=10) < left <= timedelta(seconds=15)
    room.answer(ann, "oak")


def test_a_page_that_knows_the_room_is_told_nothing_again(open_room: OpenRoom) -> None:
    room = open_room()
    ann = room.join("Ann")
    first = ann.get(room.url)
    tag = first.headers["ETag"]
    same = ann.get(room.url, headers={"If-None-Match": tag})
    assert (same.status_code, same.data) == (304, b"")
    for what in ("next", "reveal"):
        room.move(what)
        changed = ann.get(room.url, headers={"If-None-Match": tag})
        assert changed.status_code == 200
        tag = changed.headers["ETag"]
    ben = room.join("Ben")
    assert ben.get(room.url, headers={"If-None-Match": tag}).status_code == 200


def test_only_the_host_s_page_is_told_of_each_answer(open_room: OpenRoom) -> None:
    room = open_room()
    ann, ben = room.join("Ann"), room.join("Ben")
    room.move("next")
    tags = {client: client.get(room.url).headers["ETag"] for client in (room.host, ben)}
    room.answer(ann, "oak")
    known = {"If-None-Match": tags[ben]}
    assert ben.get(room.url, headers=known).status_code == 304
    told = room.host.get(room.url, headers={"If-None-Match": tags[room.host]})
    assert told.get_json()["answered"] == 1
    room.move("reveal")
    assert ben.get(room.url, headers=known).get_json()["answered"] == 1


def test_a_page_that_knows_the_room_costs_one_indexed_read(
    open_room: OpenRoom, app: APIFlask
) -> None:
    room = open_room()
    ann = room.join("Ann")
    tag = ann.get(room.url).headers["ETag"]
    with statements(app) as sent:
        assert ann.get(room.url, headers={"If-None-Match": tag}).status_code == 304
    assert len(sent) == 1
    assert "WHERE rooms.code =" in sent[0]


def test_what_many_see_is_written_once(open_room: OpenRoom, app: APIFlask) -> None:
    room = open_room()
    players = [room.join() for _ in range(4)]
    room.move("next")
    players[0].get(room.url)
    for player in players:
        room.answer(player, "oak")
        with statements(app) as sent:
            assert player.get(room.url).get_json()["you"]["text"] == "oak"
        assert [re.findall(r"FROM (\w+)", one) for one in sent] == [["rooms"], ["room_answers"]]


def test_moves_are_made_once(open_room: OpenRoom) -> None:
    room = open_room()
    room.move("next")
    assert room.post(room.host, "next").status_code == 409
    room.move("reveal")
    assert room.move("reveal")["state"] == "revealed"
    assert room.post(room.host, "pause").status_code == 409


def test_a_room_ends_after_a_day(open_room: OpenRoom) -> None:
    room = open_room()
    ann = room.join("Ann")
    room.move("next")
    move_clock(room, timedelta(hours=24))
    assert room.state(ann)["state"] == "finished"
    assert room.post(ann, "answers", text="oak").status_code == 409
    assert room.post(room.app.test_client(), "players", name="Ben").status_code == 409


def test_who_deletes_their_data_leaves_the_room(open_room: OpenRoom, app: APIFlask) -> None:
    room = open_room()
    ann = room.join("Ann")
    room.move("next")
    room.answer(ann, "oak")
    assert ann.delete("/api/v1/player").status_code == 204
    assert stored(app, RoomAnswerRow) == 0
    assert room.state()["players"] == 0
