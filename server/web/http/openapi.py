"""The API's description: each model once, and one form for all errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from apiflask import APIFlask

from server.web.http.schemas import Problem

_OF_ANY_CALL = (
    HTTPStatus.BAD_REQUEST,  # a Host header that names something else
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_REFUSALS_OF_WRITES = (
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_FIRST_ERROR = 400
_SAY_WHEN = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_WAIT = {
    "headers": {
        "Retry-After": {
            "description": "In how many seconds to try again, where that is known",
            "schema": {"type": "integer", "minimum": 1},
        }
    }
}
_SCHEMAS = "#/components/schemas/"
_NEVER_SENT = ("HTTPError", "ValidationError")  # APIFlask's own form of errors


def register_description(app: APIFlask) -> None:
    """Complete the description at /openapi.json."""

    @app.spec_processor
    def complete(spec: Any) -> Any:
        spec = _with_plain_names(spec)
        schemas = spec["components"]["schemas"]
        for name in _NEVER_SENT:
            schemas.pop(name, None)
        schemas["Problem"] = Problem.model_json_schema()
        for methods in spec["paths"].values():
            for method, operation in methods.items():
                if method in ("get", "post", "patch", "delete"):
                    _describe(operation["responses"], writes=method != "get")
        return spec


def _describe(responses: dict[str, Any], *, writes: bool) -> None:
    for status in (*_OF_ANY_CALL, *(_REFUSALS_OF_WRITES if writes else ())):
        responses.setdefault(str(status.value), {})
    responses.setdefault(str(HTTPStatus.SERVICE_UNAVAILABLE.value), {})  # the database is silent
    for code in responses:
        if int(code) >= _FIRST_ERROR:
            problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
            responses[code] = {
                "description": HTTPStatus(int(code)).phrase,
                "content": {"application/problem+json": problem},
                **(_WAIT if int(code) in _SAY_WHEN else {}),
            }


def _with_plain_names(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the description with each model once, by its own name.

    APIFlask describes a model again inside each model that holds it, as `RoundView.AnswerView`, and
    a generated client would have as many classes. Raises ValueError where two different models
    share a name.
    """
    plain: dict[str, Any] = _renamed(spec)
    schemas: dict[str, Any] = {}
    for name, schema in plain["components"]["schemas"].items():
        if schemas.setdefault(_plain(name), schema) != schema:
            raise ValueError(f"two models of the API are called {_plain(name)}")
    plain["components"]["schemas"] = schemas
    return plain


def _renamed(node: Any) -> Any:
    """Return a part of the description with every reference by its plain name."""
    if isinstance(node, dict):
        return {
            key: _SCHEMAS + _plain(part)
            if key == "$ref" and isinstance(part, str)
            else _renamed(part)
            for key, part in node.items()
        }
    return [_renamed(part) for part in node] if isinstance(node, list) else node


def _plain(name: str) -> str:
    return name.removeprefix(_SCHEMAS).rpartition(".")[2]
