"""Sentences of the pages that look inside the model: why it said that, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from server.services.contract.inside import InsideView, LikenessView, PartView
from server.web.wording.figures import SPACE, counted, half_up, probability, sensible, signed

A_LAYER = "A layer is one round of rewriting: the model goes over the text once more."
THE_LENS = {
    "fitted": "The lens is what it would say if it stopped here, an estimate fitted on other text.",
    "plain": "The plain lens reads each layer as if it were the last. It misleads here: halfway "
    "through, the model does not write for the reader yet, and what this lens shows is mostly "
    "further from the model’s answer than a fixed guess would be.",
}
KEPT_WORDS = "Your word is shown where it is among the sixteen that are kept for each place."
_NO_DUEL = (
    "There is no look inside the model after a duel: what its layers say is kept for the words "
    "that guesses, bets and tries ask about, and duels ask about others."
)
_NOT_AT_HAND = (
    "What happens inside the model is not kept for a text of your own, and the model that read "
    "this one is not at hand to look again."
)
_OF_WORDS_ALONE = (
    "What happens inside the model is kept here for rounds of words alone, and this one asked for "
    "tokens."
)
_NOT_KEPT = "what it looked at is not kept"
TOP_PARTS_SHOWN = 5
_NO_BREAK = "\N{NO-BREAK SPACE}"
_LEAST_PUSH = 0.005


@dataclass(frozen=True)
class PartWording:
    """One of the strongest parts: its name, what it looked at, its push, and where bars end."""

    name: str
    looked: str
    push: str
    share: float  # of the strongest, signed


def inside_sentence(view: InsideView) -> str:
    """Say why the model said what it said, or that nothing in particular did."""
    return f"{_opening(view)} {_STORIES[view.story.kind](view)}"


def _opening(view: InsideView) -> str:
    label, last = view.opponent.label, view.layers[-1]
    if last.target.rank == 1:
        return f"{label} had “{view.target}”, at {_unbroken(last.target.probability)}."
    return (
        f"{label} said “{view.model}” ({_unbroken(last.model.probability)}) and gave "
        f"“{view.target}” {_unbroken(last.target.probability)}."
    )


def _unbroken(share: float) -> str:
    """Return a probability that no line's end tears apart."""
    return probability(share).replace(" ", _NO_BREAK)


def _target_dropped(view: InsideView) -> str:
    return f"It had “{view.target}” on top after layer {view.story.layer} and dropped it."


def _guess_dropped(view: InsideView) -> str:
    return (
        f"It had your word, “{view.guess}”, on top after layer {view.story.layer} and dropped it."
    )


def _copied(view: InsideView) -> str:
    story, back = view.story, view.story.words_back or 0
    where = "just before" if back <= 1 else f"{counted(back, 'word')} back"
    weight = half_up(100 * (story.weight or 0.0))
    return (
        f"It copied: the same word stands {where}, and head{_NO_BREAK}{story.head} of "
        f"layer{_NO_BREAK}{story.head_layer} spent {weight}{SPACE}% of its look on it."
    )


def _phrase(view: InsideView) -> str:
    words = view.before.split()[-2:]
    return (
        f"The words just before call for it: after “{' '.join(words)}” it is as good as a set "
        "phrase, and the heads that pushed for it hardly looked further back."
    )


def _nothing(view: InsideView) -> str:
    climbed = _first_layer_of_all(view)
    if climbed == view.layers[-1].layer:
        return "Nothing in particular carried it: only the last layer put it on top."
    if climbed is not None:
        return (
            f"Nothing in particular carried it: on top after layer {climbed}, and it stayed there."
        )
    return (
        f"Nothing in particular carried that: no head copied it, no set phrase called for it, and "
        f"after no layer was “{view.target}” on top."
    )


def _first_layer_of_all(view: InsideView) -> int | None:
    """Return the first layer, from 1, after which the author's word stays on top to the end."""
    first = None
    for layer in reversed(view.layers[1:]):
        if layer.target.rank != 1:
            break
        first = layer.layer
    return first


_STORIES = {
    "target_dropped": _target_dropped,
    "guess_dropped": _guess_dropped,
    "copied": _copied,
    "phrase": _phrase,
    "nothing": _nothing,
}


def likeness_sentence(likeness: LikenessView | None, label: str) -> str:
    """Say which layer the player read like, with its interval; empty where it cannot be said."""
    if likeness is None:
        return ""
    read = f"You read like {label} {_after(likeness.layer, likeness.layers)}"
    numbers = (
        f"perplexity {sensible(likeness.perplexity)}, 95{SPACE}% interval "
        f"{sensible(likeness.perplexity_low)} to {sensible(likeness.perplexity_high)}"
    )
    told = (
        f"of all its layers, that one was least surprised by the {counted(likeness.n, 'word')} "
        f"you typed ({numbers})"
        if likeness.typed
        else f"on these {counted(likeness.n, 'word')} its losses were nearest to yours ({numbers})"
    )
    return f"{read}: {told}. {_range(likeness)}"


def _after(layer: int, layers: int) -> str:
    return f"before layer 1 of {layers}" if layer == 0 else f"after layer {layer} of {layers}"


def _range(likeness: LikenessView) -> str:
    if likeness.low == likeness.high:
        return "No other layer is within the interval."
    if (likeness.low, likeness.high) == (0, likeness.layers):
        return "So few words cannot tell it from any other layer."
    return f"So few words cannot tell it from layers {likeness.low} to {likeness.high}."


def why_nothing_inside(is_duel: bool, is_private: bool, is_of_words: bool) -> str:
    """Say why no word of a round can be looked into; empty where nobody has looked yet.

    `is_of_words` where a round of words on the same passage could be.
    """
    if is_duel:
        return _NO_DUEL
    if is_of_words:
        return _OF_WORDS_ALONE
    return _NOT_AT_HAND if is_private else ""


def growth_sentence(view: InsideView) -> str:
    """Say how the residual stream grows here; exponential only where that is a fair word."""
    growth, layers = view.growth, len(view.norms) - 1
    if growth is None:
        return ""
    fit = f"R² {growth.r2:.2f} over {counted(layers, 'layer')}"
    by = f"by {signed(100 * (growth.rate - 1)).removesuffix('.00')}{SPACE}% a layer"
    if growth.exponential:
        return f"It grows exponentially, {by} ({fit})."
    return f"On average it grows {by} ({fit}); that is not called exponential here."


def strongest_parts(view: InsideView) -> list[PartWording]:
    """Return the five parts that pushed most, either way, in words."""
    parts = sorted(view.parts, key=lambda part: -abs(part.push))[:TOP_PARTS_SHOWN]
    most = max((abs(part.push) for part in parts), default=0.0) or 1.0
    return [
        PartWording(
            name=part_name(part),
            looked=_looked(part),
            push=signed(part.push),
            share=part.push / most,
        )
        for part in parts
        if abs(part.push) >= _LEAST_PUSH
    ]


def part_name(part: PartView) -> str:
    """Return what pages call a part."""
    if part.kind == "head":
        return f"Layer {part.layer}, head {part.head}"
    if part.kind == "mlp":
        return f"Layer {part.layer}, MLP"
    if part.kind == "attention":
        return f"Layer {part.layer}, attention’s constant"
    return "The last token itself" if part.kind == "embedding" else "The constant at the end"


def _looked(part: PartView) -> str:
    if part.kind == "head" and part.watched is None:
        return _NOT_KEPT
    if not part.watched:
        return ""
    seen = [f"{_quoted(one.token)} {half_up(100 * one.weight)}{SPACE}%" for one in part.watched[:3]]
    return f"looked at {', '.join(seen)}"


def _quoted(token: str) -> str:
    return token if token.startswith("(") and len(token) > 1 else f"“{token}”"


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
