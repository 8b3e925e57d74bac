"""One position of a passage, layer by layer: the author's word, the model's and the player's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from server.domain.inside.growth import Growth, growth_of
from server.domain.inside.parts import Part, parts_of
from server.domain.inside.trace import (
    TOP_AFTER_LAYER,
    WEIGHT_STEPS,
    Lens,
    PassageTrace,
    UnitTrace,
    row_of,
)
from server.domain.scores.gap import Gap
from server.domain.scores.passage_scores import Candidate


@dataclass(frozen=True)
class Standing:
    """Where a word stands after a layer, under the unit's rule; rank 1 is the first choice."""

    logprob_nats: float
    rank: int


@dataclass(frozen=True)
class LayerReading:
    """What would be said if the model stopped after a layer; `guess` is None where not kept."""

    layer: int
    target: Standing
    model: Standing
    guess: Standing | None
    top: tuple[Candidate, ...]


@dataclass(frozen=True)
class Norms:
    """The residual stream's length after a layer, and of what the layer added; 0 has no layer."""

    layer: int
    norm: float
    attention: float | None
    mlp: float | None


@dataclass(frozen=True)
class Push:
    """What a part added to the target's logit, minus what it added to the other word's."""

    part: Part
    push: float


@dataclass(frozen=True)
class Watched:
    """A token that a head looked at, by its position; None is the beginning before every text."""

    position: int | None
    weight: float


class InsidePosition:
    """The stored inside of a model at one asked position, read together with its scores."""

    def __init__(self, trace: PassageTrace, gap: Gap, guess_ids: tuple[int, ...] = ()) -> None:
        """Take the ids of the player's word; raise KeyError for a position that is not traced."""
        unit_trace = trace.of(gap.unit)
        row, unit_row = trace.row_of(gap.position), row_of(unit_trace.positions, gap.position)
        if row is None or unit_row is None:
            raise KeyError(gap.position)
        self.trace, self.gap, self.guess_ids = trace, gap, guess_ids
        self._unit: UnitTrace = unit_trace
        self._row, self._unit_row = row, unit_row

    @property
    def model_id(self) -> int:
        """The id of the model's first choice."""
        return self.gap.candidates(1)[0].token_id

    @property
    def other_id(self) -> int:
        """The id of the word that the target is weighed against: the best that is not the target.

        Where the model missed, that is its own word; where it was right, the runner-up.
        """
        return int(self._unit.kept_ids[self._unit_row, 1])

    def layers(self, lens: Lens) -> list[LayerReading]:
        """Return what the lens reads after each layer, 0 to L; the last is the output itself."""
        readings = [self._after(lens, layer) for layer in range(self.trace.layers)]
        return [*readings, self._output()]

    def _after(self, lens: Lens, layer: int) -> LayerReading:
        table = self._unit.table(lens)
        logprobs = table.logprob[self._unit_row, layer].astype(np.float64)
        ranks = table.rank[self._unit_row, layer]
        kept = [int(one) for one in self._unit.kept_ids[self._unit_row, : len(logprobs)]]
        best = sorted((int(ranks[i]), float(logprobs[i])) for i in self._places(kept))
        model = kept.index(self.model_id)
        vocabulary = self.gap.vocabulary
        ids, tops = table.top_ids[self._unit_row, layer], table.top_logprob[self._unit_row, layer]
        return LayerReading(
            layer=layer,
            target=Standing(float(logprobs[0]), int(ranks[0])),
            model=Standing(float(logprobs[model]), int(ranks[model])),
            guess=Standing(best[0][1], best[0][0]) if best else None,
            top=tuple(
                Candidate(int(token), vocabulary.text(int(token)), float(logprob))
                for token, logprob in zip(ids, tops, strict=True)
            ),
        )

    def _places(self, kept: list[int]) -> list[int]:
        return [place for place, token in enumerate(kept) if token in self.guess_ids]

    def _output(self) -> LayerReading:
        gap = self.gap
        (first,) = gap.candidates(1)
        found = gap.find(self.guess_ids) if self.guess_ids else None
        return LayerReading(
            layer=self.trace.layers,
            target=Standing(-gap.target_loss_nats, gap.target_rank),
            model=Standing(min(0.0, first.logprob_nats), 1),
            guess=Standing(found[1], found[0]) if found else None,
            top=tuple(gap.candidates(TOP_AFTER_LAYER)),
        )

    def norms(self) -> list[Norms]:
        """Return the lengths of the residual stream and of what each layer added to it."""
        trace, row = self.trace, self._row
        added = zip(trace.attention_norm[row], trace.mlp_norm[row], strict=True)
        norms = [float(norm) for norm in trace.residual_norm[row]]
        return [
            Norms(0, norms[0], None, None),
            *(
                Norms(layer, norms[layer], float(attention), float(mlp))
                for layer, (attention, mlp) in enumerate(added, start=1)
            ),
        ]

    def growth(self) -> Growth | None:
        """Return how the residual stream grows here, or None where it cannot be said."""
        return growth_of(self.trace.residual_norm[self._row])

    def pushes(self) -> list[Push]:
        """Return what every part pushed, in stored order; their sum is the logits' difference."""
        parts = parts_of(self.trace.layers, self.trace.heads)
        pushes = self._unit.push[self._unit_row]
        return [Push(part, float(push)) for part, push in zip(parts, pushes, strict=True)]

    def watched(self, layer: int, head: int) -> list[Watched] | None:
        """Return what a head looked at, most first, or None where that is not kept.

        Layers and heads are counted from 1.
        """
        here = self._row, layer - 1, head - 1
        if self.trace.heads_kept is not None and not self.trace.heads_kept[here]:
            return None
        pairs = zip(self.trace.columns[here], self.trace.weights[here], strict=True)
        return [
            Watched(int(column) - 1 if column else None, int(weight) / WEIGHT_STEPS)
            for column, weight in pairs
            if weight
        ]
