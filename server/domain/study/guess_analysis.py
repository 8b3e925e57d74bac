"""What is said of a study's typed guesses and tries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from server.domain.errors import InvalidInput
from server.domain.estimators.accuracy import Interval, PairedCounts
from server.domain.estimators.perplexity import perplexity
from server.domain.estimators.tries import tries_bounds
from server.domain.intervals.clusters import ClusterSquares, is_one_player, squares_of_marks
from server.domain.intervals.of_accuracy import (
    DEFAULT_PAIRED,
    PairedComponents,
    fit_paired,
    paired_intervals,
)
from server.domain.intervals.of_bets_and_duels import interval
from server.domain.intervals.of_means_and_shares import share_interval
from server.domain.intervals.variance_components import (
    MODEL_RIGHT,
    RIGHT,
    Components,
    Default,
    default_components,
    fit_components,
)
from server.domain.play.rounds import counts_for_accuracy
from server.domain.study.columns import Codes, guess_is_right, model_is_right, tries_columns
from server.domain.study.interchange import StudyGuess

GPT2_VOCABULARY = 50_257
Mark = Callable[[StudyGuess], bool]


@dataclass(frozen=True)
class GroupAnalysis:
    """Guesses of one model, mode, unit and assistance that are paired with the model's answer."""

    model: str
    mode: str
    unit: str
    assisted: bool
    guesses: int
    you: Interval
    model_accuracy: Interval
    difference: Interval
    p_value: float
    model_perplexity: float | None


@dataclass(frozen=True)
class GuessAnalysis:
    """Accuracy of first, unassisted guesses, at all positions and where the target is a word."""

    all: Interval | None
    words: Interval | None
    players: int
    skipped: int
    groups: list[GroupAnalysis]


@dataclass(frozen=True)
class TriesAnalysis:
    """Shannon's bounds in nats, with the share solved at each try."""

    positions: int
    solved: list[float]
    unsolved: float
    lower_nats: Interval
    upper_nats: Interval


def analyse_guesses(rows: Sequence[StudyGuess], codes: Codes, *, as_model: bool) -> GuessAnalysis:
    """Return accuracies; with `as_model` the model's first choices are marked in place of guesses.

    Only first attempts count; a skip is not right, but in bets it is left out, since the bet
    follows. Assisted ones are in their own groups, never among `all`. Variance
    components are fitted once to all unassisted ones.
    """
    first = [row for row in rows if row.attempt == 1 and (as_model or _counts(row))]
    alone = [row for row in first if not row.assisted]
    mark = model_is_right if as_model else guess_is_right
    on_words = [row for row in alone if row.is_word]
    components = _components(alone, codes, mark, MODEL_RIGHT if as_model else RIGHT)
    return GuessAnalysis(
        all=_share(alone, codes, mark, components),
        words=_share(on_words, codes, mark, components),
        players=len({row.player for row in alone}),
        skipped=sum(row.guess is None for row in alone),
        groups=[] if as_model else _groups(first, codes),
    )


def _components(
    rows: Sequence[StudyGuess], codes: Codes, mark: Mark, default: Default
) -> Components:
    if not rows:
        return default_components(default)
    return fit_components(_squares([int(mark(row)) for row in rows], rows, codes), default)


def _counts(row: StudyGuess) -> bool:
    return counts_for_accuracy(row.mode, skipped=row.guess is None)


def _squares(marks: Sequence[int], rows: Sequence[StudyGuess], codes: Codes) -> ClusterSquares:
    clusters = codes.clusters([(row.player, row.passage, row.position) for row in rows])
    return squares_of_marks(np.array(marks, dtype=np.int64), clusters.by_kind())


def _share(
    rows: Sequence[StudyGuess], codes: Codes, mark: Mark, components: Components
) -> Interval | None:
    if not rows:
        return None
    marks = [mark(row) for row in rows]
    weights = _squares([int(right) for right in marks], rows, codes).weights
    if is_one_player(weights):
        components = components.of_one_player()
    return share_interval(sum(marks), len(rows), components, weights)


def _groups(rows: Sequence[StudyGuess], codes: Codes) -> list[GroupAnalysis]:
    """Return the groups of rows in which the model's answer is known, sorted by their names.

    Components are fitted to a model's unassisted guesses of one unit, in whatever mode.
    """
    members: dict[tuple[str, str, str, bool], list[StudyGuess]] = defaultdict(list)
    alone: dict[tuple[str, str], list[StudyGuess]] = defaultdict(list)
    for row in rows:
        if row.model_guess is not None:
            members[row.model, row.mode, row.unit or "", row.assisted].append(row)
            if not row.assisted:
                alone[row.model, row.unit or ""].append(row)
    components = {key: _paired_components(group, codes) for key, group in alone.items()}
    return [
        _group(key, members[key], codes, components.get((key[0], key[2]), DEFAULT_PAIRED))
        for key in sorted(members)
    ]


def _paired_components(rows: Sequence[StudyGuess], codes: Codes) -> PairedComponents:
    person = [int(guess_is_right(row)) for row in rows]
    model = [int(model_is_right(row)) for row in rows]
    gap = [a - b for a, b in zip(person, model, strict=True)]
    return fit_paired(*(_squares(marks, rows, codes) for marks in (person, model, gap)))


def _group(
    key: tuple[str, str, str, bool],
    rows: Sequence[StudyGuess],
    codes: Codes,
    components: PairedComponents,
) -> GroupAnalysis:
    model, mode, unit, assisted = key
    marks = [(guess_is_right(row), model_is_right(row)) for row in rows]
    counts = PairedCounts(
        marks.count((True, True)),
        marks.count((True, False)),
        marks.count((False, True)),
        marks.count((False, False)),
    )
    weights = _squares([0] * len(rows), rows, codes).weights
    found = paired_intervals(counts, weights, components)
    losses = [-row.target_logprob[model] for row in rows if model in row.target_logprob]
    return GroupAnalysis(
        model=model,
        mode=mode,
        unit=unit,
        assisted=assisted,
        guesses=counts.n,
        you=found.person,
        model_accuracy=found.model,
        difference=found.difference,
        p_value=found.p_value,
        model_perplexity=perplexity(sum(losses) / len(losses)) if losses else None,
    )


def analyse_tries(rows: Sequence[StudyGuess], codes: Codes) -> TriesAnalysis:
    """Return Shannon's bounds for positions that were tried several times.

    The upper one takes the largest vocabulary that a row names, or GPT-2's tokens where none does:
    among how many answers the target is, in `words` the different words. Raises
    InvalidInput where more was tried than that vocabulary holds.
    """
    tries = tries_columns(rows, codes)
    named = {row.vocabulary for row in rows if row.vocabulary is not None}
    vocabulary, most = max(named, default=GPT2_VOCABULARY), int(tries.tries.max())
    if vocabulary <= most:
        raise InvalidInput(
            "vocabulary", f"It has {vocabulary} answers, which leaves none after {most} tries."
        )
    bounds = tries_bounds(tries, vocabulary)
    return TriesAnalysis(
        positions=int(tries.solved_at.size),
        solved=[float(share) for share in bounds.solved],
        unsolved=bounds.unsolved,
        lower_nats=interval(bounds.lower),
        upper_nats=interval(bounds.upper),
    )
