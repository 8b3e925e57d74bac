"""Draw the rivals of duels from a model's distribution at the positions that duels ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from server.domain.guessing import CANDIDATES_PER_SUGGESTION, SUGGESTIONS, suggested
from server.domain.rounds import POSITIONS_PER_ROUND, seeded_generator
from server.domain.scores import (
    RIVAL_TABLES,
    RIVALS_PER_POSITION,
    Candidate,
    Form,
    Rivals,
)
from server.domain.tokens import Unit, Vocabulary

# About half of all positions are in the tail, so that these give a round's twelve.
POSITIONS_EXAMINED = 30

LogProbs = Callable[[int], torch.Tensor]  # position -> (vocabulary,), nats


@dataclass(frozen=True)
class _Drawn:
    position: int
    target_mass: float
    rival_ids: NDArray[np.int64]  # (16,)
    rival_mass: NDArray[np.float64]  # (16,)


class _Answers:
    """Which tokens can be answers in a unit, and which of them are one answer."""

    def __init__(self, of_token: NDArray[np.int32]) -> None:
        self.of_token = of_token  # (vocabulary,) -1 where the token is no answer
        self.ids = np.flatnonzero(of_token >= 0)  # (possible,) ascending; a place is an index here
        self._grouped = np.argsort(of_token[self.ids], kind="stable")
        self._starts = np.searchsorted(
            of_token[self.ids][self._grouped], np.arange(of_token.max() + 2)
        )

    def places(self, answer: int) -> NDArray[np.int64]:
        """Return the places of the tokens that are this answer, ascending."""
        return self._grouped[self._starts[answer] : self._starts[answer + 1]]


class RivalDraws:
    """Draws rivals from the distributions of one model."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._answers = {
            Unit.WORDS: _Answers(vocabulary.word_answers),
            Unit.TOKENS: _Answers(np.arange(len(vocabulary), dtype=np.int32)),
        }

    def tables(
        self,
        examined: Mapping[Unit, Sequence[int]],
        target_ids: Sequence[int],
        seed: Sequence[str],
        logprobs: LogProbs,
    ) -> dict[str, Rivals]:
        """Return the rivals of both forms in both units, by the name of their field in the scores.

        `examined` are the first positions of the order that rounds ask; each form takes the first
        twelve that it can. The same seed draws the same rivals.
        """
        tables: dict[str, Rivals] = {}
        for unit in Unit:
            drawn: dict[Form, list[_Drawn]] = {form: [] for form in Form}
            for position in examined[unit]:
                forms = [form for form in Form if len(drawn[form]) < POSITIONS_PER_ROUND]
                if not forms:
                    break
                row = logprobs(position).double().numpy()
                for form, one in self._draw(unit, forms, position, target_ids[position], row, seed):
                    drawn[form].append(one)
            tables |= {RIVAL_TABLES[unit, form]: _table(drawn[form]) for form in Form}
        return tables

    def _draw(
        self,
        unit: Unit,
        forms: list[Form],
        position: int,
        target: int,
        row: NDArray[np.float64],
        seed: Sequence[str],
    ) -> Iterator[tuple[Form, _Drawn]]:
        """Yield what each of the forms draws here: the tail nothing for a target in the head."""
        answers = self._answers[unit]
        given = np.exp(row[answers.ids])
        for form in forms:
            allowed = given
            if form is Form.TAIL:
                head = self.suggested_answers(unit, row)
                if answers.of_token[target] in head:
                    continue
                allowed = given.copy()
                allowed[np.concatenate([answers.places(answer) for answer in head])] = 0.0
            draws = seeded_generator(*seed, unit, form, f"rivals at {position}")
            ids = answers.ids[_sample(allowed, draws.random(RIVALS_PER_POSITION))]
            masses = [
                float(given[answers.places(answer)].sum())
                for answer in answers.of_token[[target, *ids]]
            ]
            yield form, _Drawn(position, masses[0], ids, np.array(masses[1:]))

    def suggested_answers(self, unit: Unit, row: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the answers of the eight suggestions, given one position's log-probabilities."""
        answers = self._answers[unit]
        wanted = min(CANDIDATES_PER_SUGGESTION * SUGGESTIONS, len(answers.ids))
        places = torch.from_numpy(row[answers.ids]).topk(wanted).indices.sort().values.numpy()
        best = answers.ids[places]
        best = best[np.argsort(-row[best], kind="stable")]
        candidates = (Candidate(int(i), self._vocabulary.text(int(i)), row[i]) for i in best)
        offered = [candidate.token_id for candidate in suggested(candidates, unit, SUGGESTIONS)]
        return answers.of_token[offered]


def _sample(weights: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return one index for each number in [0, 1), with probability in proportion to `weights`."""
    cumulated = np.cumsum(weights)
    places = np.searchsorted(cumulated, uniform * cumulated[-1], side="right")
    last = np.searchsorted(cumulated, cumulated[-1])  # the last that adds anything
    return np.asarray(np.minimum(places, last), dtype=np.int64)


def _table(drawn: list[_Drawn]) -> Rivals:
    drawn = sorted(drawn, key=lambda entry: entry.position)
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
