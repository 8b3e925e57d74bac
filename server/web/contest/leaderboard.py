"""The leaderboard: the page and the call under /api/v1."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from apiflask import APIBlueprint
from flask import Response, render_template, request

from server.application import db, now, service
from server.services.contest.leaderboard import ALL_TIME, DAILY, BoardWish, Leaderboard
from server.services.contract.leaderboard import BoardView
from server.web.http.answers import json_answer
from server.web.http.context import player_id
from server.web.http.schemas import BoardQuery

boards_api = APIBlueprint("boards_api", __name__, url_prefix="/api/v1")
boards = APIBlueprint("boards", __name__, enable_openapi=False)


@boards_api.get("/leaderboard")
@boards_api.input(BoardQuery, location="query")
@boards_api.output(BoardView)
@boards_api.doc(summary="The leaderboard")
def show_rows(query_data: BoardQuery) -> Response:
    """Return named players and the models, on a day's passage or of all time."""
    today = now().date()
    wish = BoardWish(query_data.board, query_data.assisted, query_data.date or today)
    return json_answer(_board().view(player_id(), wish, today))


@boards.get("/leaderboard")
def show_page() -> str:
    """Show a board twice: played unassisted, and with suggestions."""
    today = now().date()
    board = ALL_TIME if request.args.get("board") == ALL_TIME else DAILY
    day = day_of(request.args.get("date"), today)
    shown = [_board().view(player_id(), BoardWish(board, a, day), today) for a in (False, True)]
    return render_template(
        "leaderboard.html",
        board=board,
        day=day,
        days=other_days(day, today),
        own=shown[0],
        assisted=shown[1],
    )


def _board() -> Leaderboard:
    held = service()
    return Leaderboard(db.session, held.library, held.opponent, held.contest)


@dataclass(frozen=True)
class OtherDays:
    """The days that a day's board leads to; `later` is None where the day is today."""

    earlier: date
    later: date | None


def day_of(text: str | None, today: date) -> date:
    """Return the day that an address names, or today where it names none that has come."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return today
    return min(day, today)


def other_days(day: date, today: date) -> OtherDays:
    """Return the days before and after."""
    return OtherDays(
        earlier=max(day, date.min + timedelta(days=1)) - timedelta(days=1),
        later=day + timedelta(days=1) if day < today else None,
    )
