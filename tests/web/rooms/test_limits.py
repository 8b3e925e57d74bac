"""Rate limits: a hall behind one address plays, and codes cannot be tried out."""

from __future__ import annotations

from tests.conftest import CreateApp, settings_for
from tests.databases import on_sqlite
from tests.web.rooms.conftest import Room

HALL = 200


def opened(create: CreateApp, database_url: str) -> Room:
    app = create(settings_for(database_url, rate_limits=True, live_scoring=False))
    app.testing = True
    host = app.test_client()
    code = host.post("/api/v1/rooms", json={"words": 1}).get_json()["code"]
    return Room(app, host, code)


@on_sqlite
def test_a_hall_of_two_hundred_behind_one_address_plays(
    create: CreateApp, database_url: str
) -> None:
    room = opened(create, database_url)
    hall = [room.join() for _ in range(HALL)]
    room.move("next")
    for pupil in hall:
        room.answer(pupil, "oak")
    assert room.state()["answered"] == HALL
    assert room.move("reveal")["reveal"]["answers"][0]["count"] == HALL


@on_sqlite
def test_codes_cannot_be_tried_out_and_who_has_joined_is_not_shut_out(
    create: CreateApp, database_url: str
) -> None:
    room = opened(create, database_url)
    ann, stranger = room.join(), room.app.test_client()
    statuses = [stranger.get("/api/v1/rooms/BBBBBB").status_code for _ in range(301)]
    assert statuses[:300] == [404] * 300
    assert statuses[300] == 429
    assert ann.get(room.url).status_code == 200
