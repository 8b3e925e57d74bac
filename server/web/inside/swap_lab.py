"""The swap lab: the page /inside/swap and its call."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import render_template

from server.application import db, service
from server.domain.inside.presets import PRESETS
from server.services.contract.swaps import SwapView
from server.services.inside.swap_lab import SwapLab
from server.web.http.limits import SWAP_LIMIT, limiter
from server.web.inside.schemas import NewSwap
from server.web.wording.swaps import (
    PRESET_NOTES,
    PRESET_TITLES,
    SITE_NOTES,
    SITE_TITLES,
    swap_sentence,
)

swap_api = APIBlueprint("swap_api", __name__, url_prefix="/api/v1")
swap_pages = APIBlueprint("swap_pages", __name__, enable_openapi=False)


def swap_lab() -> SwapLab:
    """Return the use cases of the swap lab on this request's database session."""
    return SwapLab(db.session, service().opponent, service().live)


@swap_pages.get("/inside/swap")
def show_swap_lab() -> str:
    """Show two prompts to fill in, or why none can be read here; the model is loaded meanwhile."""
    lab = swap_lab()
    lab.load_ahead()
    return render_template(
        "swap.html",
        why_not=lab.why_not(),
        reader_label=lab.reader_label(),
        presets=PRESETS,
        preset_titles=PRESET_TITLES,
        preset_notes=PRESET_NOTES,
        site_titles=SITE_TITLES,
        site_notes=SITE_NOTES,
    )


@swap_api.post("/inside/swap")
@limiter.limit(SWAP_LIMIT)
@swap_api.input(NewSwap)
@swap_api.output(SwapView)
@swap_api.doc(summary="Swap every part of two runs", responses=[503])
def swap_parts(json_data: NewSwap) -> SwapView:
    """Return what moving each part of one prompt's run into the other's does; nothing is stored."""
    view = swap_lab().swap(json_data.pair(), json_data.circuit())
    return view.model_copy(update={"sentence": swap_sentence(view)})
