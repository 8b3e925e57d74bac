"""Sentences for requests that the web itself refuses; a rule's error brings its own."""

from __future__ import annotations

from http import HTTPStatus

from server.web.wording.figures import counted

_LONGEST_IN_SECONDS = 90
_LONGEST_IN_MINUTES = 90
_SECONDS_OF_A_MINUTE = 60

STATUS_SENTENCES = {
    HTTPStatus.BAD_REQUEST: "The request could not be understood; the API takes valid JSON.",
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that kind of request.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That is too large; at most 16 KB are allowed.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Send JSON, with Content-Type: application/json.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something broke on our side.",
}
NOT_UNDERSTOOD = "The request could not be understood."
NOT_AN_OBJECT = "Send a JSON object."
NESTED_TOO_DEEPLY = "That JSON is nested too deeply."
FOREIGN_ORIGIN = "This request comes from another site."
KINDS_OF_ROUND = (
    "Allowed are the modes guess, bet, duel and tries, the units words and tokens, "
    "and the forms tail and whole."
)
TEXT_OR_SKIP = "Send either a text or skip: true."
NO_DATE = "A date is written as 2026-11-27."
NOT_UNICODE = "That is not valid Unicode text."
TOKEN_REQUIRED = "The admin's token is required, as a bearer token or as the password."  # noqa: S105
DATABASE_SILENT = "The game's database does not answer just now."
DATABASE_FULL = "The game's database has no room left, so nothing can be stored just now."
UNKNOWN_WHETHER_STORED = "What you sent may not be stored; it is safe to send it again."
PLAIN_HTTP = (
    "Answers are taken over HTTPS only. Whoever runs this service: if visitors do come over HTTPS, "
    "set TRUSTED_PROXIES to the number of proxies in front."
)
UNKNOWN_HOST = "This service does not answer under that name."
UPLOAD_TOO_LARGE = "That file is too large; at most 4 MB are allowed. `passages import` takes more."
OWN_SENTENCES = frozenset(
    {UNKNOWN_HOST, UPLOAD_TOO_LARGE}
)  # said instead of the status's own sentence
NOT_FOR_ROBOTS = "This begins a game, which is for people."
NOTHING_SCORED = "No passage is scored yet."
CHALLENGE_ALONE = "A challenge decides what is played, so no other field may stand beside it."


def wait_sentence(seconds: int) -> str:
    """Return how long to wait after too many requests, rounded up to what people count in."""
    minutes = -(-seconds // _SECONDS_OF_A_MINUTE)
    if seconds <= _LONGEST_IN_SECONDS:
        wait = counted(seconds, "second")
    elif minutes <= _LONGEST_IN_MINUTES:
        wait = counted(minutes, "minute")
    else:
        wait = counted(-(-minutes // 60), "hour")
    return f"That was a lot in a short time. Please wait {wait}."


def other_revision(found: str, wanted: str | None) -> str:
    """Say that the database belongs to another release."""
    return f"The database is at revision {found}; this release needs {wanted}."
