"""What the swap lab says: of its presets, of its maps, and of what a pair of runs shows."""

from __future__ import annotations

from server.services.contract.swaps import SwapPartView, SwapView

_MOST_NAMED = 3

PRESET_TITLES = {
    "agreement": "Agreement: one key, or several?",
    "capital": "Capital: which country?",
    "copying": "Copying: who came along?",
    "and": "Two switches: both (AND)",
    "or": "Two switches: either (OR)",
}
PRESET_NOTES = {
    "agreement": "The verb must fit a noun that stands a few words back.",
    "capital": "The city says which country comes next, if the model knows it.",
    "copying": "The name has to be fetched from the sentence before.",
    "and": "A circuit built by hand: it says yes only where both words do. Each head is needed; "
    "neither is enough.",
    "or": "A circuit built by hand: it says yes where either word does. Each head is enough; "
    "neither is needed.",
}
SITE_TITLES = {
    "residual": "The stream before each layer",
    "attention": "What attention adds",
    "mlp": "What the MLP adds",
    "heads": "Head by head",
}
SITE_NOTES = {
    "residual": "Everything the model has written at a word so far, swapped at once.",
    "attention": "What a layer fetches from other words.",
    "mlp": "What a layer works out at the word itself.",
    "heads": "A layer's attention is several heads; each is swapped at all words.",
}


def swap_sentence(view: SwapView) -> str:
    """Say which parts are needed but not enough, and what that means."""
    if not (view.needed_only or view.enough_only or view.both):
        return (
            "No single head or MLP is half enough or half needed: the answer is carried by many "
            "together."
        )
    sentences = [_needed_only(view)]
    if view.both:
        sentences.append(f"Both enough and needed: {_named(view.both, view)}.")
    if view.enough_only:
        sentences.append(f"Enough, though others can stand in: {_named(view.enough_only, view)}.")
    return " ".join(sentences)


def _needed_only(view: SwapView) -> str:
    needed = view.needed_only
    if not needed:
        return "No single head or MLP is needed without being enough."
    if len(needed) == 1:
        return (
            f"Needed, but not enough alone: {_named(needed, view)}. Without it the answer is lost, "
            "yet it does not bring the answer back."
        )
    return (
        f"Needed, but not enough alone: {_named(needed, view)}. Lose any of them and the answer is "
        "lost, yet none of them brings it back."
    )


def _named(parts: list[SwapPartView], view: SwapView) -> str:
    names = [_name(part, view) for part in parts[:_MOST_NAMED]]
    more = len(parts) - len(names)
    if more:
        names.append(f"{more} more")
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _name(part: SwapPartView, view: SwapView) -> str:
    if part.kind == "head":
        return f"head {part.place} of layer {part.layer}"
    return f"the MLP of layer {part.layer} at “{view.clean_tokens[part.place - 1].strip()}”"
