"""What people say, not only whether it is what the author wrote: their answers by position."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from server.domain.estimators.accuracy import Interval
from server.domain.estimators.answers import (
    LEAST_ANSWERS,
    Distance,
    FirstChoice,
    coverage,
    entropy_nats,
    first_choice,
    total_variation,
)
from server.domain.intervals.clusters import Clusters
from server.domain.intervals.of_bets_and_duels import interval, mean_estimate
from server.domain.study.columns import guess_is_right
from server.domain.study.interchange import StudyGuess
from server.domain.text.tokens import Unit, folded


@dataclass(frozen=True)
class Answer:
    """One answer, with its share of people's and, where known, the model's probability and rank.

    `model_logprob_below` is what the log-probability is below, where it is not known itself.
    """

    answer: str
    count: int
    share: float
    model_logprob: float | None
    model_logprob_below: float | None
    model_rank: int | None


@dataclass(frozen=True)
class PositionAnalysis:
    """What people say at one position, commonest first; the model's part is None where unknown.

    `coverage` is the share of people's distribution that the different answers seen have.
    """

    passage: str
    position: int
    unit: str
    target: str
    answers: int
    different: int
    coverage: float
    entropy_nats: float
    total_variation: Distance | None
    first_choice: FirstChoice | None
    distribution: list[Answer]


@dataclass(frozen=True)
class PeopleAnalysis:
    """Means over positions with at least ten answers, and these positions.

    The means that need the model are over those positions where it is known for every answer.
    """

    model: str | None
    entropy_nats: Interval
    total_variation: Interval | None
    first_choice_people: Interval | None
    first_choice_model: Interval | None
    positions: list[PositionAnalysis]


def analyse_people(rows: Iterable[StudyGuess], model: str | None) -> PeopleAnalysis | None:
    """Return what people say where at least ten answered, None where nowhere so many did.

    First, unassisted answers count; skips are none. `model` is whom people are compared with: where
    None, the one whose probabilities most answers have.
    """
    asked: dict[tuple[str, int, str], list[StudyGuess]] = defaultdict(list)
    for row in rows:
        if row.guess is not None and row.attempt == 1 and not row.assisted:
            asked[row.passage, row.position, row.unit or ""].append(row)
    many = {place: rows for place, rows in asked.items() if len(rows) >= LEAST_ANSWERS}
    if not many:
        return None
    name = model or _usual_model(row for rows in many.values() for row in rows)
    positions = [_position(*place, many[place], name) for place in sorted(many)]
    known = [place for place in positions if place.total_variation is not None]
    distances = [place.total_variation.value for place in known if place.total_variation]
    choices = [place.first_choice for place in known if place.first_choice]
    return PeopleAnalysis(
        model=name,
        entropy_nats=_mean([place.entropy_nats for place in positions], positions),
        total_variation=_mean(distances, known) if known else None,
        first_choice_people=_mean([choice.people for choice in choices], known) if known else None,
        first_choice_model=_mean([choice.model for choice in choices], known) if known else None,
        positions=positions,
    )


def _usual_model(rows: Iterable[StudyGuess]) -> str | None:
    known = Counter(name for row in rows for name in row.guess_logprob)
    return min(known, key=lambda name: (-known[name], name)) if known else None


def _position(
    passage: str, position: int, unit: str, rows: Sequence[StudyGuess], model: str | None
) -> PositionAnalysis:
    alike: dict[str, list[StudyGuess]] = defaultdict(list)
    for row in rows:
        alike[_compared(row.guess or "", row.unit)].append(row)
    grouped = sorted(alike.items(), key=lambda item: (-len(item[1]), item[0]))
    answers = [_answer(name, its, len(rows), model) for name, its in grouped]
    counts = np.array([answer.count for answer in answers], dtype=np.int64)
    logprobs = [_known(answer) for answer in answers]
    known = None not in logprobs
    probabilities = np.exp(np.array([logprob or 0.0 for logprob in logprobs], dtype=np.float64))
    return PositionAnalysis(
        passage=passage,
        position=position,
        unit=unit,
        target=rows[0].target,
        answers=len(rows),
        different=len(answers),
        coverage=coverage(counts),
        entropy_nats=entropy_nats(counts),
        total_variation=total_variation(counts, probabilities) if known else None,
        first_choice=first_choice(counts, probabilities) if known else None,
        distribution=answers,
    )


def _known(answer: Answer) -> float | None:
    """Return the model's log-probability, or what it is below: then it is next to nothing."""
    exact = answer.model_logprob
    return answer.model_logprob_below if exact is None else exact


def _compared(answer: str, unit: Unit | None) -> str:
    """Return an answer as it is told from others: in words without regard to case."""
    if unit is Unit.WORDS:
        return folded(answer.strip())
    return unicodedata.normalize("NFC", answer)


def _answer(name: str, rows: Sequence[StudyGuess], total: int, model: str | None) -> Answer:
    """Return one answer; what any of its rows knows of the model, it knows."""
    logprobs = (_logprob(row, model) for row in rows)
    bounds = (row.guess_logprob_below.get(model) for row in rows if model is not None)
    ranks = (_rank(row, model) for row in rows)
    return Answer(
        answer=name,
        count=len(rows),
        share=len(rows) / total,
        model_logprob=next((logprob for logprob in logprobs if logprob is not None), None),
        model_logprob_below=next((bound for bound in bounds if bound is not None), None),
        model_rank=next((rank for rank in ranks if rank is not None), None),
    )


def _logprob(row: StudyGuess, model: str | None) -> float | None:
    """Return the model's log-probability of a guess; of a right one it is the target's."""
    if model is None:
        return None
    if model not in row.guess_logprob and guess_is_right(row):
        return row.target_logprob.get(model)
    return row.guess_logprob.get(model)


def _rank(row: StudyGuess, model: str | None) -> int | None:
    """Return a guess's rank, also where it is the target or the model's own first choice."""
    if model is None or row.model != model:
        return None
    if row.guess_rank is None and guess_is_right(row):
        return row.target_rank
    if row.guess_rank is None and row.model_guess is not None and row.guess is not None:
        return 1 if _compared(row.model_guess, row.unit) == _compared(row.guess, row.unit) else None
    return row.guess_rank


def _mean(values: Sequence[float], positions: Sequence[PositionAnalysis]) -> Interval:
    """Return the mean over positions; its interval is for these people on other such text."""
    passages: dict[str, int] = {}
    codes = [passages.setdefault(place.passage, len(passages)) for place in positions]
    clusters = Clusters(
        player=np.zeros(len(codes), dtype=np.int64),
        position=np.arange(len(codes)),
        passage=np.array(codes, dtype=np.int64),
    )
    return interval(mean_estimate(np.array(values, dtype=np.float64), clusters))
