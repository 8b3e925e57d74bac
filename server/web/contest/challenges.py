"""Challenges: the calls under /api/v1, and the page that a link leads to."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.application import db, now, service
from server.services.contest import challenges
from server.services.contest.taking import take
from server.services.contract.challenges import ChallengeLinkView, ChallengeView
from server.web.http.answers import json_answer
from server.web.http.context import admission, player_id, remember_player
from server.web.http.limits import START_LIMIT, limiter, starting
from server.web.wording.challenges import challenge_wording
from server.web.wording.opponents import opponent_line

challenge_api = APIBlueprint("challenge_api", __name__, url_prefix="/api/v1")
challenge_pages = APIBlueprint("challenge_pages", __name__, enable_openapi=False)


@challenge_api.post("/rounds/<round_id>/challenge")
@limiter.limit(START_LIMIT)
@challenge_api.output(ChallengeLinkView)
@challenge_api.doc(summary="Send a finished round to others", responses=[404, 409])
def send(round_id: str) -> Response:
    """Return the code and the link of a finished round; the same ones at every call."""
    code = challenges.challenge_with(db.session, player_id(), round_id, now())
    return json_answer(ChallengeLinkView(code=code, url=_address(code)))


@challenge_api.get("/challenges/<code>")
@challenge_api.output(ChallengeView)
@challenge_api.doc(summary="A challenge", responses=[404])
def show(code: str) -> Response:
    """Return who asks and how they did; words and results once the same words are finished."""
    return json_answer(_view(code))


@challenge_api.delete("/challenges/<code>")
@limiter.limit(START_LIMIT)
@challenge_api.output({}, status_code=204)
@challenge_api.doc(summary="Withdraw a challenge", responses=[404])
def withdraw(code: str) -> str:
    """Let the code lead nowhere from now on; what was played stays with those who played it."""
    challenges.withdraw(db.session, player_id(), code, now())
    return ""


@challenge_pages.get("/c/<code>")
def show_page(code: str) -> str:
    """Show the challenge; to whoever has finished the same words, both results side by side."""
    view = _view(code)
    return render_template(
        "challenge.html",
        challenge=view,
        wording=challenge_wording(view),
        opponent_line=opponent_line(view.model),
    )


@challenge_pages.post("/c/<code>")
@starting
def begin(code: str) -> AnyResponse:
    """Begin the round of a challenge and go to it, or to both results once it is finished."""
    started = take(db.session, service().library, admission(), player_id(), code, now())
    remember_player(started.player_id)
    if started.round.finished:
        return redirect(url_for("challenge_pages.show_page", code=code), code=303)
    return redirect(url_for("pages.show_round", round_id=started.round.id), code=303)


@challenge_pages.post("/c/<code>/withdraw")
@limiter.limit(START_LIMIT)
def withdraw_from_page(code: str) -> AnyResponse:
    """Withdraw a challenge and go to the player's own page."""
    challenges.withdraw(db.session, player_id(), code, now())
    return redirect(url_for("pages.you"), code=303)


def _view(code: str) -> ChallengeView:
    view = challenges.challenge_view(db.session, service().library, player_id(), code)
    view.url = _address(code)
    return view


def _address(code: str) -> str:
    return url_for("challenge_pages.show_page", code=code, _external=True)
