"""Draw the rivals of duels at the positions that duels ask: the model's words, and common ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from server.domain.play.guessing import CANDIDATES_PER_SUGGESTION, SUGGESTIONS, suggested
from server.domain.play.rounds import POSITIONS_PER_ROUND, seeded_generator
from server.domain.scores.passage_scores import (
    RIVAL_TABLES,
    RIVALS_PER_POSITION,
    Candidate,
    Form,
    Rivals,
)
from server.domain.scores.unigram import unigram
from server.domain.text.tokens import Unit, Vocabulary

FREQUENCY_SHARE = 0.5  # of the draws in the tail: word frequency's, in `words`
# About half of all positions are in the tail, so these give a round's twelve.
POSITIONS_EXAMINED = 30

# positions (n,) -> their log-probabilities (n, vocabulary), nats, on the processor
LogProbs = Callable[[Sequence[int]], torch.Tensor]


@dataclass(frozen=True)
class _Drawn:
    position: int
    target_mass: float
    rival_ids: NDArray[np.int64]  # (16,)
    rival_mass: NDArray[np.float64]  # (16,)
    # (17,) how likely target and rivals were drawn, times the mass of the tail; None: by mass
    drawn: NDArray[np.float64] | None


class _Answers:
    """Which tokens can be answers in a unit, and which of them are one answer."""

    def __init__(self, of_token: NDArray[np.int32]) -> None:
        self.of_token = of_token  # (vocabulary,) -1 where the token is no answer
        self.ids = np.flatnonzero(of_token >= 0)  # (possible,) ascending; a place is an index here
        grouped = np.argsort(of_token[self.ids], kind="stable")
        answers, first, sizes = np.unique(
            of_token[self.ids][grouped], return_index=True, return_counts=True
        )
        # (answers, most tokens) the places of an answer's tokens, ascending, then one past all
        self.places = np.full((of_token.max() + 1, sizes.max()), len(self.ids))
        for column in range(sizes.max()):
            has = sizes > column
            self.places[answers[has], column] = grouped[first[has] + column]

    def masses(self, logprobs: torch.Tensor) -> NDArray[np.float64]:
        """Return the probability of each place, (rows, possible + 1), the one past all having 0."""
        masses = torch.zeros(len(logprobs), len(self.ids) + 1, dtype=torch.float64)
        inside = masses[:, :-1]
        inside.copy_(logprobs.index_select(1, torch.from_numpy(self.ids)))
        inside.exp_()
        return masses.numpy()

    def drawing(self, allowed: NDArray[np.float64], frequency: NDArray[np.float64]) -> _Drawing:
        """Return how places are drawn where half is by frequency; `allowed` is (possible,).

        An answer drawn by its frequency appears in one of its cases, by the model's taste.
        """
        answers = self.of_token[self.ids]
        mass_of = np.bincount(answers, weights=allowed, minlength=frequency.size)
        by_answer = mixed(mass_of.astype(np.float64), frequency, FREQUENCY_SHARE)
        scale = np.divide(by_answer, mass_of, out=np.zeros_like(by_answer), where=mass_of > 0)
        return _Drawing(np.cumsum(allowed * scale[answers]), by_answer)


@dataclass(frozen=True)
class _Drawing:
    """A draw at one position, on the scale of the model's mass of the tail."""

    cumulated: NDArray[np.float64]  # (possible,) sums of the weights of places up to each
    of_answer: NDArray[np.float64]  # (answers,)


class RivalDraws:
    """Draws rivals from the distributions of one model."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._answers = {
            Unit.WORDS: _Answers(vocabulary.word_answers),
            Unit.TOKENS: _Answers(np.arange(len(vocabulary), dtype=np.int32)),
        }
        self.frequency = _frequency(vocabulary)  # (words,) by their numbers; not scaled

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
            # As many positions together as one form wants: a few long operations beat many short.
            for start in range(0, len(examined[unit]), POSITIONS_PER_ROUND):
                forms = [form for form in Form if len(drawn[form]) < POSITIONS_PER_ROUND]
                if not forms:
                    break
                positions = examined[unit][start : start + POSITIONS_PER_ROUND]
                targets = [target_ids[position] for position in positions]
                rows = logprobs(positions)
                for form, one in self._draw(unit, forms, positions, targets, rows, seed):
                    if len(drawn[form]) < POSITIONS_PER_ROUND:
                        drawn[form].append(one)
            tables |= {RIVAL_TABLES[unit, form]: _table(drawn[form]) for form in Form}
        return tables

    def _draw(
        self,
        unit: Unit,
        forms: list[Form],
        positions: Sequence[int],
        targets: Sequence[int],
        rows: torch.Tensor,
        seed: Sequence[str],
    ) -> Iterator[tuple[Form, _Drawn]]:
        """Yield what each form draws here; the tail draws nothing for a target in the head."""
        answers = self._answers[unit]
        given = answers.masses(rows)
        for form in forms:
            allowed, kept = given, list(range(len(positions)))
            if form is Form.TAIL:
                heads = self.suggested_answers(unit, rows)
                kept = [k for k in kept if answers.of_token[targets[k]] not in heads[k]]
                allowed = given.copy()
                for k in kept:
                    allowed[k, answers.places[heads[k]]] = 0.0
            by_both = form is Form.TAIL and unit is Unit.WORDS
            if not by_both:
                cumulated = torch.from_numpy(allowed[:, :-1]).cumsum(dim=1).numpy()
            for k in kept:
                drawing = answers.drawing(allowed[k, :-1], self.frequency) if by_both else None
                weights = drawing.cumulated if drawing else cumulated[k]
                draws = seeded_generator(*seed, unit, form, f"rivals at {positions[k]}")
                ids = answers.ids[_sample(weights, draws.random(RIVALS_PER_POSITION))]
                named = answers.of_token[[targets[k], *ids]]
                masses = given[k, answers.places[named]].sum(axis=1)
                drawn = drawing.of_answer[named] if drawing else None
                yield form, _Drawn(positions[k], float(masses[0]), ids, masses[1:], drawn)

    def suggested_answers(self, unit: Unit, logprobs: torch.Tensor) -> list[NDArray[np.int32]]:
        """Return the answers of the eight suggestions in each row of log-probabilities."""
        answers = self._answers[unit]
        wanted = min(CANDIDATES_PER_SUGGESTION * SUGGESTIONS, len(answers.ids))
        places = torch.from_numpy(answers.ids)
        best = logprobs.index_select(1, places).topk(wanted, dim=1).indices.sort(dim=1).values
        best_ids = places[best]
        values = logprobs.gather(1, best_ids)
        order = values.argsort(dim=1, descending=True, stable=True)
        return [
            self._suggested(unit, ids, row)
            for ids, row in zip(
                best_ids.gather(1, order).tolist(), values.gather(1, order).tolist(), strict=True
            )
        ]

    def _suggested(
        self, unit: Unit, ids: Sequence[int], logprobs: Sequence[float]
    ) -> NDArray[np.int32]:
        candidates = (
            Candidate(token_id, self._vocabulary.text(token_id), logprob)
            for token_id, logprob in zip(ids, logprobs, strict=True)
        )
        offered = [candidate.token_id for candidate in suggested(candidates, unit, SUGGESTIONS)]
        return self._answers[unit].of_token[offered]


def mixed(
    mass: NDArray[np.float64], frequency: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Return how answers are drawn, (answers,), a share of it by frequency, on the scale of `mass`.

    What has no mass is not drawn.
    """
    can_be = np.where(mass > 0, frequency, 0.0)
    drawn: NDArray[np.float64] = (1 - share) * mass + share * mass.sum() * can_be / can_be.sum()
    return drawn


def _frequency(vocabulary: Vocabulary) -> NDArray[np.float64]:
    """Return how frequent each word of a vocabulary is, (words,), by its number; not scaled."""
    known, frequency = unigram(), np.zeros(vocabulary.answers(Unit.WORDS))
    for token_id in vocabulary.word_ids:
        word = vocabulary.word_answers[token_id]
        frequency[word] = frequency[word] or math.exp(-known.loss_nats(vocabulary.text(token_id)))
    return frequency


def _sample(cumulated: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return one index for each number in [0, 1), with probability in proportion to the weights.

    `cumulated` are the sums of the weights up to each.
    """
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
        **_drawn_columns(drawn),
    )


def _drawn_columns(drawn: list[_Drawn]) -> dict[str, NDArray[np.float32]]:
    """Return how likely targets and rivals were to be drawn; nothing where the model drew."""
    known = [entry.drawn for entry in drawn if entry.drawn is not None]
    if not known:
        return {}
    logprob = np.log(np.array(known)).astype(np.float32)
    return {"target_drawn_logprob": logprob[:, 0], "rival_drawn_logprob": logprob[:, 1:]}
