"""Liveness and readiness, for whoever runs the service."""

from __future__ import annotations

from http import HTTPStatus

from apiflask import APIBlueprint
from flask import Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from server.application import db, service
from server.services.play.home import home_view
from server.web.http.errors import problem
from server.web.wording.errors import DATABASE_SILENT, NOTHING_SCORED

health = APIBlueprint("health", __name__, enable_openapi=False)


@health.get("/healthz")
def alive() -> Response:
    """Answer that the process is running."""
    return jsonify(status="ok")


@health.get("/readyz")
def ready() -> Response:
    """Answer 200 once the database answers and passages are scored, else 503 with the reason."""
    try:
        view = home_view(db.session, service().opponent)
    except SQLAlchemyError:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, DATABASE_SILENT)
    if view.opponent is None:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, NOTHING_SCORED)
    return jsonify(status="ok", model=view.opponent.name, passages=view.passages)
