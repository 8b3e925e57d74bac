"""What is said of a study's typed guesses and tries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from server.domain.errors import InvalidInput
from server.domain.estimators.accuracy import (
    Interval,
    PairedCounts,
    difference_interval,
    mcnemar_p_value,
    wilson_interval,
)
from server.domain.estimators.estimates import interval
from server.domain.estimators.perplexity import perplexity
from server.domain.estimators.tries import tries_bounds
from server.domain.study.columns import Codes, guess_is_right, model_is_right, tries_columns
from server.domain.study.interchange import GuessRow

GPT2_VOCABULARY = 50_257


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


def analyse_guesses(rows: Sequence[GuessRow], *, as_model: bool) -> GuessAnalysis:
    """Return accuracies; with `as_model` the model's first choices are marked in place of guesses.

    Only first attempts count. Assisted ones are in their own groups, never among `all`.
    """
    first = [row for row in rows if row.attempt == 1]
    alone = [row for row in first if not row.assisted]
    mark = model_is_right if as_model else guess_is_right
    marks = [mark(row) for row in alone]
    on_words = [right for row, right in zip(alone, marks, strict=True) if row.is_word]
    return GuessAnalysis(
        all=_share(marks),
        words=_share(on_words),
        players=len({row.player for row in alone}),
        skipped=sum(row.guess is None for row in alone),
        groups=[] if as_model else _groups(first),
    )


def _share(marks: Sequence[bool]) -> Interval | None:
    return wilson_interval(sum(marks), len(marks)) if marks else None


def _groups(rows: Sequence[GuessRow]) -> list[GroupAnalysis]:
    """Return the groups of rows in which the model's answer is known, sorted by their names."""
    members: dict[tuple[str, str, str, bool], list[GuessRow]] = defaultdict(list)
    for row in rows:
        if row.model_guess is not None:
            members[row.model, row.mode, row.unit or "", row.assisted].append(row)
    return [_group(*key, members[key]) for key in sorted(members)]


def _group(
    model: str, mode: str, unit: str, assisted: bool, rows: Sequence[GuessRow]
) -> GroupAnalysis:
    marks = [(guess_is_right(row), model_is_right(row)) for row in rows]
    counts = PairedCounts(
        marks.count((True, True)),
        marks.count((True, False)),
        marks.count((False, True)),
        marks.count((False, False)),
    )
    losses = [-row.target_logprob[model] for row in rows if model in row.target_logprob]
    return GroupAnalysis(
        model=model,
        mode=mode,
        unit=unit,
        assisted=assisted,
        guesses=counts.n,
        you=wilson_interval(counts.person_right, counts.n),
        model_accuracy=wilson_interval(counts.model_right, counts.n),
        difference=difference_interval(counts),
        p_value=mcnemar_p_value(counts),
        model_perplexity=perplexity(sum(losses) / len(losses)) if losses else None,
    )


def analyse_tries(rows: Sequence[GuessRow], codes: Codes) -> TriesAnalysis:
    """Return Shannon's bounds for positions that were tried several times.

    The upper one takes the largest vocabulary that a row names, or GPT-2's where none does. Raises
    InvalidInput where more was tried than that vocabulary holds.
    """
    tries = tries_columns(rows, codes)
    named = {row.vocabulary for row in rows if row.vocabulary is not None}
    vocabulary, most = max(named, default=GPT2_VOCABULARY), int(tries.tries.max())
    if vocabulary <= most:
        raise InvalidInput(
            "vocabulary", f"It has {vocabulary} tokens, which leaves none after {most} tries."
        )
    bounds = tries_bounds(tries, vocabulary)
    return TriesAnalysis(
        positions=int(tries.solved_at.size),
        solved=[float(share) for share in bounds.solved],
        unsolved=bounds.unsolved,
        lower_nats=interval(bounds.lower),
        upper_nats=interval(bounds.upper),
    )
