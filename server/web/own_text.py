"""A player's own text: the page /try and its two calls; none of it where LIVE_SCORING is off."""

from __future__ import annotations

from typing import cast

from apiflask import APIBlueprint
from flask import render_template, url_for

from server.application import db, now, service
from server.domain.play.own_texts import LONGEST_TEXT_CHARACTERS
from server.services.contract.rounds import RoundView
from server.services.contract.texts import ScoredTextView
from server.services.play.own_texts import OwnTextService
from server.services.scoring.live_scoring import LiveScoring
from server.web.http.context import player_id, remember_player, remember_visitor
from server.web.http.limits import (
    TEXT_ROUND_LIMIT,
    TEXT_ROUND_LIMIT_OF_ADDRESS,
    address,
    limiter,
    reading_a_text,
)
from server.web.http.readers import only_reads
from server.web.http.schemas import NewText
from server.web.wording.opponents import stand_in_notice

own_text_api = APIBlueprint("own_text_api", __name__, url_prefix="/api/v1")
own_text_pages = APIBlueprint("own_text_pages", __name__, enable_openapi=False)


def own_texts() -> OwnTextService:
    """Return the use cases of own texts on this request's database session."""
    live = cast("LiveScoring", service().live)  # the blueprints are registered only where it is on
    return OwnTextService(db.session, service().library, service().opponent, live)


@own_text_pages.get("/try")
def show_try() -> str:
    """Show the field for a text, or why none can be scored here; the model is loaded meanwhile."""
    texts = own_texts()
    if not only_reads():
        remember_visitor()
        texts.load_ahead()
    return render_template(
        "try.html",
        why_not=texts.why_not(),
        reader_label=texts.reader_label(),
        has_layers=texts.has_layers(),
        stand_in_notice=stand_in_notice(texts.stand_in()),
        longest=LONGEST_TEXT_CHARACTERS,
    )


@own_text_api.post("/try")
@reading_a_text
@own_text_api.input(NewText)
@own_text_api.output(ScoredTextView)
@own_text_api.doc(summary="Score a text of your own", responses=[503])
def score_text(json_data: NewText) -> ScoredTextView:
    """Return every token with the model's loss and candidates; nothing is stored."""
    return own_texts().score(json_data.text)


@own_text_api.post("/try/rounds")
@limiter.limit(TEXT_ROUND_LIMIT)
@limiter.limit(TEXT_ROUND_LIMIT_OF_ADDRESS, key_func=address)
@reading_a_text
@own_text_api.input(NewText)
@own_text_api.output(RoundView, status_code=201)
@own_text_api.doc(
    summary="Begin a round on a text of your own",
    responses={200: "The round on this text that already waits", 503: ""},
)
def play_text(json_data: NewText) -> tuple[RoundView, int, dict[str, str]]:
    """Store the text as the player's own and begin a round on it, left out of all statistics."""
    started = own_texts().start_round(player_id(), json_data.text, now())
    remember_player(started.player_id)
    location = url_for("api.round_state", round_id=started.round.id)
    return started.round, 201 if started.is_new else 200, {"Location": location}
