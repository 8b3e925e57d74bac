"""The admin's statistics and exports, behind a token; where none is set they do not exist."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify, make_response, render_template, request

from server.application import db, now, service
from server.services.operations.audit import BY_WEB, STATISTICS, Operator, note_look
from server.services.research.exporting import compressed, export_chunks
from server.services.research.records import Kind
from server.services.statistics.admin import statistics
from server.web.http.limits import for_admins
from server.web.operator.access import hide_without_token, prefers_json, token_required
from server.web.wording.morning import statistics_sentence

admin = APIBlueprint("admin", __name__, url_prefix="/admin", enable_openapi=False)
admin.before_request(hide_without_token)
_KINDS = ", ".join(Kind)


@admin.get("/stats")
@for_admins
@token_required
def show_statistics() -> Response:
    """Show the statistics with the newest answers, as HTML or JSON by the Accept header."""
    _note(STATISTICS)
    service().statistics.fold_waiting()
    stats = statistics(db.session, now().date())
    if prefers_json():
        response = make_response(jsonify(stats.model_dump(mode="json")))
    else:
        page = render_template("admin_stats.html", stats=stats, sentence=statistics_sentence(stats))
        response = make_response(page)
    response.headers["Vary"] = "Accept"
    return response


@admin.get(f"/export/<any({_KINDS}):kind>.jsonl")
@admin.get(f"/export/<any({_KINDS}):kind>.jsonl.gz", defaults={"packed": True})
@for_admins
@token_required
def export_answers(kind: str, packed: bool = False) -> Response:
    """Stream all answers of a kind as JSON Lines, compressed where the client accepts it."""
    _note(f"export of {kind}")
    chunks = export_chunks(db.sessionmaker, Kind(kind), service().settings.secret_key)
    encoded = not packed and request.accept_encodings["gzip"] > 0
    if packed or encoded:
        chunks = compressed(chunks)
    response = Response(chunks, mimetype="application/gzip" if packed else "application/jsonl")
    name = f"{kind}.jsonl.gz" if packed else f"{kind}.jsonl"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Vary"] = "Accept-Encoding"
    if encoded:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _note(what: str) -> None:
    note_look(db.session, Operator(BY_WEB, now()), what)
