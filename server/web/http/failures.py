"""What a request does while the database fails: it waits a moment, and then says so, with 503."""

from __future__ import annotations

import contextlib
from http import HTTPStatus

from apiflask import APIFlask
from flask import Response, make_response, render_template, request, url_for

from server.application import DATABASE_FAILURES, db, hurry, is_full
from server.web.http.errors import problem, wants_json
from server.web.http.logs import log_failure
from server.web.wording.errors import DATABASE_FULL, DATABASE_SILENT, UNKNOWN_WHETHER_STORED

RETRY_AFTER_S = 2
_PATIENT_BLUEPRINTS = frozenset({"admin"})  # which fold what waits, and sum up everything
PATIENT_S = 30.0
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def register_failures(app: APIFlask, within_s: float) -> None:
    """Bound how long a request waits for the database, and answer for one that fails."""

    @app.before_request
    def hurry_up() -> None:
        hurry(PATIENT_S if request.blueprint in _PATIENT_BLUEPRINTS else within_s)

    @app.teardown_request
    def take_time(_error: BaseException | None) -> None:
        hurry(None)

    for failure in DATABASE_FAILURES:
        app.register_error_handler(failure, _unavailable)


def _unavailable(error: Exception) -> Response:
    log_failure(error)
    with contextlib.suppress(*DATABASE_FAILURES):
        db.session.rollback()
    detail = DATABASE_FULL if is_full(error) else DATABASE_SILENT
    if request.method not in _READING:
        detail = f"{detail} {UNKNOWN_WHETHER_STORED}"
    if wants_json() or request.blueprint == "health":
        response = problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)
    else:
        response = make_response(_page(detail), HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _page(detail: str) -> str:
    """Return the page that says so and asks again by itself; what was sent is not sent again."""
    asked = request.full_path.removesuffix("?")
    again = asked if request.method in _READING else url_for("pages.home")
    return render_template("unavailable.html", detail=detail, again=again, after_s=RETRY_AFTER_S)
