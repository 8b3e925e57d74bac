"""Live looks inside the model: words it needed, and what else it could have written."""

from __future__ import annotations

import re

from apiflask import APIBlueprint
from flask import render_template, request

from server.application import db, service
from server.domain.errors import InvalidInput
from server.domain.inside.ablation import Way
from server.domain.inside.trace import Lens
from server.services.contract.inside import InsideView
from server.services.contract.live_inside import ContextView, TreeView
from server.services.inside.live import LiveInside
from server.web.http.context import player_id
from server.web.http.limits import INSIDE_LIMIT, limiter
from server.web.inside.schemas import (
    NewContext,
    NewTextContext,
    NewTextLens,
    NewTextTree,
    NewTree,
)
from server.web.wording.inside import inside_sentence, page_of

live_inside_api = APIBlueprint("live_inside_api", __name__, url_prefix="/api/v1")
live_inside_pages = APIBlueprint("live_inside_pages", __name__, enable_openapi=False)


def live_inside() -> LiveInside:
    """Return the use cases of live looks on this request's database session."""
    held = service()
    return LiveInside(db.session, held.library, held.opponent, held.live)


@live_inside_api.post("/rounds/<round_id>/positions/<int:position>/inside/context")
@limiter.limit(INSIDE_LIMIT)
@live_inside_api.input(NewContext)
@live_inside_api.output(ContextView)
@live_inside_api.doc(summary="The words that the model needed", responses=[404, 503])
def context(round_id: str, position: int, json_data: NewContext) -> ContextView:
    """Return what taking 16 tokens of the context, one by one, does to the author's word."""
    way = Way(json_data.way)
    return live_inside().context(player_id(), round_id, position, way, json_data.piece)


@live_inside_api.post("/rounds/<round_id>/positions/<int:position>/inside/tree")
@limiter.limit(INSIDE_LIMIT)
@live_inside_api.input(NewTree)
@live_inside_api.output(TreeView)
@live_inside_api.doc(summary="What the model could have written", responses=[404, 503])
def tree(round_id: str, position: int, json_data: NewTree) -> TreeView:
    """Return the likeliest continuations, three tokens deep, as a temperature and top-k draw them.

    Nothing of it comes from the text after the position.
    """
    return live_inside().tree(
        player_id(), round_id, position, json_data.temperature, json_data.top_k
    )


@live_inside_api.post("/try/inside/context")
@limiter.limit(INSIDE_LIMIT)
@live_inside_api.input(NewTextContext)
@live_inside_api.output(ContextView)
@live_inside_api.doc(summary="The words that it needed, of a text of your own", responses=[503])
def context_of_text(json_data: NewTextContext) -> ContextView:
    """Return the same for a text that comes with the call; nothing is stored."""
    way = Way(json_data.way)
    return live_inside().context_of_text(json_data.text, json_data.position, way, json_data.piece)


@live_inside_api.post("/try/inside/tree")
@limiter.limit(INSIDE_LIMIT)
@live_inside_api.input(NewTextTree)
@live_inside_api.output(TreeView)
@live_inside_api.doc(summary="What it could have written, in your own text", responses=[503])
def tree_of_text(json_data: NewTextTree) -> TreeView:
    """Return the same for a text that comes with the call; nothing is stored."""
    return live_inside().tree_of_text(
        json_data.text, json_data.position, json_data.temperature, json_data.top_k
    )


@live_inside_api.post("/try/inside")
@limiter.limit(INSIDE_LIMIT)
@live_inside_api.input(NewTextLens)
@live_inside_api.output(InsideView)
@live_inside_api.doc(summary="What the layers said, in a text of your own", responses=[503])
def layers_of_text(json_data: NewTextLens) -> InsideView:
    """Return what each layer said and what pushed, for a text that comes with the call."""
    return _text_view(json_data.text, json_data.position, Lens(json_data.lens))


@live_inside_pages.post("/try/inside")
@limiter.limit(INSIDE_LIMIT)
def show_text() -> str:
    """Show why the model said what it said at a token of a text that comes with the form."""
    text, position = request.form.get("text", ""), request.form.get("position", "")
    if not re.fullmatch("[0-9]{1,6}", position):
        raise InvalidInput("position", "The token's number, from 1, is wanted.")
    lens = Lens.PLAIN if request.form.get("lens") == Lens.PLAIN else Lens.FITTED
    view = _text_view(text, int(position), lens)
    return render_template(
        "inside.html", **page_of(view), own_text=text, previous=None, following=None
    )


def _text_view(text: str, position: int, lens: Lens) -> InsideView:
    view = live_inside().view_of_text(text, position, lens)
    return view.model_copy(update={"sentence": inside_sentence(view)})
