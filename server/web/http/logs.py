"""One line for each request: no address, no guess, no cookie."""

from __future__ import annotations

import time

import structlog
from apiflask import APIFlask
from flask import Response, g, got_request_exception, request

_log = structlog.get_logger("perplexed")
_QUIET_ENDPOINTS = frozenset({"static", "health.alive", "health.ready"})


def register_logs(app: APIFlask) -> None:
    """Log each request with its route, status and duration, as one JSON line."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    )

    # Flask's own line would repeat the path as it was sent, line ends and all.
    app.logger.disabled = True

    @got_request_exception.connect_via(app)
    def log_failure(_app: APIFlask, exception: BaseException) -> None:
        route = str(request.url_rule or "unknown")
        _log.error("failure", method=request.method, route=route, exc_info=exception)

    @app.before_request
    def note_start() -> None:
        g.started_s = time.perf_counter()

    @app.after_request
    def log_request(response: Response) -> Response:
        if request.endpoint not in _QUIET_ENDPOINTS and not app.testing:
            _log.info(
                "request",
                method=request.method,
                route=str(request.url_rule or "unknown"),
                status=response.status_code,
                duration_ms=round((time.perf_counter() - g.get("started_s", 0.0)) * 1000, 1),
            )
        return response
