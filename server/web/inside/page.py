"""What the page about one position says besides the view itself."""

from __future__ import annotations

from server.services.contract.inside import InsideView
from server.web.wording.inside import (
    A_LAYER,
    KEPT_WORDS,
    THE_LENS,
    growth_sentence,
    part_name,
    strongest_parts,
)


def page_of(view: InsideView) -> dict[str, object]:
    """Return what the template needs for a view, by its names there."""
    return {
        "view": view,
        "a_layer": A_LAYER,
        "the_lens": THE_LENS[view.lens],
        "kept_words": KEPT_WORDS,
        "growth": growth_sentence(view),
        "strongest": strongest_parts(view),
        "part_name": part_name,
    }
