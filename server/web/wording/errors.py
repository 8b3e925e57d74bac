"""Sentences for requests that the web itself refuses; a rule's error brings its own."""

from __future__ import annotations

from http import HTTPStatus

STATUS_SENTENCES = {
    HTTPStatus.BAD_REQUEST: "The request could not be understood; the API takes valid JSON.",
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that kind of request.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That is too large; at most 16 KB are allowed.",
    HTTPStatus.TOO_MANY_REQUESTS: "That was a lot in a short time. Please wait a moment.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Send JSON, with Content-Type: application/json.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something broke on our side; your answers are safe.",
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
NOT_UNICODE = "That is not valid Unicode text."
TOKEN_REQUIRED = "The admin's token is required, as a bearer token or as the password."  # noqa: S105
DATABASE_SILENT = "The database does not answer."
NOTHING_SCORED = "No passage is scored yet."
