"""Requests that only look: HEAD, and programs that call themselves robots. They write nothing."""

from __future__ import annotations

import re

from flask import abort, request

from server.web.wording.errors import NOT_FOR_ROBOTS

_ROBOTS = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|facebookexternalhit|preview|monitor|archiver", re.IGNORECASE
)


def only_reads() -> bool:
    """Tell whether this request must leave no row and no cookie behind."""
    return request.method == "HEAD" or bool(_ROBOTS.search(request.user_agent.string))


def refuse_readers() -> None:
    """Refuse a GET that would begin something to whoever only looks: 405 to HEAD, 403 to robots."""
    if request.method == "HEAD":
        abort(405)
    if only_reads():
        abort(403, NOT_FOR_ROBOTS)
