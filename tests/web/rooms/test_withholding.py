"""Nothing tells what a room has not revealed: not the room, and not another tab."""

from __future__ import annotations

from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.application import db
from server.store.tables import PassageRow
from tests.conftest import Player
from tests.databases import on_sqlite
from tests.web.rooms.conftest import OpenRoom, Room

LONG_ENOUGH_TO_BE_UNIQUE = 12
PEEK_CHARACTERS = 24
OWN_TEXT = (
    "The last ferry of the season was due to leave at six, but by half past five the wind had "
    "turned and the captain stood on the quay with his hands in his pockets, looking at the water "
    "the way other men look at a bill. Nobody asked him anything. The lorry drivers went back to "
    "their cabs, the children to the vending machine, and a woman with two dogs sat down on her "
    "suitcase and began to peel an orange."
)


def pages_of(room: Room) -> list[str]:
    code = room.code
    return [
        *(f"/api/v1/rooms/{code}", f"/r/{code}", f"/r/{code}/host", f"/r/{code}/end"),
        *(f"/api/v1/rooms/{code}/export", f"/api/v1/rooms/{code}/export?format=csv"),
        *("/rooms", "/api/v1/rooms/choices", f"/r/{code}/qr.svg", "/you", "/api/v1/player/data"),
        *("/stats", "/api/v1/stats"),
    ]


def sent_to(client: FlaskClient, room: Room) -> str:
    """Return all that a browser can be told of the room, in every page and call.

    A host's own data hold the text that they brought themselves.
    """
    paths = [path for path in pages_of(room) if client is not room.host or "data" not in path]
    answers = [client.get(path, follow_redirects=True) for path in paths]
    assert all(answer.status_code in (200, 403, 404) for answer in answers)
    return "\n".join(answer.get_data(as_text=True) for answer in answers)


@on_sqlite
@pytest.mark.parametrize("wish", [{}, {"text": OWN_TEXT}])
def test_no_response_holds_what_is_not_revealed(open_room: OpenRoom, wish: dict[str, Any]) -> None:
    room = open_room(words=4, **wish)
    ann, ben = room.join("Ann"), room.join("Ben")
    reading = room.reading()
    whole = reading.text.before(len(reading.text))
    for word in range(4):
        state = room.move("next")
        assert whole.startswith(state["text"])
        hidden = whole[len(state["text"]) :][:PEEK_CHARACTERS].strip()
        assert len(hidden) >= LONG_ENOUGH_TO_BE_UNIQUE
        answer = room.post(ann, "answers", text="quixotry", index=word)
        own = answer.get_json()
        assert own["you"]["text"] == "quixotry"
        assert (own["reveal"], own["you"]["word_right"]) == (None, None)
        for client in (room.host, ann, ben):
            assert hidden not in sent_to(client, room)
        for client in (room.host, ben):
            assert "quixotry" not in str(client.get(room.url).get_json())
        room.move("reveal")
        for client in (room.host, ann, ben):
            # The author's word is told now, and nothing of what follows it.
            after = whole[len(reading.text.before(reading.asked[word] + 1)) :]
            assert after[:PEEK_CHARACTERS].strip() not in sent_to(client, room)


@on_sqlite
def test_before_a_reveal_the_scores_know_nothing_of_the_present_word(open_room: OpenRoom) -> None:
    room = open_room()
    ann = room.join("Ann")
    room.move("next")
    before = room.state(ann)
    after = room.answer(ann, room.target(0))
    for part in ("scores", "race", "reveal", "outcome"):
        assert after[part] == before[part]
    told = {key: value for key, value in after["you"].items() if before["you"][key] != value}
    assert told == {"answered": True, "text": room.target(0)}


def test_another_tab_does_not_tell_a_room_s_passage(
    open_room: OpenRoom, app: APIFlask, bob: Player
) -> None:
    """A round that was begun earlier, today's passage, and another room: all wait for this one."""
    state = bob.start()
    room = open_room(passage=content_hash(app, state["passage"]["title"]))
    joined = room.post(bob.client, "players", name="Bob")
    assert joined.status_code == 201
    for path in (
        f"/api/v1/rounds/{state['id']}",
        f"/api/v1/rounds/{state['id']}/result",
        f"/rounds/{state['id']}",
        f"/rounds/{state['id']}/result",
    ):
        told = bob.client.get(path, follow_redirects=True)
        assert told.status_code == 409
        assert room.code in told.get_data(as_text=True)
    refused = bob.answer(state["id"], state["asked"]["position"], "oak")
    assert refused.status_code == 409
    assert "shown there alone" in refused.get_json()["detail"]
    other = open_room(passage=content_hash(app, state["passage"]["title"]))
    assert bob.client.get(other.url).status_code == 409
    assert other.post(bob.client, "players", name="Bob").status_code == 409

    room.move("end")
    assert bob.client.get(f"/api/v1/rounds/{state['id']}").status_code == 200
    assert bob.answer(state["id"], state["asked"]["position"], "oak").status_code == 200
    assert bob.client.get(other.url).status_code == 200


def test_no_round_is_begun_on_the_passage_of_an_open_room(
    open_room: OpenRoom, app: APIFlask, bob: Player
) -> None:
    daily = bob.start(daily=True)
    title = daily["passage"]["title"]
    room = open_room(passage=content_hash(app, title))
    ann = room.join("Ann")
    refused = ann.post("/api/v1/rounds", json={"daily": True})
    assert refused.status_code == 409
    assert room.code in refused.get_json()["detail"]
    titles = set()
    player = Player(ann)
    for _ in range(5):
        titles.add(player.play(lambda _state: None)["passage"]["title"])
    assert len(titles) == 5
    assert title not in titles


def test_a_passage_met_in_a_room_is_not_met_for_the_first_time_again(
    open_room: OpenRoom, app: APIFlask, bob: Player
) -> None:
    daily = bob.start(daily=True)
    room = open_room(passage=content_hash(app, daily["passage"]["title"]))
    ann = room.join("Ann")
    room.move("end")
    again = ann.post("/api/v1/rounds", json={"daily": True}).get_json()
    assert again["passage"]["title"] == daily["passage"]["title"]
    assert again["repeated"]


def content_hash(app: APIFlask, title: str) -> str:
    with app.app_context():
        query = select(PassageRow.content_hash).where(PassageRow.title == title)
        return db.session.scalars(query).one()
