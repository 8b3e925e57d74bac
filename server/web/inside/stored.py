"""What is stored of the inside of a model: the call, and the page of a round's word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from apiflask import APIBlueprint
from flask import render_template, request

from server.application import db, service
from server.domain.errors import NotFound
from server.domain.inside.trace import Lens
from server.domain.play.rounds import Mode
from server.services.contract.inside import InsideView
from server.services.contract.rounds import RoundView
from server.services.inside.stored import StoredInside
from server.web.http.context import player_id
from server.web.http.schemas import Strict
from server.web.inside.live import live_inside
from server.web.wording.inside import (
    inside_sentence,
    likeness_sentence,
    page_of,
    why_nothing_inside,
)


class LensWish(Strict):
    """Through which lens the layers are read."""

    lens: Literal["fitted", "plain"] = "fitted"


stored_inside_api = APIBlueprint("stored_inside_api", __name__, url_prefix="/api/v1")
inside_pages = APIBlueprint("inside_pages", __name__, enable_openapi=False)


def stored_inside() -> StoredInside:
    """Return the use cases of what is stored, on this request's database session."""
    return StoredInside(db.session, service().library, service().traces)


def _view(round_id: str, position: int, lens: Lens) -> InsideView:
    view = stored_inside().at(player_id(), round_id, position, lens)
    opponent = view.opponent
    return view.model_copy(
        update={
            "sentence": inside_sentence(view),
            "why_not_live": live_inside().why_not(opponent.name, opponent.revision),
        }
    )


@stored_inside_api.get("/rounds/<round_id>/positions/<int:position>/inside")
@stored_inside_api.input(LensWish, location="query")
@stored_inside_api.output(InsideView)
@stored_inside_api.doc(summary="What the layers said at a settled position", responses=[404])
def inside(round_id: str, position: int, query_data: LensWish) -> InsideView:
    """Return, for a position of a finished round, what each layer said and what pushed.

    `context` and `tree` are null: the calls below this one ask for them live. Nothing after the
    position is in the answer.
    """
    return _view(round_id, position, Lens(query_data.lens))


@dataclass(frozen=True)
class InsideOfResult:
    """What a result page says of the inside: which positions have a page, and how you read.

    `on_the_spot` where the page can send a text of the player's own to be looked into; `why_not`
    is a sentence where there is neither.
    """

    positions: list[int]
    likeness: str
    on_the_spot: bool = False
    why_not: str = ""


def inside_of_result(played: RoundView) -> InsideOfResult:
    """Return that for a finished round; nothing while its passage is open in another one."""
    try:
        stored = stored_inside()
        likeness = stored.likeness(player_id(), played.id)
        positions = stored.positions(player_id(), played.id)
        other_unit = stored.keeps_other_unit(player_id(), played.id)
    except NotFound:
        return InsideOfResult([], "")
    is_duel, is_private = played.mode == Mode.DUEL, played.passage.private
    model = played.model
    on_the_spot = is_private and not is_duel and live_inside().reads_as(model.name, model.revision)
    is_known = bool(positions) or on_the_spot
    why_not = "" if is_known else why_nothing_inside(is_duel, is_private, other_unit)
    return InsideOfResult(positions, likeness_sentence(likeness, model.label), on_the_spot, why_not)


@inside_pages.get("/rounds/<round_id>/inside/<int:position>")
def show_inside(round_id: str, position: int) -> str:
    """Show why the model said what it said at a word of a finished round."""
    lens = Lens.PLAIN if request.args.get("lens") == Lens.PLAIN else Lens.FITTED
    view = _view(round_id, position, lens)
    positions = stored_inside().positions(player_id(), round_id)
    place = positions.index(position)
    return render_template(
        "inside.html",
        **page_of(view),
        own_text=None,
        round_id=round_id,
        number=place + 1,
        count=len(positions),
        previous=positions[place - 1] if place else None,
        following=positions[place + 1] if place + 1 < len(positions) else None,
    )
