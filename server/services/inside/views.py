"""One position's inside as the contract has it."""

from __future__ import annotations

import math

from server.domain.inside.parts import PartKind
from server.domain.inside.position import InsidePosition, LayerReading, Standing
from server.domain.inside.stories import TOP_PARTS, Found, story_of
from server.domain.inside.trace import Lens
from server.domain.play.guessing import visible
from server.domain.text.tokens import Unit
from server.services.contract.answers import CandidateView
from server.services.contract.inside import (
    GrowthView,
    InsideView,
    LayerView,
    NormView,
    PartView,
    StandingView,
    StoryView,
    WatchedView,
)
from server.services.play.library import Scene

CHARACTERS_BEFORE = 160
BEGINNING = "(the beginning)"


def inside_view(scene: Scene, inside: InsidePosition, lens: Lens, guess: str | None) -> InsideView:
    """Return what is shown of a settled position; `guess` is the player's word, if any."""
    gap, vocabulary = inside.gap, inside.gap.vocabulary
    return InsideView(
        story=_story_view(inside, story_of(inside)),
        position=gap.position,
        unit=gap.unit,
        opponent=scene.opponent,
        passage=scene.passage,
        before=_before(scene, gap.position),
        lens=lens.value,
        target=visible(gap.target, gap.unit),
        model=visible(vocabulary.text(inside.model_id), gap.unit),
        guess=None if guess is None else visible(guess, gap.unit),
        other=visible(vocabulary.text(inside.other_id), gap.unit),
        layers=[_layer_view(inside, reading) for reading in inside.layers(lens)],
        norms=[
            NormView(layer=one.layer, norm=one.norm, attention=one.attention, mlp=one.mlp)
            for one in inside.norms()
        ],
        growth=_growth_view(inside),
        parts=part_views(inside),
    )


def _before(scene: Scene, position: int) -> str:
    """Return the end of the text before a position, from the beginning of a word on."""
    text = scene.reading.text.before(position)
    if len(text) <= CHARACTERS_BEFORE:
        return text
    _, _, rest = text[-CHARACTERS_BEFORE:].partition(" ")
    return f"… {rest}"


def _layer_view(inside: InsidePosition, reading: LayerReading) -> LayerView:
    return LayerView(
        layer=reading.layer,
        target=_standing_view(reading.target),
        model=_standing_view(reading.model),
        guess=_standing_view(reading.guess) if reading.guess else None,
        top=[
            CandidateView(token=visible(one.text, inside.gap.unit), probability=one.probability)
            for one in reading.top
        ],
    )


def _standing_view(standing: Standing) -> StandingView:
    return StandingView(probability=min(1.0, math.exp(standing.logprob_nats)), rank=standing.rank)


def _growth_view(inside: InsidePosition) -> GrowthView | None:
    growth = inside.growth()
    if growth is None:
        return None
    return GrowthView(rate=growth.rate, r2=growth.r2, exponential=growth.is_exponential)


def part_views(inside: InsidePosition) -> list[PartView]:
    """Return every part's push in the model's order, the strongest heads with what they saw."""
    pushes = inside.pushes()
    strongest = sorted(
        (one for one in pushes if one.part.kind is PartKind.HEAD), key=lambda one: -abs(one.push)
    )[:TOP_PARTS]
    return [
        PartView(
            layer=one.part.layer,
            kind=one.part.kind.value,
            head=one.part.head,
            push=one.push,
            watched=_watched_views(inside, one.part.layer or 0, one.part.head or 0)
            if one in strongest
            else None,
        )
        for one in pushes
    ]


def _watched_views(inside: InsidePosition, layer: int, head: int) -> list[WatchedView] | None:
    ids, vocabulary = inside.gap.scores.token_ids, inside.gap.vocabulary
    watched = inside.watched(layer, head)
    if watched is None:
        return None
    return [
        WatchedView(
            position=seen.position,
            token=BEGINNING
            if seen.position is None
            else _shown(vocabulary.text(int(ids[seen.position])), inside.gap.unit),
            weight=seen.weight,
        )
        for seen in watched
    ]


def _shown(token: str, unit: Unit) -> str:
    return visible(token, unit) or visible(token, Unit.TOKENS)  # of a blank its sign is left


def _story_view(inside: InsidePosition, found: Found) -> StoryView:
    layer, head = found.head or (None, None)
    return StoryView(
        kind=found.story.value,
        layer=found.layer,
        head_layer=layer,
        head=head,
        weight=found.weight,
        words_back=None if found.earlier is None else _words_back(inside, found.earlier),
    )


def _words_back(inside: InsidePosition, earlier: int) -> int:
    text, position = inside.gap.reading.text, inside.gap.position
    return len(text.before(position).split()) - len(text.before(earlier).split())
