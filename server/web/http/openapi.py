"""What the API's description says of errors: one form, and the same refusals for every write."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from apiflask import APIFlask

from server.web.http.schemas import Problem

_REFUSALS_OF_WRITES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
)
_FIRST_ERROR = 400


def register_description(app: APIFlask) -> None:
    """Complete the description at /openapi.json."""

    @app.spec_processor
    def describe_problems(spec: Any) -> Any:
        schemas = spec.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        for methods in spec["paths"].values():
            for method, operation in methods.items():
                if method in ("get", "post", "patch", "delete"):
                    _describe(operation["responses"], writes=method != "get")
        return spec


def _describe(responses: dict[str, Any], *, writes: bool) -> None:
    for status in _REFUSALS_OF_WRITES if writes else ():
        responses.setdefault(str(status.value), {})
    for code in responses:
        if int(code) >= _FIRST_ERROR:
            problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
            responses[code] = {
                "description": HTTPStatus(int(code)).phrase,
                "content": {"application/problem+json": problem},
            }
