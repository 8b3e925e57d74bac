"""The interface keeps what its own description promises, also against generated nonsense."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from apiflask import APIFlask
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.web.http.openapi import _with_plain_names
from tests.conftest import Player
from tests.databases import on_sqlite

OPERATIONS = 43
SCHEMAS = "#/components/schemas/"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def described(app: APIFlask) -> Any:
    """The application, fuzzed through its own description."""
    return schemathesis.openapi.from_wsgi("/openapi.json", app)


def test_no_generated_request_breaks_a_promise(described: Any) -> None:
    checked = 0
    for operation in described.get_all_operations():

        @given(case=operation.ok().as_strategy())
        @settings(max_examples=10, suppress_health_check=list(HealthCheck))
        def check(case: Any) -> None:
            # Compressed, a body is bytes to these checks, and not JSON.
            case.call_and_validate(checks=CHECKS, headers={"Accept-Encoding": "identity"})

        check()
        checked += 1
    assert checked == OPERATIONS


@on_sqlite
def test_the_description_names_every_call(app: APIFlask) -> None:
    paths = app.test_client().get("/openapi.json").get_json()["paths"]
    assert set(paths) == {
        "/api/v1/daily",
        "/api/v1/daily/{day}",
        "/api/v1/rounds",
        "/api/v1/rounds/{round_id}",
        "/api/v1/rounds/{round_id}/guesses",
        "/api/v1/rounds/{round_id}/bets",
        "/api/v1/rounds/{round_id}/judgements",
        "/api/v1/rounds/{round_id}/result",
        "/api/v1/rounds/{round_id}/positions/{position}/inside",
        "/api/v1/rounds/{round_id}/positions/{position}/inside/context",
        "/api/v1/rounds/{round_id}/positions/{position}/inside/tree",
        "/api/v1/inside/swap",
        "/api/v1/try",
        "/api/v1/try/rounds",
        "/api/v1/try/inside",
        "/api/v1/try/inside/context",
        "/api/v1/try/inside/tree",
        "/api/v1/comparisons/next",
        "/api/v1/comparisons/{comparison_id}/judgements",
        "/api/v1/stats",
        "/api/v1/stats/crowd",
        "/api/v1/positions/{position_id}",
        "/api/v1/rooms",
        "/api/v1/rooms/choices",
        "/api/v1/rooms/{code}",
        "/api/v1/rooms/{code}/players",
        "/api/v1/rooms/{code}/answers",
        "/api/v1/rooms/{code}/next",
        "/api/v1/rooms/{code}/reveal",
        "/api/v1/rooms/{code}/pause",
        "/api/v1/rooms/{code}/end",
        "/api/v1/rooms/{code}/players/{seat}/name",
        "/api/v1/rooms/{code}/export",
        "/api/v1/player",
        "/api/v1/player/data",
        "/api/v1/rounds/{round_id}/challenge",
        "/api/v1/challenges/{code}",
        "/api/v1/leaderboard",
        "/api/v1/player/transfer",
        "/api/v1/player/join",
    }


def references(node: Any) -> Iterator[str]:
    """Yield the name of every component that a part of the description refers to."""
    if isinstance(node, dict):
        for key, part in node.items():
            if key == "$ref":
                yield part.removeprefix("#/components/schemas/")
            else:
                yield from references(part)
    elif isinstance(node, list):
        for part in node:
            yield from references(part)


@on_sqlite
def test_each_model_is_described_once_by_its_own_name(app: APIFlask) -> None:
    description = app.test_client().get("/openapi.json").get_json()
    schemas = description["components"]["schemas"]
    assert {name: schema["title"] for name, schema in schemas.items()} == {n: n for n in schemas}
    assert all(name.isidentifier() for name in schemas)
    assert set(references(description)) == set(schemas)


def test_two_models_of_one_name_are_refused() -> None:
    schemas = {"A.View": {"type": "object"}, "B.View": {"type": "object"}}
    spec = {"components": {"schemas": schemas}, "paths": {"/": {"$ref": SCHEMAS + "A.View"}}}
    assert _with_plain_names(spec) == {
        "components": {"schemas": {"View": {"type": "object"}}},
        "paths": {"/": {"$ref": SCHEMAS + "View"}},
    }
    schemas["B.View"] = {"type": "string"}
    with pytest.raises(ValueError, match="two models of the API are called View"):
        _with_plain_names(spec)


@on_sqlite
def test_the_described_fields_are_the_sent_ones(app: APIFlask, alice: Player) -> None:
    described = app.test_client().get("/openapi.json").get_json()["components"]["schemas"]
    assert set(described["RoundView"]["properties"]) == set(alice.start())


@on_sqlite
def test_every_call_states_what_can_come_of_it(app: APIFlask) -> None:
    """Also of a name that is not ours, of haste, and of a database that is away."""
    paths = app.test_client().get("/openapi.json").get_json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            if method not in ("get", "post", "patch", "delete"):
                continue
            stated = set(operation["responses"])
            assert stated >= {"400", "429", "503"}, (path, method)
            assert any(status.startswith("2") for status in stated), (path, method)
            assert "Retry-After" in operation["responses"]["429"]["headers"]
            assert operation["summary"]
    assert "200" in paths["/api/v1/player/data"]["get"]["responses"]
