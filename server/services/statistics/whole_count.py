"""The public statistics counted whole, from every answer: the truth that the sums are held to.

Its cost grows with the answers, so no page waits for it: `flask stats check` and tests do. `check`
says where sums and answers disagree.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
from sqlalchemy.orm import Session

from server.domain.estimators.arrays import IntArray
from server.domain.estimators.calibration import Statement, calibration
from server.domain.intervals.clusters import ClusterSquares, codes_by_kind, squares_of_marks
from server.domain.intervals.of_accuracy import DEFAULT_PAIRED, PairedComponents, fit_paired
from server.domain.play.betting import STAKE_STEPS
from server.domain.play.conduct import Exclusion
from server.domain.play.rounds import Mode
from server.domain.study.analysis import analyse
from server.domain.study.interchange import Row, row_from_record
from server.domain.sums.pooled_analysis import Losses
from server.domain.text.tokens import Unit
from server.services.contract.statistics import LeftOutView, PublicStatistics
from server.services.research.records import (
    Names,
    bet_record,
    export_names,
    guess_record,
    judgement_record,
)
from server.services.statistics.baseline import baseline_numbers
from server.services.statistics.opponent_views import FACETS, OpponentNumbers, opponent_views
from server.services.statistics.stated_parts import (
    CONFIDENCE_STEPS,
    answers_today_s,
    preferred,
    staked,
)
from server.services.statistics.sum_keys import BaselineSums
from server.store.exports import stream_bets, stream_guesses, stream_judgements
from server.store.rows import AnswerRow, FirstGuess
from server.store.scoring.scores import models_by_id
from server.store.statistics import first_guesses as paired
from server.store.statistics.first_guesses import AnswerCounts, PairedGroup

TOLERANCE = 1e-9


@dataclass
class _StatedRows:
    """The rows of one model and unit, and what was stated of what came true."""

    rows: list[Row] = field(default_factory=list)
    bets: list[Statement] = field(default_factory=list)
    duels: list[Statement] = field(default_factory=list)


Answer = TypeVar("Answer", bound=AnswerRow)
_Stated = Mapping[tuple[int, str], _StatedRows]


def whole_count(session: Session, now: datetime) -> PublicStatistics:
    """Count everything anew."""
    names = export_names(session, lambda public_id: public_id)
    reasons = Counter(exclusion.reason for exclusion in names.excluded.values())
    answers = {
        (player, mode): counts
        for (player, mode), counts in paired.answers_by_mode(session).items()
        if names.counts(player, mode)
    }
    given = answers.values()
    return PublicStatistics(
        counted_at=now,
        players=len({player for (player, _), c in answers.items() if _total(c)}),
        guesses=sum(counts.guesses for counts in given),
        bets=sum(counts.bets for counts in given),
        judgements=sum(counts.judgements for counts in given),
        first_question=sum(counts.first_question for counts in given),
        left_out=LeftOutView(
            flagged=reasons[Exclusion.FLAGGED],
            skipping=reasons[Exclusion.SKIPPING],
            fast=reasons[Exclusion.FAST],
            outlying=reasons[Exclusion.OUTLYING],
            repeated_guesses=paired.count_repeated(session),
        ),
        opponents=opponent_views(_numbers(session, names), models_by_id(session)),
    )


def _total(counts: AnswerCounts) -> int:
    return counts.guesses + counts.bets + counts.judgements


def _numbers(session: Session, names: Names) -> Iterable[OpponentNumbers]:
    excluded = [
        (player, mode.value)
        for player, exclusion in names.excluded.items()
        for mode in Mode
        if not exclusion.counts(mode)
    ]
    guesses: dict[tuple[int, str], list[FirstGuess]] = defaultdict(list)
    for row in paired.first_guesses(session, excluded):
        guesses[row.model_id, row.unit].append(row)
    stated = _stated_rows(session, names)
    for model_id, unit in guesses.keys() | stated.keys():
        mine = guesses.get((model_id, unit), [])
        rows = stated.get((model_id, unit), _StatedRows())
        yield OpponentNumbers(
            model_id,
            unit,
            {facet: _groups(mine, facet) for facet in FACETS},
            len(rows.rows),
            _baseline([row for row in mine if not row.assisted]),
            _components([row for row in mine if not row.assisted]),
            _losses(rows.rows, names.models[model_id], unit),
            calibration(rows.bets, STAKE_STEPS),
            calibration(rows.duels, CONFIDENCE_STEPS),
        )


def _groups(rows: list[FirstGuess], facet: str) -> list[PairedGroup]:
    """Return a facet's groups in the order of their keys; all but modes leave out assisted play."""
    members: dict[tuple[Any, ...], list[FirstGuess]] = defaultdict(list)
    for row in rows:
        if facet == "modes" or not row.assisted:
            members[_KEYS[facet](row)].append(row)
    return [_group(key, members[key]) for key in sorted(members)]


_KEYS: dict[str, Callable[[FirstGuess], tuple[Any, ...]]] = {
    "all": lambda _: (),
    "modes": lambda row: (row.mode, row.assisted),
    "genres": lambda row: (row.genre,),
    "entropy": lambda row: (
        sum(row.entropy_nats / math.log(2) >= edge for edge in paired.ENTROPY_EDGES_BITS),
    ),
    "days": lambda row: (row.answered_on,),
    "weeks": lambda row: (paired.monday_of(row.answered_on),),
}


def _group(key: tuple[Any, ...], rows: list[FirstGuess]) -> PairedGroup:
    both = sum(row.is_right and row.model_is_right for row in rows)
    person = sum(row.is_right for row in rows)
    model = sum(row.model_is_right for row in rows)
    return PairedGroup(
        model_id=rows[0].model_id,
        unit=rows[0].unit,
        key=key,
        counts=paired.paired_counts(len(rows), both, person, model),
        players=len({row.player_id for row in rows}),
        skipped=sum(row.skipped for row in rows),
        mean_loss_nats=math.fsum(row.target_loss_nats for row in rows) / len(rows),
        weights=_squares(rows, np.zeros(len(rows), dtype=np.int64)).weights,
    )


def _baseline(rows: list[FirstGuess]) -> BaselineSums | None:
    graded = [numbers for row in rows if (numbers := baseline_numbers(row.target, row.unit))]
    if not graded:
        return None
    return BaselineSums(*(sum(column) for column in zip(*graded, strict=True)))


def _components(rows: list[FirstGuess]) -> PairedComponents:
    if not rows:
        return DEFAULT_PAIRED
    person = np.array([row.is_right for row in rows], dtype=np.int64)
    model = np.array([row.model_is_right for row in rows], dtype=np.int64)
    return fit_paired(*(_squares(rows, marks) for marks in (person, model, person - model)))


def _squares(rows: list[FirstGuess], marks: IntArray) -> ClusterSquares:
    passage = np.array([row.scored_passage_id for row in rows], dtype=np.int64)
    position = np.array([row.position for row in rows], dtype=np.int64)
    player = np.array([row.player_id for row in rows], dtype=np.int64)
    place = passage * (int(position.max()) + 1) + position
    codes = codes_by_kind(player, passage, place)
    return squares_of_marks(marks, codes)


def _losses(rows: list[Row], model: str, unit: str) -> Losses:
    found = analyse(rows, reference=model, unit=Unit(unit))
    return Losses(found.comparisons, found.bets, found.headline, found.tries)


def _stated_rows(session: Session, names: Names) -> _Stated:
    """Read all bets, duels and tries that count, by model and unit, as an export has them."""
    found: dict[tuple[int, str], _StatedRows] = defaultdict(_StatedRows)
    for bet in _counting(stream_bets(session), names, Mode.BET):
        stated = found[bet.model_id, bet.unit]
        stated.rows.append(row_from_record(bet_record(bet, names)))
        stated.bets += staked(bet)
    judged = (row for row in stream_judgements(session) if answers_today_s(row))
    for judgement in _counting(judged, names, Mode.DUEL):
        stated = found[judgement.model_id, judgement.unit]
        stated.rows.append(row_from_record(judgement_record(judgement, names)))
        stated.duels += preferred(judgement)
    for guess in _counting(stream_guesses(session, Mode.TRIES), names, Mode.TRIES):
        record = guess_record(guess, names)
        found[guess.model_id, guess.unit].rows.append(row_from_record(record))
    return found


def _counting(rows: Iterable[Answer], names: Names, mode: Mode) -> Iterable[Answer]:
    first = (row for row in rows if row.counts and not row.repeated)
    return (row for row in first if names.counts(row.player_id, mode))


def check(session: Session, kept: PublicStatistics) -> list[str]:
    """Return for each number that is not the same, to 1e-9 of its size, what both say."""
    counted = whole_count(session, kept.counted_at)
    return list(_differences("", kept.model_dump(mode="json"), counted.model_dump(mode="json")))


def _differences(name: str, kept: Any, counted: Any) -> Iterator[str]:
    if isinstance(kept, dict) and isinstance(counted, dict) and kept.keys() == counted.keys():
        for field in kept:
            yield from _differences(f"{name}.{field}".strip("."), kept[field], counted[field])
    elif isinstance(kept, list) and isinstance(counted, list) and len(kept) == len(counted):
        for number, (one, other) in enumerate(zip(kept, counted, strict=True)):
            yield from _differences(f"{name}[{number}]", one, other)
    elif not _same(kept, counted):
        yield f"{name}: {kept} by the sums, {counted} by the answers"


def _same(kept: Any, counted: Any) -> bool:
    if isinstance(kept, float) and isinstance(counted, float):
        return math.isclose(kept, counted, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(kept == counted)
