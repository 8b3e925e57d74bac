"""The pages that players see."""

from __future__ import annotations

from collections.abc import Callable

from apiflask import APIBlueprint
from flask import redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from server.application import db, now, service
from server.domain.errors import Conflict, InvalidInput
from server.domain.play.rounds import Mode
from server.domain.scores.passage_scores import Form
from server.domain.text.tokens import Unit
from server.services.play.choosing import RoundWish
from server.services.play.home import home_view, present_opponent
from server.services.play.players import player_view
from server.services.research.oracle import oracle_results
from server.web.http.context import player_id, remember_player, rounds
from server.web.http.limits import START_LIMIT, limiter
from server.web.wording.errors import KINDS_OF_ROUND
from server.web.wording.opponents import fallback_notice, opponent_line
from server.web.wording.oracle import (
    comparison_with_published,
    played_table,
    repeated_table,
    verdict,
)
from server.web.wording.results import result_wording

pages = APIBlueprint("pages", __name__, enable_openapi=False)


@pages.app_context_processor
def name_the_opponent() -> dict[str, Callable[[], str]]:
    """Let a page that does not know the opponent ask which model plays."""
    return {"present_opponent_line": _present_opponent_line}


def _present_opponent_line() -> str:
    try:
        return opponent_line(present_opponent(db.session, service().opponent))
    except SQLAlchemyError:
        return ""  # the page may be the one that reports the failure


@pages.app_context_processor
def name_the_pages() -> dict[str, bool]:
    """Tell every page whether /try exists."""
    return {"live_scoring": service().live is not None}


@pages.get("/")
def home() -> str:
    """Show what this is, and the start button."""
    home_page = home_view(db.session, service().opponent)
    return render_template(
        "home.html",
        opponent=home_page.opponent,
        passages=home_page.passages,
        fallback_notice=fallback_notice(home_page),
        opponent_line=opponent_line(home_page.opponent),
    )


@pages.post("/play")
@limiter.limit(START_LIMIT)
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
        round_json=Markup(_json_for_script(state.model_dump_json())),  # noqa: S704 (escaped there)
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
        opponent_line=opponent_line(result.round.model),
    )


@pages.get("/you")
def you() -> str:
    """Show the player their own numbers."""
    return render_template(
        "you.html", player=player_view(db.session, player_id(), service().opponent)
    )


@pages.get("/methods")
def methods() -> str:
    """Show what is measured, how, and how well it recovers the known loss of models that play."""
    results = oracle_results()
    return render_template(
        "methods.html",
        results=results,
        repeated=repeated_table(results),
        played=played_table(results),
        verdict=verdict(results),
        compared=comparison_with_published(results),
        opponent=present_opponent(db.session, service().opponent),
    )


@pages.get("/favicon.ico")
def favicon() -> AnyResponse:
    """Redirect browsers that ask here to the drawn icon."""
    return redirect(url_for("static", filename="favicon.svg"), code=301)


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
    return RoundWish(mode, unit, assisted, daily, rivals)


def _json_for_script(json: str) -> str:
    """Escape what could end a script element or an HTML comment early."""
    return json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
