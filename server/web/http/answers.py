"""A service's answer as JSON, written once by pydantic."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response
from pydantic import BaseModel


def json_answer(
    view: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a view as a response.

    APIFlask would dump it to dictionaries and encode these with the standard library, which for
    every guess costs as much as all the rules of the game.
    """
    body = view.model_dump_json()
    return Response(body, status, headers, mimetype="application/json")
