"""The pages of rooms: opening one, the host's, the players', and the sheet at the end."""

from __future__ import annotations

import io

from apiflask import APIBlueprint
from flask import Response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from server.application import now
from server.domain.errors import InvalidInput, LiveScoringUnavailable
from server.domain.play.own_texts import LONGEST_TEXT_CHARACTERS
from server.domain.play.rounds import POSITIONS_PER_ROUND
from server.domain.rooms.course import SECONDS_A_WORD, Phase
from server.domain.rooms.names import made_up_name, read_code
from server.domain.rooms.wish import USUAL_WORDS, RoomWish
from server.services.contract.rooms import RoomView
from server.web.http.answers import json_for_script
from server.web.http.context import player_id, remember_player
from server.web.http.limits import TEXT_LIMIT, limiter
from server.web.rooms.context import (
    LOOK_LIMIT_OF_UNKNOWN,
    asker,
    is_unknown,
    key_to,
    opening,
    opening_limit,
    remember_key,
    rooms,
)
from server.web.wording.opponents import opponent_line
from server.web.wording.rooms import closing_line, end_wording

room_pages = APIBlueprint("room_pages", __name__, enable_openapi=False)
_QUIET_ZONE_MODULES = 2


@room_pages.get("/rooms")
def show_rooms() -> str:
    """Show the form that opens a room, and the field for the code of one."""
    return _opening_page(find=request.args.get("find", "")[:100])


@room_pages.post("/rooms")
@opening_limit
@limiter.limit(TEXT_LIMIT)
def open_room() -> AnyResponse | tuple[str, int]:
    """Open a room and go to its host's page; a form that cannot be is shown again with why."""
    try:
        opened = opening().open(player_id(), _wish_from_form(), now())
    except (InvalidInput, LiveScoringUnavailable) as error:
        status = 422 if isinstance(error, InvalidInput) else 503
        return _opening_page(problem=str(error)), status
    remember_key(opened.code, opened.key)
    if opened.host_player_id is not None:
        remember_player(opened.host_player_id)
    return redirect(url_for("room_pages.host", code=opened.code), code=303)


@room_pages.get("/r")
def find_room() -> AnyResponse:
    """Go to the room of a typed code; NotFound for what cannot be one."""
    return redirect(url_for("room_pages.play", code=read_code(request.args.get("code", ""))), 303)


@room_pages.get("/r/<code>")
@limiter.limit(LOOK_LIMIT_OF_UNKNOWN, deduct_when=is_unknown)
def play(code: str) -> str | AnyResponse:
    """Show a player the room, or the end of one that is over."""
    room = rooms().state(code, asker(code), now())
    if room.state == Phase.FINISHED and room.you is None:
        return redirect(url_for("room_pages.show_end", code=room.code), code=303)
    return render_template(
        "rooms/play.html", **_page(room), offered=made_up_name(), closing_line=closing_line(room)
    )


@room_pages.get("/r/<code>/host")
def host(code: str) -> str | AnyResponse:
    """Show the host's page; without the key, the players'."""
    room = rooms().state(code, asker(code), now())
    key = key_to(room.code)
    if not room.host or key is None:
        return redirect(url_for("room_pages.play", code=room.code), code=303)
    host_url = url_for("room_pages.take_over", code=room.code, key=key, _external=True)
    return render_template("rooms/host.html", **_page(room), host_url=host_url)


@room_pages.get("/r/<code>/host/<key>")
def take_over(code: str, key: str) -> AnyResponse:
    """Take the host's key from its link into this browser's cookie, and go to the host's page."""
    known = read_code(code)
    remember_key(known, key[:64])
    return redirect(url_for("room_pages.host", code=known), code=303)


@room_pages.get("/r/<code>/end")
def show_end(code: str) -> str | AnyResponse:
    """Show the sheet at the end; a room that goes on leads back to it."""
    room = rooms().state(code, asker(code), now())
    if room.state != Phase.FINISHED:
        return redirect(url_for("room_pages.play", code=room.code), code=303)
    return render_template("rooms/end.html", **_page(room), wording=end_wording(room))


@room_pages.get("/r/<code>/qr.svg")
def qr_code(code: str) -> Response:
    """Draw the address where players join."""
    import segno  # for the few who host

    address = url_for("room_pages.play", code=read_code(code), _external=True)
    file = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        file, kind="svg", border=_QUIET_ZONE_MODULES, xmldecl=False, omitsize=True, light="#ffffff"
    )
    return Response(file.getvalue(), mimetype="image/svg+xml")


def _page(room: RoomView) -> dict[str, object]:
    join_url = url_for("room_pages.play", code=room.code, _external=True)
    return {
        "room": room,
        "room_json": Markup(json_for_script(room.model_dump_json())),  # noqa: S704 (escaped there)
        "opponent_line": opponent_line(room.model),
        "join_url": join_url,
        "join_address": join_url.partition("://")[2],
    }


def _opening_page(find: str = "", problem: str = "") -> str:
    return render_template(
        "rooms/open.html",
        choices=opening().choices(now().date(), find),
        find=find,
        problem=problem,
        form=request.form,
        why_no_texts=opening().why_no_texts(),
        longest=LONGEST_TEXT_CHARACTERS,
        most_words=POSITIONS_PER_ROUND,
        usual_words=USUAL_WORDS,
        seconds_a_word=SECONDS_A_WORD,
    )


def _wish_from_form() -> RoomWish:
    form = request.form
    own = form.get("text", "") if form.get("source") == "text" else None
    try:
        words = int(form.get("words", USUAL_WORDS))
        seconds = int(form["seconds"]) if form.get("seconds") else None
    except ValueError as error:
        raise InvalidInput("words", "Words and seconds are whole numbers.") from error
    if own is not None:
        return RoomWish(words, text=own, seconds=seconds)
    passage, model = form.get("passage") or None, form.get("model") or None
    return RoomWish(words, passage, None, model, seconds)
