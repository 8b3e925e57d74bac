"""Draw the rivals of duels from a model's distribution at the positions that duels ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from server.domain.guessing import CANDIDATES_PER_SUGGESTION, SUGGESTIONS, suggested
from server.domain.rounds import POSITIONS_PER_ROUND, seeded_generator, shuffled_positions
from server.domain.scores import (
    RIVAL_TABLES,
    RIVALS_PER_POSITION,
    Candidate,
    Form,
    Rivals,
)
from server.domain.tokens import TokenizedText, Unit, Vocabulary

# About half of all positions are in the tail, so that these give a round's twelve.
_EXAMINED = 30

LogProbs = Callable[[list[int]], torch.Tensor]  # positions -> (positions, vocabulary), nats


@dataclass(frozen=True)
class _Drawn:
    position: int
    target_mass: float
    rival_ids: NDArray[np.int64]  # (16,)
    rival_mass: NDArray[np.float64]  # (16,)


class RivalDraws:
    """Draws rivals from the distributions of one model."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        # (tokens,) which answer a token is; -1 where the unit has no such answer
        self._answers = {
            Unit.WORDS: vocabulary.word_answers,
            Unit.TOKENS: np.arange(len(vocabulary), dtype=np.int32),
        }

    def tables(
        self,
        text: TokenizedText,
        target_ids: Sequence[int],
        seed: Sequence[str],
        logprobs: LogProbs,
    ) -> dict[str, Rivals]:
        """Return the rivals of both forms in both units, by the name of their field in the scores.

        The same seed draws the same rivals; positions are the first of the order that rounds ask.
        """
        tables = {}
        for unit in Unit:
            positions = shuffled_positions(text, unit, (*seed, unit))[:_EXAMINED]
            rows = logprobs(positions).double().cpu().numpy()
            targets = [target_ids[position] for position in positions]
            for form in Form:
                drawn = self._draw(unit, form, positions, targets, rows, seed)
                tables[RIVAL_TABLES[unit, form]] = drawn
        return tables

    def _draw(
        self,
        unit: Unit,
        form: Form,
        positions: list[int],
        targets: list[int],
        rows: NDArray[np.float64],
        seed: Sequence[str],
    ) -> Rivals:
        answers, drawn = self._answers[unit], list[_Drawn]()
        for position, target, row in zip(positions, targets, rows, strict=True):
            given = np.where(answers >= 0, np.exp(row), 0.0)
            mass = np.bincount(np.maximum(answers, 0), weights=given).astype(np.float64)
            allowed = given
            if form is Form.TAIL:
                head = self.suggested_answers(unit, row)
                if answers[target] in head:
                    continue
                allowed = np.where(np.isin(answers, head), 0.0, given)
            draws = seeded_generator(*seed, unit, form, f"rivals at {position}")
            ids = _sample(allowed, draws.random(RIVALS_PER_POSITION))
            target_mass = float(mass[answers[target]])
            drawn.append(_Drawn(position, target_mass, ids, mass.take(answers[ids])))
            if len(drawn) == POSITIONS_PER_ROUND:
                break
        return _table(sorted(drawn, key=lambda entry: entry.position))

    def suggested_answers(self, unit: Unit, row: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the answers of the eight suggestions, given one position's log-probabilities."""
        answers = self._answers[unit]
        ranked = np.where(answers >= 0, row, -np.inf)
        wanted = min(CANDIDATES_PER_SUGGESTION * SUGGESTIONS, int((answers >= 0).sum()))
        best = np.argpartition(-ranked, wanted - 1)[:wanted]
        best = best[np.argsort(-ranked[best], kind="stable")]
        candidates = (Candidate(int(i), self._vocabulary.text(int(i)), row[i]) for i in best)
        offered = [candidate.token_id for candidate in suggested(candidates, unit, SUGGESTIONS)]
        return answers[offered]


def _sample(weights: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return one index for each number in [0, 1), with probability in proportion to `weights`."""
    cumulated = np.cumsum(weights)
    places = np.searchsorted(cumulated, uniform * cumulated[-1], side="right")
    last = int(np.flatnonzero(weights)[-1])
    return np.asarray(np.minimum(places, last), dtype=np.int64)


def _table(drawn: list[_Drawn]) -> Rivals:
    shape = (len(drawn), RIVALS_PER_POSITION)
    ids = np.array([entry.rival_ids for entry in drawn], dtype=np.int32).reshape(shape)
    masses = np.array([entry.rival_mass for entry in drawn], dtype=np.float64).reshape(shape)
    targets = np.array([entry.target_mass for entry in drawn], dtype=np.float64)
    return Rivals(
        positions=np.array([entry.position for entry in drawn], dtype=np.int32),
        target_logprob=np.log(targets).astype(np.float32),
        rival_ids=ids,
        rival_logprob=np.log(masses).astype(np.float32),
    )
