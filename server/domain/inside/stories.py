"""What is worth saying of a position: which of a few stories its numbers tell, if any."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from server.domain.inside.parts import PartKind
from server.domain.inside.position import InsidePosition, LayerReading, Push
from server.domain.inside.trace import Lens
from server.domain.text.tokens import folded

TOP_PARTS = 5
COPYING_WEIGHT = 0.15  # a head that looks less at a word hardly copies it
COPYING_SHARE = 0.15  # of all that pushed towards the word
PHRASE_PROBABILITY = 0.3
PHRASE_TOKENS = 3  # the last ones before the gap
PHRASE_HEADS = 8  # those that pushed most
PHRASE_SHARE = 0.6  # of what these heads looked at


class Story(StrEnum):
    """Why the model said what it said, as far as its numbers tell."""

    TARGET_DROPPED = "target_dropped"  # an earlier layer had the author's word on top
    GUESS_DROPPED = "guess_dropped"  # an earlier layer had the player's word on top
    COPIED = "copied"  # heads looked at the same word further up
    PHRASE = "phrase"  # the last few words call for it
    NOTHING = "nothing"  # nothing in particular


@dataclass(frozen=True)
class Found:
    """A story with what its sentence names; what it does not need is None.

    `layer` is the one that had the word on top. `earlier` is the position of the same word further
    up, `head` the layer and head that looked at it most, with `weight`.
    """

    story: Story
    layer: int | None = None
    earlier: int | None = None
    head: tuple[int, int] | None = None
    weight: float | None = None


def story_of(inside: InsidePosition) -> Found:
    """Return the first of the stories, in the order of `Story`, that is true of a position.

    Dropped words are looked for where the model missed, after layers 1 to L - 1, by the fitted
    lens: layer 0 has only read the last token. Copying and phrases explain the model's own word.
    """
    readings = inside.layers(Lens.FITTED)
    return (
        _dropped(inside, readings)
        or _copied(inside)
        or _phrase(inside, readings[-1])
        or Found(Story.NOTHING)
    )


def layer_on_top(ranks: list[int | None]) -> int | None:
    """Return the last layer before the output, from 1, that had the word on top and lost it.

    `ranks` are those after layers 0 to L. None where there is none, or where it is on top at last.

    >>> layer_on_top([9, 3, 1, 4]), layer_on_top([9, 3, 1, 1]), layer_on_top([1, 2, 2, 2])
    (2, None, None)
    """
    if ranks[-1] == 1:
        return None
    return next((layer for layer in range(len(ranks) - 2, 0, -1) if ranks[layer] == 1), None)


def _dropped(inside: InsidePosition, readings: list[LayerReading]) -> Found | None:
    layer = layer_on_top([reading.target.rank for reading in readings])
    if layer is not None:
        return Found(Story.TARGET_DROPPED, layer)
    if inside.gap.target_id in inside.guess_ids:
        return None
    layer = layer_on_top([r.guess.rank if r.guess else None for r in readings])
    known = readings[-1].guess is not None  # a word beyond what is stored may be on top elsewhere
    return Found(Story.GUESS_DROPPED, layer) if layer is not None and known else None


def towards_model(inside: InsidePosition) -> list[Push]:
    """Return what every part pushed towards the model's word, strongest first."""
    sign = 1 if inside.model_id == inside.gap.target_id else -1
    return sorted(
        (Push(push.part, sign * push.push) for push in inside.pushes()), key=lambda p: -p.push
    )


def _copied(inside: InsidePosition) -> Found | None:
    """Find heads among the strongest parts that looked at the model's word further up."""
    pushing = towards_model(inside)
    towards = sum(push.push for push in pushing if push.push > 0)
    copying, best = 0.0, Found(Story.COPIED, weight=0.0)
    word = folded(inside.gap.vocabulary.text(inside.model_id).strip())
    for push in pushing[:TOP_PARTS]:
        if push.part.kind is not PartKind.HEAD or push.push <= 0:
            continue
        layer, head = push.part.layer or 0, push.part.head or 0
        same = [
            seen
            for seen in inside.watched(layer, head) or ()
            if seen.position is not None and word and _word_at(inside, seen.position) == word
        ]
        looked = sum(seen.weight for seen in same)
        if looked >= COPYING_WEIGHT:
            copying += push.push
            if looked > (best.weight or 0.0):
                best = Found(
                    Story.COPIED, earlier=same[0].position, head=(layer, head), weight=looked
                )
    return best if towards and copying / towards >= COPYING_SHARE else None


def _phrase(inside: InsidePosition, output: LayerReading) -> Found | None:
    """Tell whether a word that stands nowhere above is likely for its nearest neighbours' sake.

    The heads that pushed most for it are asked: of these, small traces keep what they looked at.
    """
    if math.exp(output.model.logprob_nats) < PHRASE_PROBABILITY:
        return None
    position = inside.gap.position
    word = folded(inside.gap.vocabulary.text(inside.model_id).strip())
    if any(_word_at(inside, earlier) == word for earlier in range(position)):
        return None
    near = all_seen = 0.0
    heads = [push for push in towards_model(inside) if push.part.kind is PartKind.HEAD]
    for push in heads[:PHRASE_HEADS]:
        if push.push <= 0:
            break
        for seen in inside.watched(push.part.layer or 0, push.part.head or 0) or ():
            if seen.position is None:  # where heads look that have nothing to look for
                continue
            share = push.push * seen.weight
            all_seen += share
            near += share if seen.position >= position - PHRASE_TOKENS else 0.0
    return Found(Story.PHRASE) if all_seen and near / all_seen >= PHRASE_SHARE else None


def _word_at(inside: InsidePosition, position: int) -> str:
    token = int(inside.gap.scores.token_ids[position])
    return folded(inside.gap.vocabulary.text(token).strip())
