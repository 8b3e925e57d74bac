"""Failures sent to Sentry, where SENTRY_DSN is set: the traceback, and nothing about a person."""

from __future__ import annotations

from typing import Any

from server.config import InvalidSettings

_ABOUT_PEOPLE = ("user", "request", "breadcrumbs", "extra", "server_name")


def register_reports(dsn: str) -> None:
    """Begin to report; raise InvalidSettings where the package, which is optional, is missing."""
    if not dsn:
        return
    try:
        import sentry_sdk
    except ImportError:
        raise InvalidSettings("SENTRY_DSN needs a package: pip install sentry-sdk") from None
    sentry_sdk.init(
        dsn=dsn,
        before_send=_without_people,
        include_local_variables=False,  # among them are guesses and cookies
        max_request_body_size="never",
        auto_session_tracking=False,
        send_default_pii=False,
    )


def _without_people(event: Any, _hint: object) -> Any:
    for part in _ABOUT_PEOPLE:
        event.pop(part, None)
    return event
