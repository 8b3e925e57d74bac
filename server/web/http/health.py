"""Liveness and readiness, for whoever runs the service."""

from __future__ import annotations

from http import HTTPStatus

from apiflask import APIBlueprint
from flask import Response, jsonify

from server.application import db, newest_revision, service, unready
from server.services.play.home import home_view
from server.services.play.opponents import current_opponent
from server.web.http.errors import problem
from server.web.wording.errors import NOTHING_SCORED, other_revision

health = APIBlueprint("health", __name__, enable_openapi=False)


@health.get("/healthz")
def alive() -> Response:
    """Answer that the process is running."""
    return jsonify(status="ok")


@health.get("/readyz")
def ready() -> Response:
    """Answer 200 once the database can be written and passages are scored, else 503 with why."""
    if (found := unready()) is not None:
        detail = other_revision(found, newest_revision())
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)
    choice = service().opponent
    view = home_view(db.session, current_opponent(db.session, choice), choice)
    if view.opponent is None:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, NOTHING_SCORED)
    return jsonify(status="ok", model=view.opponent.name, passages=view.passages)
