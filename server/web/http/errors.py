"""Errors, mapped to a status once: problem+json (RFC 9457) under /api, a page elsewhere."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from apiflask import APIFlask, HTTPError
from flask import Response, json, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from server.domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LiveScoringUnavailable,
    NotFound,
    NothingToPlay,
    PerplexedError,
)
from server.web.http.limits import seconds_to_wait
from server.web.wording.errors import (
    NESTED_TOO_DEEPLY,
    NOT_AN_OBJECT,
    NOT_UNDERSTOOD,
    OWN_SENTENCES,
    STATUS_SENTENCES,
    wait_sentence,
)

_STATUS_OF = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Forbidden: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    NothingToPlay: HTTPStatus.SERVICE_UNAVAILABLE,
    LiveScoringUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_WHOLE_BODY = "_schema"  # what APIFlask names where no single field is wrong


def register_errors(app: APIFlask) -> None:
    """Attach the handlers to `app`."""
    app.error_processor(_validation_error)  # first: it claims all HTTP errors, not only APIFlask's
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(PerplexedError, _domain_error)
    app.register_error_handler(RecursionError, _nested_too_deeply)


def problem(
    status: HTTPStatus, detail: str, errors: list[dict[str, str]] | None = None
) -> Response:
    """Return a problem+json response; `errors` names fields."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    response = make_response(json.dumps(body), status)
    response.content_type = "application/problem+json"
    return response


def wants_json() -> bool:
    """Tell whether the client reads JSON rather than a page."""
    if request.path.startswith("/api/"):
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def _answer(
    status: HTTPStatus, detail: str, errors: list[dict[str, str]] | None = None
) -> Response:
    if wants_json():
        return problem(status, detail, errors)
    page = render_template("error.html", status=status.value, title=status.phrase, detail=detail)
    return make_response(page, status)


def _domain_error(error: PerplexedError) -> Response:
    status = _STATUS_OF.get(type(error), HTTPStatus.BAD_REQUEST)
    field = getattr(error, "field", None)
    errors = [{"field": field, "message": str(error)}] if field else None
    response = _answer(status, str(error), errors)
    if retry_after_s := getattr(error, "retry_after_s", None):
        response.headers["Retry-After"] = str(retry_after_s)
    return response


def _nested_too_deeply(_error: RecursionError) -> Response:
    return _answer(HTTPStatus.BAD_REQUEST, NESTED_TOO_DEEPLY)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return make_response(error.response)
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    own = error.description if error.description in OWN_SENTENCES else None
    sentence = own or STATUS_SENTENCES.get(status) or error.description or status.phrase
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        return _too_many(seconds_to_wait())
    response = _answer(status, sentence)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _too_many(seconds: int) -> Response:
    """Say how long to wait, in the sentence as in the header."""
    response = _answer(HTTPStatus.TOO_MANY_REQUESTS, wait_sentence(seconds))
    response.headers["Retry-After"] = str(seconds)
    return response


def _validation_error(error: HTTPError) -> Response:
    """Turn APIFlask's {location: {field: [messages]}} into a sentence and a list of fields."""
    fields = [
        {"field": field, "message": _plain(message)}
        for in_location in dict(error.detail).values()
        for field, messages in dict(in_location).items()
        for message in messages
    ]
    sentences = [
        message if field == _WHOLE_BODY else f"{field}: {message}"
        for field, message in (entry.values() for entry in fields)
    ]
    detail = "; ".join(sentences) or error.message or NOT_UNDERSTOOD
    return _answer(HTTPStatus(error.status_code), detail, fields)


def _plain(message: str) -> str:
    """Return pydantic's message without what only its own users understand."""
    if "valid dictionary or instance of" in message:
        return NOT_AN_OBJECT
    return message.removeprefix("Value error, ")
