"""The pages that players see."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from apiflask import APIBlueprint
from flask import redirect, render_template, request, url_for
from markupsafe import Markup
from pydantic import BaseModel
from werkzeug.wrappers import Response as AnyResponse

from server.application import DATABASE_FAILURES, db, now, service
from server.domain.errors import Conflict, InvalidInput
from server.domain.play.rounds import Mode
from server.domain.scores.passage_scores import Form
from server.domain.text.tokens import Unit
from server.services.contest.challenges import challenge_taken
from server.services.contest.dailies import daily_state
from server.services.play.choosing import RoundWish
from server.services.play.home import left_open, opening
from server.services.research.oracle import oracle_results
from server.web.contest.you import own_page
from server.web.http.answers import json_for_script
from server.web.http.context import player_id, remember_player, rounds
from server.web.http.limits import starting
from server.web.inside.stored import inside_of_result
from server.web.openings import passage_of, sign_of
from server.web.wording.crowd import crowd_lines
from server.web.wording.daily import day_words, home_state
from server.web.wording.errors import KINDS_OF_ROUND
from server.web.wording.opponents import fallback_notice, opponent_line
from server.web.wording.oracle import (
    comparison_with_published,
    played_table,
    repeated_table,
    verdict,
)
from server.web.wording.results import result_wording
from server.web.wording.statistics import waiting_sentence

pages = APIBlueprint("pages", __name__, enable_openapi=False)


@pages.app_context_processor
def name_the_opponent() -> dict[str, Callable[[], str]]:
    """Let a page that does not know the opponent ask which model plays."""
    return {"present_opponent_line": _present_opponent_line}


def _present_opponent_line() -> str:
    try:
        return opponent_line(service().home.opponent(db.session))
    except DATABASE_FAILURES:
        return ""  # the page may be the one that reports the failure


@pages.app_context_processor
def name_the_pages() -> dict[str, bool]:
    """Tell every page whether /try exists."""
    return {"live_scoring": service().live is not None}


@pages.get("/")
def home() -> str:
    """Show a passage up to its first gap; nothing is written before its player types."""
    at_hand, player, moment = service(), player_id(), now()
    # The page goes on where the database does not answer.
    home_page, model = at_hand.home.view_with_model(db.session)
    shown = daily = left = None
    with suppress(*DATABASE_FAILURES):
        shown = opening(db.session, at_hand.library, model, player, moment) if model else None
        daily = daily_state(db.session, model, player, moment) if model else None
        left = left_open(db.session, player)
    return render_template(
        "home.html",
        opponent=home_page.opponent,
        opening=shown.round if shown else None,
        opening_json=_safe_json(shown.round) if shown else "",
        sign=sign_of(shown.passage) if shown and shown.passage else "",
        daily=daily,
        daily_day=day_words(daily.date) if daily else "",
        daily_state=home_state(daily) if daily else "",
        left_open=left,
        passages=home_page.passages,
        is_first_visit=player is None,
        fallback_notice=fallback_notice(home_page),
        opponent_line=opponent_line(home_page.opponent),
    )


@pages.post("/play")
@starting
def play() -> AnyResponse:
    """Begin a round and go to it."""
    started = rounds().start(player_id(), _wish_from_form(), now())
    remember_player(started.player_id)
    return redirect(url_for("pages.show_round", round_id=started.round.id), code=303)


@pages.get("/rounds/<round_id>")
def show_round(round_id: str) -> str | AnyResponse:
    """Show a round in play; a finished one leads to its result."""
    state = rounds().state(player_id(), round_id)
    if state.finished:
        return redirect(url_for("pages.show_result", round_id=round_id), code=303)
    return render_template(
        "play.html",
        round=state,
        round_json=_safe_json(state),
        challenge_url=_challenge_url(round_id),
        opponent_line=opponent_line(state.model),
    )


@pages.get("/rounds/<round_id>/result")
def show_result(round_id: str) -> str | AnyResponse:
    """Show a finished round; one in play leads back to it."""
    try:
        result = rounds().result(player_id(), round_id)
    except Conflict:
        return redirect(url_for("pages.show_round", round_id=round_id), code=303)
    return render_template(
        "result.html",
        result=result,
        wording=result_wording(result),
        map_json=_safe_json(result),
        challenge_url=_challenge_url(round_id),
        inside=inside_of_result(result.round),
        crowd=crowd_lines(rounds().crowd(player_id(), round_id)),
        opponent_line=opponent_line(result.round.model),
    )


@pages.get("/you")
def you() -> str:
    """Show the player their own numbers."""
    return own_page()


@pages.get("/methods")
def methods() -> str:
    """Show what is measured, how, and how well it recovers the known loss of models that play."""
    results, settings = oracle_results(), service().settings
    return render_template(
        "methods.html",
        results=results,
        repeated=repeated_table(results),
        played=played_table(results),
        verdict=verdict(results),
        compared=comparison_with_published(results),
        opponent=service().home.opponent(db.session),
        waiting_sentence=waiting_sentence(settings.wait_hours, settings.share_of_address),
    )


def _challenge_url(round_id: str) -> str | None:
    """Return where both results are shown, of a round that was begun because of a challenge."""
    code = challenge_taken(db.session, round_id)
    return url_for("challenge_pages.show_page", code=code) if code else None


def _wish_from_form() -> RoundWish:
    form = request.form
    try:
        mode, unit = Mode(form.get("mode", Mode.GUESS)), Unit(form.get("unit", Unit.WORDS))
        rivals = Form(form.get("form", Form.TAIL)) if mode is Mode.DUEL else Form.TAIL
    except ValueError as error:
        raise InvalidInput("mode", KINDS_OF_ROUND) from error
    # The first page has one form for all modes: a box that the mode does not use is ignored.
    is_guess = mode is Mode.GUESS
    assisted, daily = (is_guess and form.get(name) == "true" for name in ("assisted", "daily"))
    is_shown = mode is Mode.GUESS and unit is Unit.WORDS and not (assisted or daily)
    passage = passage_of(form.get("passage")) if is_shown else None
    unit = Unit.WORDS if daily else unit
    return RoundWish(mode, unit, assisted, daily, rivals, passage=passage)


def _safe_json(view: BaseModel) -> Markup:
    return Markup(json_for_script(view.model_dump_json()))  # noqa: S704 (escaped there)
