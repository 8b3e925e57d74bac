"""Liveness and readiness, for whoever runs the service."""

from __future__ import annotations

from http import HTTPStatus

from apiflask import APIBlueprint
from flask import Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from server.application import db, service
from server.services.play.home import home_view
from server.web.http.errors import problem

health = APIBlueprint("health", __name__, enable_openapi=False)


@health.get("/healthz")
def alive() -> Response:
    """Answer that the process runs."""
    return jsonify(status="ok")


@health.get("/readyz")
def ready() -> Response:
    """Answer 200 once the database answers and passages are scored, else 503 with the reason."""
    try:
        view = home_view(db.session, service().opponent)
    except SQLAlchemyError:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer.")
    if view.opponent is None:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "No passage is scored yet.")
    return jsonify(status="ok", model=view.opponent.name, passages=view.passages)
