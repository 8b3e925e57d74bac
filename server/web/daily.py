"""The daily passage: its calls under /api/v1, today's page, past days and their archive."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.application import db, now, service
from server.domain.errors import InvalidInput, NotFound
from server.services.contest.dailies import NO_SUCH_DAY, archive, daily_view
from server.services.contract.contest import DailyView
from server.services.play.choosing import RoundWish
from server.web.http.context import player_id, remember_player, rounds
from server.web.http.limits import starting
from server.web.http.schemas import day_of
from server.web.wording.daily import daily_wording, day_words, state_words
from server.web.wording.opponents import opponent_line

daily_api = APIBlueprint("daily_api", __name__, url_prefix="/api/v1")
daily_pages = APIBlueprint("daily_pages", __name__, enable_openapi=False)


@daily_api.get("/daily")
@daily_api.output(DailyView)
@daily_api.doc(summary="Today's passage", responses=[503])
def today() -> DailyView:
    """Return its number, how long it stays, how everybody did and how you did; no word of it."""
    return _view(None)


@daily_api.get("/daily/<day>")
@daily_api.output(DailyView)
@daily_api.doc(summary="The passage of a past day", responses=[404, 503])
def past_day(day: str) -> DailyView:
    """Return the same for a day of the past, as 2026-11-27; days to come do not exist yet."""
    return _view(day)


@daily_pages.get("/daily")
def show_today() -> str:
    """Show today's passage and the archive."""
    return _page(_view(None))


@daily_pages.get("/daily/<day>")
def show_day(day: str) -> str | AnyResponse:
    """Show the passage of a past day; today's is at /daily."""
    view = _view(day)
    if view.next_in_s is not None:
        return redirect(url_for("daily_pages.show_today"))
    return _page(view)


@daily_pages.post("/daily")
@starting
def play_day() -> AnyResponse:
    """Begin the passage of a day, or go on with it."""
    day = day_of(request.form.get("date") or None)
    started = rounds().start(player_id(), RoundWish(daily=True, day=day), now())
    remember_player(started.player_id)
    return redirect(url_for("pages.show_round", round_id=started.round.id), code=303)


def _view(day: str | None) -> DailyView:
    """Raise NotFound for what is no date, too: an address, not a field, is wrong."""
    try:
        wanted = day_of(day)
    except InvalidInput as error:
        raise NotFound(NO_SUCH_DAY) from error
    return daily_view(db.session, service().opponent, player_id(), now(), wanted)


def _page(view: DailyView) -> str:
    past = archive(db.session, player_id(), now())
    return render_template(
        "daily.html",
        daily=view,
        wording=daily_wording(view),
        past=[(each, day_words(each.date), state_words(each.you)) for each in past],
        opponent_line=opponent_line(view.model),
    )
