"""The calls of rooms: open, look, join, answer, and the host's moves."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, request, url_for

from server.application import db, now, service
from server.domain.rooms.course import Course
from server.services.contract.rooms import NewRoomView, RoomChoicesView, RoomView
from server.services.rooms.exporting import as_csv, as_json_lines, room_records
from server.services.rooms.rooms import Move
from server.web.http.answers import json_answer
from server.web.http.context import remember_player
from server.web.http.limits import ANSWER_LIMIT, START_LIMIT, TEXT_LIMIT, limiter
from server.web.rooms.context import (
    JOIN_LIMIT,
    LOOK_LIMIT_OF_UNKNOWN,
    MOVE_LIMIT,
    asker,
    is_unknown,
    opening,
    opening_limit,
    remember_key,
    rooms,
)
from server.web.rooms.schemas import (
    ExportForm,
    FindPassages,
    HostsMove,
    NameVisibility,
    NewRoom,
    NewRoomAnswer,
    NewRoomPlayer,
    Pause,
)

room_api = APIBlueprint("room_api", __name__, url_prefix="/api/v1")


@room_api.post("/rooms")
@opening_limit
@limiter.limit(TEXT_LIMIT)
@room_api.input(NewRoom)
@room_api.output(NewRoomView, status_code=201)
@room_api.doc(summary="Open a room", responses=[503])
def open_room(json_data: NewRoom) -> Response:
    """Open a room; the cookie holds the host's key, and so does `host_url`."""
    moment = now()
    opened = opening().open(asker("").player_id, json_data.wish(), moment)
    remember_key(opened.code, opened.key)
    if opened.host_player_id is not None:
        remember_player(opened.host_player_id)
    view = rooms().state(opened.code, asker(opened.code), moment)
    urls = {
        "url": url_for("room_pages.play", code=opened.code, _external=True),
        "host_url": url_for(
            "room_pages.take_over", code=opened.code, key=opened.key, _external=True
        ),
    }
    location = url_for("room_api.room_state", code=opened.code)
    new = NewRoomView.model_validate(view.model_dump() | urls)
    return json_answer(new, 201, {"Location": location})


@room_api.get("/rooms/choices")
@limiter.limit(START_LIMIT)
@room_api.input(FindPassages, location="query")
@room_api.output(RoomChoicesView)
@room_api.doc(summary="Passages and opponents for a room")
def room_choices(query_data: FindPassages) -> RoomChoicesView:
    """Return at most 200 passages, and the models that have read passages."""
    return opening().choices(now().date(), query_data.find)


@room_api.get("/rooms/<code>")
@limiter.limit(LOOK_LIMIT_OF_UNKNOWN, deduct_when=is_unknown)
@room_api.output(RoomView)
@room_api.doc(
    summary="A room as it stands",
    responses={304: "Nothing has changed since the ETag in If-None-Match", 404: "", 409: ""},
)
def room_state(code: str) -> Response:
    """Return the room up to the gap; ask again with the ETag, once a second."""
    known = next(iter(request.if_none_match.as_set(include_weak=True)), None)
    poll = rooms().poll(code, asker(code), known, now())
    response = Response(status=304) if poll.room is None else json_answer(poll.room)
    response.set_etag(poll.tag, weak=True)  # others' answers alone are no change to a player
    return response


@room_api.post("/rooms/<code>/players")
@limiter.limit(JOIN_LIMIT)
@room_api.input(NewRoomPlayer)
@room_api.output(RoomView, status_code=201)
@room_api.doc(summary="Join a room", responses=[404, 409])
def join_room(code: str, json_data: NewRoomPlayer) -> Response:
    """Join as the player in the cookie; joining again may change the name."""
    view, player_id = rooms().join(
        code, asker(code), json_data.name, shown=json_data.shown, now=now()
    )
    remember_player(player_id)
    return json_answer(view, 201)


@room_api.post("/rooms/<code>/answers")
@limiter.limit(ANSWER_LIMIT)
@room_api.input(NewRoomAnswer)
@room_api.output(RoomView)
@room_api.doc(summary="Answer the present word", responses=[404, 409])
def answer_in_room(code: str, json_data: NewRoomAnswer) -> Response:
    """Record a guess, or a skip where the text is empty; it cannot be changed after."""
    return json_answer(rooms().answer(code, asker(code), json_data.answer(), now()))


@room_api.post("/rooms/<code>/next")
@limiter.limit(MOVE_LIMIT)
@room_api.input(HostsMove)
@room_api.output(RoomView)
@room_api.doc(summary="Ask the first or the next word, or end after the last", responses=[404, 409])
def next_word(code: str, json_data: HostsMove) -> Response:  # noqa: ARG001
    """Begin, go on, or end after the last word; the host's."""
    return _moved(code, Course.next)


@room_api.post("/rooms/<code>/reveal")
@limiter.limit(MOVE_LIMIT)
@room_api.input(HostsMove)
@room_api.output(RoomView)
@room_api.doc(summary="Reveal the present word", responses=[404, 409])
def reveal_word(code: str, json_data: HostsMove) -> Response:  # noqa: ARG001
    """Show what the author wrote and what the room said; the host's."""
    return _moved(code, lambda course, _now: course.revealed())


@room_api.post("/rooms/<code>/pause")
@limiter.limit(MOVE_LIMIT)
@room_api.input(Pause)
@room_api.output(RoomView)
@room_api.doc(summary="Stop the clock, or let it go on", responses=[404, 409])
def pause_room(code: str, json_data: Pause) -> Response:
    """Stop the clock and refuse answers, or go on; the host's."""
    return _moved(code, Course.paused if json_data.paused else Course.resumed)


@room_api.post("/rooms/<code>/end")
@limiter.limit(MOVE_LIMIT)
@room_api.input(HostsMove)
@room_api.output(RoomView)
@room_api.doc(summary="End a room", responses=[404, 409])
def end_room(code: str, json_data: HostsMove) -> Response:  # noqa: ARG001
    """End the room; a word that is not revealed yet does not count. The host's."""
    return _moved(code, lambda course, _now: course.ended())


@room_api.post("/rooms/<code>/players/<int:seat>/name")
@limiter.limit(MOVE_LIMIT)
@room_api.input(NameVisibility)
@room_api.output(RoomView)
@room_api.doc(summary="Hide a player's own name, or show it again", responses=[404])
def hide_name(code: str, seat: int, json_data: NameVisibility) -> Response:
    """Show a made-up name in place of the player's own; the host's."""
    return json_answer(
        rooms().hide_name(code, asker(code), seat, hidden=json_data.hidden, now=now())
    )


@room_api.get("/rooms/<code>/export")
@limiter.limit(MOVE_LIMIT)
@room_api.input(ExportForm, location="query")
@room_api.doc(summary="Take a room's answers away", responses={200: "", 403: "", 404: ""})
def export_room(code: str, query_data: ExportForm) -> Response:
    """Return the answers to the revealed words as JSON Lines or CSV; the host's."""
    secret = service().settings.secret_key
    records = room_records(db.session, code, asker(code), secret, now())
    if query_data.format == "csv":
        response = Response(as_csv(records), mimetype="text/csv")
    else:
        response = Response(as_json_lines(records), mimetype="application/jsonl")
    name = f"room-{code.upper()}.{query_data.format}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _moved(code: str, move: Move) -> Response:
    return json_answer(rooms().move(code, asker(code), move, now()))
