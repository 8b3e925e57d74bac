"""/admin: the operator's morning as a page or as JSON, and the forms on it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from apiflask import APIBlueprint
from flask import (
    Response,
    abort,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from server.application import db, now, service
from server.domain.errors import InvalidInput
from server.services.contest import challenges, people
from server.services.operations import flagging, hand
from server.services.operations.audit import BY_WEB, MORNING, Operator, note_look
from server.services.operations.morning import morning
from server.services.operations.serving import RouteCounts, ServingView, serving_view
from server.services.research.exporting import pseudonym
from server.services.research.records import Kind
from server.services.rooms.closing import end_room
from server.web.http.limits import for_admins
from server.web.http.metrics import COUNTED_SINCE, LATENCY, REQUESTS, present_registry
from server.web.operator.access import hide_without_token, prefers_json, token_required
from server.web.wording.errors import UPLOAD_TOO_LARGE
from server.web.wording.morning import (
    ODD,
    PAGES,
    REASONS,
    answered_sentence,
    charts,
    headlines,
    milliseconds,
    needs_a_hand,
)

_FOR_MACHINES = frozenset({"/healthz", "/readyz", "/metrics"})
operator = APIBlueprint("operator", __name__, url_prefix="/admin", enable_openapi=False)
operator.before_request(hide_without_token)

LARGEST_UPLOAD_BYTES = 4 * 1024 * 1024
_MOMENT = "%Y-%m-%dT%H:%M"


@operator.get("")
@operator.get("/")
@for_admins
@token_required
def show_morning() -> Response:
    """Show what changed, and what needs a hand."""
    note_look(db.session, _operator(), MORNING)
    secret = service().settings.secret_key
    public = service().statistics.current()
    seen = morning(db.session, public, serving(), lambda own: pseudonym(own, secret), now())
    if prefers_json():
        response = make_response(jsonify(seen.model_dump(mode="json")))
    else:
        page = render_template(
            "admin.html",
            morning=seen,
            headlines=headlines(seen),
            charts=charts(seen.days),
            needs_a_hand=needs_a_hand(seen),
            reasons=REASONS,
            odd=ODD,
            answered=answered_sentence(seen.serving),
            milliseconds=milliseconds,
            pages=PAGES,
            kinds=list(Kind),
            endpoints=current_app.view_functions,
        )
        response = make_response(page)
    response.headers["Vary"] = "Accept"
    return response


@operator.post("/players/flag")
@for_admins
@token_required
def flag_player() -> AnyResponse:
    """Leave a player out of all statistics, or let them count again."""
    name, secret = _field("name"), service().settings.secret_key
    flagged = request.form.get("undo") != "true"
    flagging.flag_player(db.session, name, secret, _operator(), flagged=flagged)
    return _done()


@operator.post("/players/flag-window")
@for_admins
@token_required
def flag_window() -> AnyResponse:
    """Leave out everybody who first came within a window of time."""
    window = _moment("since"), _moment("until")
    percent = request.form.get("least_right", "").strip()
    try:
        least_right = float(percent) / 100 if percent else None
    except ValueError as error:
        raise InvalidInput("least_right", "It is a percentage, from 0 to 100.") from error
    flagging.flag_window(db.session, window, least_right, _operator())
    return _done()


@operator.post("/players/undo-flagging")
@for_admins
@token_required
def undo_flagging() -> AnyResponse:
    """Let the players of a flagging count again."""
    flagging.undo_flagging(db.session, _number("number"), _operator())
    return _done()


@operator.post("/players/hide-nickname")
@for_admins
@token_required
def hide_nickname() -> AnyResponse:
    """Show a nickname to nobody but those who have it, or to everybody again."""
    hidden = request.form.get("undo") != "true"
    people.hide_nickname(db.session, _field("nickname"), _operator(), hidden=hidden)
    return _done()


@operator.post("/players/show-name")
@for_admins
@token_required
def show_name() -> AnyResponse:
    """Show a player's nickname to everybody again, whatever it is now."""
    secret = service().settings.secret_key
    people.hide_name(db.session, _field("name"), secret, _operator(), hidden=False)
    return _done()


@operator.post("/challenges/end")
@for_admins
@token_required
def end_challenge() -> AnyResponse:
    """End a challenge for good, by its link or by the code at the link's end."""
    code = _field("code").rstrip("/").rpartition("/")[2]
    challenges.end_challenge(db.session, code, _operator())
    return _done()


@operator.post("/rooms/end")
@for_admins
@token_required
def end_a_room() -> AnyResponse:
    """End a room for good, by its code or by a link to it."""
    parts = _field("code").partition("/r/")
    end_room(db.session, (parts[2] or parts[0]).partition("/")[0], _operator())
    return _done()


@operator.post("/passages/retire")
@for_admins
@token_required
def retire_passage() -> AnyResponse:
    """Draw a passage no more, or again."""
    retired = request.form.get("undo") != "true"
    hand.retire(db.session, _number("number"), _operator(), retired=retired)
    return _done()


@operator.post("/passages")
@for_admins
@token_required
def bring_passages() -> AnyResponse:
    """Import the passages of an uploaded file; a worker or the next release scores them."""
    request.max_content_length = LARGEST_UPLOAD_BYTES
    if (request.content_length or 0) > LARGEST_UPLOAD_BYTES:
        abort(413, UPLOAD_TOO_LARGE)
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput("file", "Choose a file of passages: .jsonl, .json or .txt.")
    hand.bring_in(db.session, file.filename, file.stream, _operator())
    return _done()


def _operator() -> Operator:
    return Operator(BY_WEB, now())


def _done() -> AnyResponse:
    """Go back to the page, whose log now says what was done; the numbers follow within a minute."""
    service().statistics.note_change()
    return redirect(url_for("operator.show_morning", done=1, _anchor="done"), code=303)


def _field(name: str) -> str:
    value = request.form.get(name, "").strip()
    if not value:
        raise InvalidInput(name, "Fill this in.")
    return value


def _number(name: str) -> int:
    value = _field(name)
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise InvalidInput(name, "It is a whole number.")
    return int(value)


def _moment(name: str) -> datetime:
    try:
        return datetime.strptime(_field(name), _MOMENT).replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidInput(name, "Write it as 2026-11-27T17:00, in UTC.") from error


def serving() -> ServingView:
    """Return how fast answers came and what failed, since these processes began to count."""
    routes: dict[str, RouteCounts] = defaultdict(RouteCounts)
    since_s = datetime.now(UTC).timestamp()
    for metric in present_registry().collect():
        for sample in metric.samples:
            labels = sample.labels
            route = labels.get("route", "")
            if route in _FOR_MACHINES:
                continue
            if sample.name == f"{REQUESTS}_total":
                routes[route].statuses[int(labels["status"])] += int(sample.value)
            elif sample.name == f"{LATENCY}_bucket":
                routes[route].within[float(labels["le"])] += int(sample.value)
            elif sample.name == COUNTED_SINCE:
                since_s = sample.value
    return serving_view(routes, datetime.fromtimestamp(since_s, UTC))
