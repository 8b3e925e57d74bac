"""One line for each request: no address, no guess, no cookie. One traceback of a kind a minute."""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import threading
import time
import traceback
from datetime import UTC, datetime

from apiflask import APIFlask
from flask import Response, g, got_request_exception, has_request_context, request

REQUEST_ID = "X-Request-Id"
TRACEBACK_EVERY_S = 60.0
_FOREIGN_ID = re.compile(r"[\w-]{8,64}", re.ASCII)  # as a proxy in front makes them
_MOST_KINDS = 1_000
_QUIET_ENDPOINTS = frozenset({"static", "health.alive", "health.ready", "metrics.show"})
_writing = threading.Lock()


def log_line(level: str, event: str, error: BaseException | None = None, **fields: object) -> None:
    """Write a JSON object as a line of its own, with the error's traceback where there is one."""
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = fields | {"event": event, "timestamp": moment, "level": level}
    if error is not None:
        line["exception"] = "".join(traceback.format_exception(error)).rstrip("\n")
    text = json.dumps(line, default=repr)
    with _writing:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


class OncePerMinute:
    """Says whether a kind of failure is to be told whole, and how often it was not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[str, tuple[float, int]] = {}

    def untold(self, kind: str) -> int | None:
        """Return how many of this kind were passed over since the last, None to pass over one."""
        now = time.monotonic()
        with self._lock:
            told_at, passed_over = self._told.get(kind, (None, 0))
            if told_at is not None and now - told_at < TRACEBACK_EVERY_S:
                self._told[kind] = told_at, passed_over + 1
                return None
            if len(self._told) >= _MOST_KINDS:
                self._told.clear()
            self._told[kind] = now, 0
            return passed_over


_tracebacks = OncePerMinute()


class LibraryLines(logging.Handler):
    """What libraries log, as lines of ours; one of a kind a minute, the rest only counted."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        error = record.exc_info[1] if record.exc_info else None
        kind = f"{record.name} {record.msg} {_kind(error) if error else ''}"
        if (passed_over := _tracebacks.untold(kind)) is not None:
            facts = {"message": record.getMessage(), "passed_over": passed_over}
            log_line(record.levelname.lower(), record.name, error, **facts)


def register_logs(app: APIFlask) -> None:
    """Log each request with its id, route, status and duration, as one JSON line."""
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(LibraryLines())

    # Flask's own line would repeat the path as it was sent, line ends and all.
    app.logger.disabled = True

    @got_request_exception.connect_via(app)
    def log_unforeseen(_app: APIFlask, exception: BaseException) -> None:
        log_failure(exception)

    @app.before_request
    def note_start() -> None:
        g.started_s = time.perf_counter()

    @app.after_request
    def log_request(response: Response) -> Response:
        response.headers[REQUEST_ID] = request_id()
        if request.endpoint not in _QUIET_ENDPOINTS and not app.testing:
            log_line(
                "info",
                "request",
                id=request_id(),
                method=request.method,
                route=str(request.url_rule or "unknown"),
                status=response.status_code,
                duration_ms=round((time.perf_counter() - g.get("started_s", 0.0)) * 1000, 1),
            )
        return response

    @app.context_processor
    def show_id() -> dict[str, str]:
        return {"request_id": request_id() if has_request_context() else ""}


def request_id() -> str:
    """Return the id of this request: that of a proxy in front, or one of our own."""
    if "request_id" not in g:
        sent = request.headers.get(REQUEST_ID, "")
        g.request_id = sent if _FOREIGN_ID.fullmatch(sent) else secrets.token_hex(8)
    return str(g.request_id)


def log_failure(error: BaseException) -> None:
    """Log what went wrong in a request; its traceback only once a minute for each kind."""
    route, passed_over = str(request.url_rule or "unknown"), _tracebacks.untold(_kind(error))
    is_told = passed_over is not None
    log_line(
        "error",
        "failure",
        error if is_told else None,
        id=request_id(),
        kind=type(error).__name__,
        method=request.method,
        route=route,
        **({"passed_over": passed_over} if is_told else {}),
    )


def _kind(error: BaseException) -> str:
    """Return what makes two failures the same: the error, and the line that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    where = next((frame for frame in reversed(frames) if "/server/" in frame.filename), None)
    return f"{type(error).__name__} {where.filename}:{where.lineno}" if where else repr(type(error))
