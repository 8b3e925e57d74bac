"""A service's answer as JSON: written once by pydantic, or within a page."""

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


def json_for_script(json: str) -> str:
    """Return JSON that may stand in a page's script element.

    What could end the element, or begin a comment, is escaped.
    """
    return json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
