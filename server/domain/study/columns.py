"""Rows of an export as the columns that the estimators work on."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from server.domain.estimators.arrays import FloatArray, IntArray
from server.domain.estimators.bets import Bets
from server.domain.estimators.duels import Judgements
from server.domain.estimators.shares import target_share
from server.domain.estimators.tries import Tries
from server.domain.intervals.clusters import Clusters
from server.domain.play.duels import Question
from server.domain.play.guessing import is_right
from server.domain.study.fields import Logprobs
from server.domain.study.interchange import StudyBet, StudyComparison, StudyGuess
from server.domain.text.tokens import Unit, folded

TRIES = "tries"
Places = Sequence[tuple[str, str, int | str]]  # player, passage, position


class Codes:
    """Codes for players, positions and passages that hold across all kinds of rows."""

    def __init__(self) -> None:
        self._players: dict[Hashable, int] = {}
        self._positions: dict[Hashable, int] = {}
        self._passages: dict[Hashable, int] = {}

    def clusters(self, places: Places) -> Clusters:
        """Return who answered where, as codes."""
        return Clusters(
            _coded(self._players, (player for player, _, _ in places)),
            _coded(self._positions, ((passage, position) for _, passage, position in places)),
            _coded(self._passages, (passage for _, passage, _ in places)),
        )


def _coded(known: dict[Hashable, int], values: Iterable[Hashable]) -> IntArray:
    codes = [known.setdefault(value, len(known)) for value in values]
    return np.array(codes, dtype=np.int64)


@dataclass(frozen=True)
class BetColumns:
    """Bets with the reference's and, where a model plays, that model's log-probability, (n,)."""

    bets: Bets
    reference_logprob: FloatArray
    player_logprob: FloatArray


@dataclass(frozen=True)
class ComparisonColumns:
    """Judgements with the target's log-probabilities by generator, reference and player."""

    judgements: Judgements
    generator_logprob: FloatArray
    reference_logprob: FloatArray
    player_logprob: FloatArray


def judged_columns(
    rows: Sequence[StudyComparison], codes: Codes, reference: str, played_by: str | None
) -> ComparisonColumns:
    """Return comparisons as columns; with `played_by` that model's odds replace what was stated.

    A model that plays answers what each row asked.

    A question is known by its name and its generator. A rival counts as the target where all models
    give both the same log-probability. Every row must know the reference and the model that plays.
    """
    question: dict[Hashable, int] = {}
    model = played_by or reference
    target, rival = (
        np.array([row.target_logprob[row.generator] for row in rows], dtype=np.float64),
        np.array([row.rival_logprob[row.generator] for row in rows], dtype=np.float64),
    )
    places = [(row.player, *_question_place(row)) for row in rows]
    return ComparisonColumns(
        Judgements(
            question=_coded(question, ((row.question, row.generator) for row in rows)),
            p_target=np.array([_probability(row, played_by) for row in rows], dtype=np.float64),
            log_ratio=target - rival,
            log_weight=rival - _drawn(rows, rival),
            same=np.array([row.target_logprob == row.rival_logprob for row in rows], dtype=bool),
            clusters=codes.clusters(places),
        ),
        target,
        np.array([row.target_logprob[reference] for row in rows], dtype=np.float64),
        np.array([row.target_logprob[model] for row in rows], dtype=np.float64),
    )


def _drawn(rows: Sequence[StudyComparison], by_generator: FloatArray) -> FloatArray:
    """Return how likely each rival was drawn: by the generator, where the row says nothing else."""
    pairs = zip(rows, by_generator.tolist(), strict=True)
    drawn = [row.drawn_logprob["rival"] if row.drawn_logprob else own for row, own in pairs]
    return np.array(drawn, dtype=np.float64)


def _question_place(row: StudyComparison) -> tuple[str, int | str]:
    if row.passage is None or row.position is None:
        return f"question {row.question}", row.question
    return row.passage, row.position


def _probability(row: StudyComparison, played_by: str | None) -> float:
    if played_by is None:
        return row.p_target
    against = row.rival_logprob[played_by] - row.target_logprob[played_by]
    if row.asked_as is Question.AUTHOR:
        against -= row.rival_logprob[row.generator] - row.target_logprob[row.generator]
    # math.exp overflows above 709 nats, which log-probabilities from -100 up cannot reach.
    return 1 / (1 + math.exp(against))


def by_density_ratio(columns: ComparisonColumns) -> ComparisonColumns:
    """Return the columns for ln mean_i (1 − r_i)/r_i, in place of g(x*)/g(x_i) · (1 − r_i)/r_i.

    Right for answers to "which did the author write?": there (1 − r)/r is
    h(x_i)g(x*) / (h(x*)g(x_i)), whose mean over rivals from g is g(x*)/h(x*) already.
    """
    unweighted = np.zeros_like(columns.judgements.log_ratio)
    return replace(columns, judgements=replace(columns.judgements, log_ratio=unweighted))


def bet_columns(
    rows: Sequence[StudyBet], codes: Codes, reference: str, played_by: str | None
) -> BetColumns:
    """Return bets as columns; with `played_by` that model's probabilities replace the stakes.

    The stand-in is the reference where it is among the models that know what was offered, otherwise
    the first of these. An offered token without a log-probability counts as nothing.
    """
    stand_ins = [stand_in(row, reference) for row in rows]
    stated = [_stated(row, played_by) for row in rows]
    model = played_by or reference
    logprob = [row.target_logprob[name] for row, name in zip(rows, stand_ins, strict=True)]
    rest = [_rest(row.offered_logprob[name]) for row, name in zip(rows, stand_ins, strict=True)]
    return BetColumns(
        Bets(
            share=np.array([share for share, _ in stated], dtype=np.float64),
            offered=np.array([offered for _, offered in stated], dtype=bool),
            target_logprob=np.array(logprob, dtype=np.float64),
            rest=np.array(rest, dtype=np.float64),
            clusters=codes.clusters([(row.player, row.passage, row.position) for row in rows]),
        ),
        np.array([row.target_logprob[reference] for row in rows], dtype=np.float64),
        np.array([row.target_logprob[model] for row in rows], dtype=np.float64),
    )


def stand_in(row: StudyBet, reference: str) -> str:
    """Return the model whose tail stands in for the player's."""
    return reference if reference in row.offered_logprob else next(iter(row.offered_logprob))


def _stated(row: StudyBet, played_by: str | None) -> tuple[float, bool]:
    names = _target_names(row)
    if played_by is None:
        return target_share(row.stakes, row.other, names)
    if any(token in row.stakes for token in names):
        return math.exp(row.target_logprob[played_by]), True
    other = _rest(row.offered_logprob[played_by])
    return max(other, math.exp(row.target_logprob[played_by])), False


def _target_names(row: StudyBet) -> list[str]:
    """Return the offered tokens that count as the target: in words, whatever their case."""
    if row.unit is not Unit.WORDS:
        return [row.target]
    word = folded(row.target.strip())
    return [token for token in row.stakes if folded(token.strip()) == word]


def _rest(offered: Logprobs) -> float:
    return 1.0 - math.fsum(math.exp(logprob) for logprob in offered.values())


def guess_is_right(row: StudyGuess) -> bool:
    """Tell whether a guess is right by its unit's rule; without a unit, when it equals the target.

    A skip is not right.
    """
    if row.guess is None:
        return False
    return (
        row.guess == row.target if row.unit is None else is_right(row.guess, row.target, row.unit)
    )


def model_is_right(row: StudyGuess) -> bool:
    """Tell whether the model's first choice is right: in words as a player's, else exactly."""
    if row.model_guess is None:
        return False
    if row.unit is Unit.WORDS:
        return is_right(row.model_guess, row.target, row.unit)
    return row.model_guess == row.target


def tries_columns(rows: Sequence[StudyGuess], codes: Codes) -> Tries:
    """Return the positions that were tried as columns; a skip is no try."""
    solved: dict[tuple[str, str, int], int] = {}
    made: dict[tuple[str, str, int], int] = {}
    for row in rows:
        place = (row.player, row.passage, row.position)
        made[place] = max(made.get(place, 0), row.attempt - (row.guess is None))
        solved.setdefault(place, 0)
        if guess_is_right(row):
            solved[place] = min(solved[place] or row.attempt, row.attempt)
    return Tries(
        np.array(list(solved.values()), dtype=np.int64),
        np.array([made[place] for place in solved], dtype=np.int64),
        codes.clusters(list(solved)),
    )
