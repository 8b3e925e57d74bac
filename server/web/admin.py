"""The admin's statistics and exports, behind a token; where none is set they do not exist."""

from __future__ import annotations

import hmac
from http import HTTPStatus

from apiflask import APIBlueprint
from flask import (
    Response,
    abort,
    jsonify,
    make_response,
    render_template,
    request,
)
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth, MultiAuth
from flask_limiter.util import get_remote_address

from server.application import db, now, service
from server.services.research.exporting import compressed, export_chunks
from server.services.research.records import Kind
from server.services.statistics.admin import statistics
from server.web.http.errors import problem
from server.web.http.limits import ADMIN_LIMIT, limiter
from server.web.wording.admin import statistics_sentence
from server.web.wording.errors import TOKEN_REQUIRED

admin = APIBlueprint("admin", __name__, url_prefix="/admin", enable_openapi=False)
_basic = HTTPBasicAuth(realm="Perplexed admin")
_bearer = HTTPTokenAuth("Bearer", realm="Perplexed admin")
_auth = MultiAuth(_basic, _bearer)


@admin.before_request
def hide_without_token() -> None:
    """Answer 404 while no token is configured."""
    if not service().settings.admin_token:
        abort(404)


@admin.get("/stats")
@limiter.limit(ADMIN_LIMIT, key_func=get_remote_address)
@_auth.login_required
def show_statistics() -> Response:
    """Show the statistics with the newest answers, as HTML or JSON by the Accept header."""
    service().statistics.fold_waiting()
    stats = statistics(db.session, now().date())
    kinds = request.accept_mimetypes
    best = kinds.best_match(["application/json", "text/html"], default="application/json")
    if best == "application/json":
        response = make_response(jsonify(stats.model_dump(mode="json")))
    else:
        page = render_template("admin_stats.html", stats=stats, sentence=statistics_sentence(stats))
        response = make_response(page)
    response.headers["Vary"] = "Accept"
    return response


@admin.get("/export/<any(guesses, bets, judgements):kind>.jsonl")
@admin.get("/export/<any(guesses, bets, judgements):kind>.jsonl.gz", defaults={"packed": True})
@limiter.limit(ADMIN_LIMIT, key_func=get_remote_address)
@_auth.login_required
def export_answers(kind: str, packed: bool = False) -> Response:
    """Stream all answers of a kind as JSON Lines, compressed where the client accepts it."""
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


@_basic.verify_password
def _right_password(_username: str, password: str) -> bool:
    return _is_token(password)


@_bearer.verify_token
def _right_token(token: str) -> bool:
    return _is_token(token)


def _is_token(text: str) -> bool:
    return hmac.compare_digest(text.encode(), service().settings.admin_token.encode())


def _refused(status: int) -> Response:
    return problem(HTTPStatus(status), TOKEN_REQUIRED)


# Each on its own, since each adds its own challenge where there is none: a browser asks for a
# password only when it is challenged with Basic.
for _scheme in (_basic, _bearer):
    _scheme.error_handler(_refused)
