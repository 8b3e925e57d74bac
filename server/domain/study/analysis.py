"""A study's rows in, every number with its interval out: the same for the service and for files.

The fields of the results are the JSON that `study analyse --json` prints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from server.domain.errors import InvalidInput
from server.domain.play.duels import Question
from server.domain.study.columns import (
    TRIES,
    Codes,
    ComparisonColumns,
    bet_columns,
    by_density_ratio,
    judged_columns,
    stand_in,
)
from server.domain.study.guess_analysis import (
    GuessAnalysis,
    TriesAnalysis,
    analyse_guesses,
    analyse_tries,
)
from server.domain.study.interchange import (
    UNIFORM,
    Row,
    StudyBet,
    StudyComparison,
    StudyGuess,
)
from server.domain.study.loss_analysis import (
    BetAnalysis,
    ComparisonAnalysis,
    HeadlineAnalysis,
    TailModelAnalysis,
    analyse_bets,
    analyse_comparisons,
    analyse_headline,
    analyse_tail_model,
)
from server.domain.study.people_analysis import PeopleAnalysis, analyse_people
from server.domain.text.tokens import Unit


@dataclass(frozen=True)
class RowCounts:
    """How many rows there were of each kind, and how many of all were left out."""

    guesses: int
    bets: int
    comparisons: int
    left_out: int


@dataclass(frozen=True)
class DensityRatioAnalysis:
    """Answers to "which did the author write?", by the estimate that is right for them.

    The excess is ln mean_i (1 − r_i)/r_i; the headline takes its tail from it.
    """

    judgements: int
    comparisons: ComparisonAnalysis | None
    headline: HeadlineAnalysis | None


@dataclass(frozen=True)
class Analysis:
    """Everything; None stands for what there are no rows for.

    `first_question` counts, among the rows left out, comparisons that answer "which did the author
    write?": they tell another number than the estimators need. `density_ratio` is theirs.
    """

    reference: str | None
    played_by: str | None
    players: int
    rows: RowCounts
    guesses: GuessAnalysis | None
    tries: TriesAnalysis | None
    comparisons: ComparisonAnalysis | None
    bets: BetAnalysis | None
    headline: HeadlineAnalysis | None
    tail_model: TailModelAnalysis | None
    first_question: int
    density_ratio: DensityRatioAnalysis | None
    people: PeopleAnalysis | None


@dataclass(frozen=True)
class _Rows:
    guesses: list[StudyGuess]
    bets: list[StudyBet]
    whole: list[StudyComparison]
    tail: list[StudyComparison]

    def asked_as(self, question: Question) -> _Rows:
        """Return the rows with those comparisons alone that answer this question."""
        return replace(
            self,
            whole=[row for row in self.whole if row.asked_as is question],
            tail=[row for row in self.tail if row.asked_as is question],
        )


def analyse(
    rows: Iterable[Row],
    *,
    reference: str | None = None,
    played_by: str | None = None,
    unit: Unit | None = None,
    density_ratio: bool = False,
    mixed: bool = False,
) -> Analysis:
    """Return all estimates from rows of any kinds, in any order.

    `reference` is the model whom players are compared with: where None, the one that drew most
    rivals, else the one that offered most bets. `played_by` names a model whose probabilities take
    the people's place. `unit` keeps the rows of one unit, and rows that name none. Left out, and
    counted, are repeated passages, excluded players, rows of another unit, rows that lack a model's
    log-probability, tail comparisons whose generator is not the reference, and comparisons that
    answer the first question; with `density_ratio` these have estimates of their own. So are
    guesses whose positions were not drawn uniformly, unless `mixed` wants them too.

    Raises InvalidInput where bets and comparisons mix units, or no row knows a model that is named.
    """
    everything = list(rows)
    counted = (row for row in everything if not row.repeated and not row.excluded)
    drawn = (row for row in counted if mixed or getattr(row, "draw", UNIFORM) == UNIFORM)
    kept = [row for row in drawn if unit in (None, row.unit or unit)]
    _require_one_unit(kept)
    reference = reference or _usual_reference(kept)
    known = _usable(kept, reference, played_by)
    _require_known(kept, known, reference, played_by)
    usable, first = known.asked_as(Question.FIT), known.asked_as(Question.AUTHOR)
    used = sum(len(part) for part in _parts(usable))
    counts = RowCounts(
        len(usable.guesses),
        len(usable.bets),
        len(usable.whole) + len(usable.tail),
        len(everything) - used,
    )
    players = {row.player for part in _parts(usable) for row in part}
    result = _analysis(usable, counts, len(players), reference, played_by)
    answers = len(first.whole) + len(first.tail)
    theirs = _density_ratio(first, reference, played_by) if density_ratio and answers else None
    return replace(result, first_question=answers, density_ratio=theirs)


def _parts(rows: _Rows) -> tuple[Sequence[Row], ...]:
    return rows.guesses, rows.bets, rows.whole, rows.tail


def _analysis(
    rows: _Rows, counts: RowCounts, players: int, reference: str | None, played_by: str | None
) -> Analysis:
    codes, name = Codes(), reference or ""
    plays = played_by is not None
    whole = judged_columns(rows.whole, codes, name, played_by) if rows.whole else None
    tail = judged_columns(rows.tail, codes, name, played_by) if rows.tail else None
    bets = bet_columns(rows.bets, codes, name, played_by) if rows.bets else None
    tried = [] if plays else [row for row in rows.guesses if row.mode == TRIES]
    return Analysis(
        reference=reference,
        played_by=played_by,
        players=players,
        rows=counts,
        guesses=analyse_guesses(rows.guesses, codes, as_model=plays) if rows.guesses else None,
        tries=analyse_tries(tried, codes) if tried else None,
        comparisons=analyse_comparisons(whole, name, plays=plays) if whole else None,
        bets=analyse_bets(bets, plays=plays) if bets else None,
        headline=analyse_headline(bets, tail, plays=plays) if bets else None,
        tail_model=analyse_tail_model(bets, tail) if bets and tail else None,
        people=None if plays else analyse_people(rows.guesses, reference),
        first_question=0,
        density_ratio=None,
    )


def _density_ratio(
    rows: _Rows, reference: str | None, played_by: str | None
) -> DensityRatioAnalysis:
    codes, name, plays = Codes(), reference or "", played_by is not None

    def columns(comparisons: list[StudyComparison]) -> ComparisonColumns | None:
        judged = judged_columns(comparisons, codes, name, played_by) if comparisons else None
        return by_density_ratio(judged) if judged else None

    whole, tail = columns(rows.whole), columns(rows.tail)
    bets = bet_columns(rows.bets, codes, name, played_by) if rows.bets and tail else None
    return DensityRatioAnalysis(
        judgements=len(rows.whole) + len(rows.tail),
        comparisons=analyse_comparisons(whole, name, plays=plays) if whole else None,
        headline=analyse_headline(bets, tail, plays=plays) if bets else None,
    )


def _usable(rows: Sequence[Row], reference: str | None, played_by: str | None) -> _Rows:
    """Sort rows by kind, and keep those that know the models they are analysed with."""
    needed = {name for name in (reference, played_by) if name is not None}
    usable = _Rows([], [], [], [])
    for row in rows:
        if isinstance(row, StudyGuess):
            if played_by is None or (row.model == played_by and row.model_guess is not None):
                usable.guesses.append(row)
        elif isinstance(row, StudyBet):
            if _bet_knows(row, needed, reference, played_by):
                usable.bets.append(row)
        elif needed <= row.target_logprob.keys() & row.rival_logprob.keys():
            if not row.tail:
                usable.whole.append(row)
            elif row.generator == reference:
                usable.tail.append(row)
    return usable


def _bet_knows(
    row: StudyBet, needed: set[str], reference: str | None, played_by: str | None
) -> bool:
    if not needed <= row.target_logprob.keys():
        return False
    if stand_in(row, reference or "") not in row.target_logprob:
        return False
    return played_by is None or played_by in row.offered_logprob


def _usual_reference(rows: Sequence[Row]) -> str | None:
    generators = Counter(row.generator for row in rows if isinstance(row, StudyComparison))
    offering = Counter(
        model for row in rows if isinstance(row, StudyBet) for model in row.offered_logprob
    )
    names = generators or offering
    return min(names, key=lambda name: (-names[name], name)) if names else None


def _require_one_unit(rows: Sequence[Row]) -> None:
    units = {row.unit for row in rows if not isinstance(row, StudyGuess)} - {None}
    if len(units) > 1:
        raise InvalidInput(
            "unit",
            "The bets and comparisons are of two units, words and tokens; choose one with --unit.",
        )


def _require_known(
    rows: Sequence[Row], usable: _Rows, reference: str | None, played_by: str | None
) -> None:
    """Refuse a model by whom nothing can be analysed, and name those who are known."""
    losses = [row for row in rows if not isinstance(row, StudyGuess)]
    wanted = losses if reference is not None else rows
    found = (usable.bets, usable.whole, usable.tail) if wanted is losses else _parts(usable)
    if not wanted or any(found) or (played_by is None and reference is None):
        return
    known = sorted({model for row in losses for model in row.target_logprob})
    named = " and ".join(dict.fromkeys(name for name in (reference, played_by) if name))
    raise InvalidInput(
        "model",
        f"No row can be analysed with {named}; models with log-probabilities here: "
        f"{', '.join(known) or 'none'}.",
    )
