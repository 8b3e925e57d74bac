"""Pictures that need no cookie: a link's preview, the site's, and emblems."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable

from apiflask import APIBlueprint
from flask import Flask, Response, abort, make_response, request
from markupsafe import Markup

from server.application import db, service
from server.domain.contest.emblems import CELLS, SEED_CHARACTERS, emblem
from server.domain.play.rounds import POSITIONS_PER_ROUND
from server.services.contest.challenges import challenge_marks
from server.services.contract.challenges import ChallengeView
from server.web.http.limits import PICTURE_LIMIT, address, limiter
from server.web.wording.challenges import A_FRIEND, preview_sentence, site_sentence

previews = APIBlueprint("previews", __name__, enable_openapi=False)

_FRESH_S = 600  # a withdrawn challenge's picture is gone from others' stores after this
_FOREVER_S = 31_536_000
_SEED = re.compile(rf"[0-9a-f]{{{SEED_CHARACTERS}}}")
_GREY = "#8a8172"  # seen on a light ground and on a dark one


@previews.get("/c/<code>/preview.png")
@limiter.limit(PICTURE_LIMIT, key_func=address)
def challenge_preview(code: str) -> Response:
    """Draw a challenge for those who see only its link: marks and a sentence, no word."""
    from server.web.contest.pictures import Picture, Row, draw  # Pillow: 4 MB, mostly unused

    view, yours, models = challenge_marks(db.session, service().library, code)
    shown = view.model_copy(update={"by": view.by.model_copy(update={"name": _drawn_name(view)})})
    sentence = preview_sentence(shown)
    name, label = shown.by.name or A_FRIEND, view.model.label
    picture = Picture(
        sentence=sentence.replace(". ", ".\n", 1),
        you=Row(name, yours, f"{view.score.you}/{view.score.answered}"),
        model=Row(label, models, f"{view.score.model}/{view.score.answered}"),
        emblem_seed=view.by.emblem,
    )
    return _png((code, sentence, view.by.emblem), lambda: draw(picture))


@previews.get("/preview.png")
@limiter.limit(PICTURE_LIMIT, key_func=address)
def site_preview() -> Response:
    """Draw the site for those who see only its link: a race that has not begun."""
    from server.web.contest.pictures import Picture, Row, draw

    opponent = service().home.opponent(db.session)
    label = opponent.label if opponent else "a model"
    nothing = [None] * POSITIONS_PER_ROUND
    picture = Picture(site_sentence(label), Row("You", nothing, ""), Row(label, nothing, ""))
    return _png(("site", label), lambda: draw(picture))


@previews.get("/emblem/<seed>.svg")
def emblem_picture(seed: str) -> Response:
    """Draw a player's emblem."""
    if not _SEED.fullmatch(seed):
        abort(404)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CELLS} {CELLS}">'
        f'<path fill="{_GREY}" d="{emblem(seed).path}"/></svg>'
    )
    response = make_response(svg)
    response.content_type = "image/svg+xml"
    response.headers["Cache-Control"] = f"public, max-age={_FOREVER_S}, immutable"
    return response


def register_emblems(app: Flask) -> None:
    """Let templates draw an emblem in the ink of the text around it."""

    @app.template_filter("emblem")
    def drawn(seed: str) -> Markup:
        return Markup(
            '<svg class="emblem" viewBox="0 0 {0} {0}" aria-hidden="true" focusable="false">'
            '<path d="{1}"/></svg>'
        ).format(CELLS, emblem(seed).path)


def _drawn_name(view: ChallengeView) -> str | None:
    """Return the name in a picture: a script that the font lacks would be a row of boxes."""
    from server.web.contest.pictures import can_be_drawn

    name = view.by.name
    return name if name is not None and can_be_drawn(name) else None


def _png(key: Hashable, make: Callable[[], bytes]) -> Response:
    memory = service().contest
    body = memory.kept(memory.pictures, key, make)
    response = make_response(body)
    response.content_type = "image/png"
    response.headers["Cache-Control"] = f"public, max-age={_FRESH_S}"
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.make_conditional(request)
    return response
