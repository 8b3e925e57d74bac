"""Tries: up to five guesses at a position; the last one settles it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from server.domain.errors import Conflict, InvalidInput
from server.domain.estimators.tries import Tries, tries_bounds
from server.domain.intervals.of_bets_and_duels import interval
from server.domain.play.guessing import read_guess, visible
from server.domain.play.rounds import MOST_TRIES, Mode
from server.domain.text.tokens import Unit, folded
from server.services.contract.answers import AnswerView
from server.services.contract.results import ResultView, TriesView
from server.services.contract.rounds import AskedView
from server.services.play import guesses
from server.services.play.figures import interval_in_bits, one_player
from server.services.play.played import (
    Losses,
    Marks,
    PlayedRound,
    TypedGuess,
    other_answer,
    other_mode,
    points_of,
    require_asked,
)
from server.services.statistics.components import SiteSpread
from server.store.tables import GuessRow, RoundRow


def settled(row: RoundRow) -> list[int]:
    """Return the positions whose target is revealed, ascending."""
    return [guess.position for guess in _closing(row)]


def positions(played: PlayedRound) -> list[int]:
    """Return all positions that the round asks, ascending."""
    return played.reading.asked


def ask(played: PlayedRound, view: AskedView) -> None:
    """Add what was tried at the gap, and how many tries are left."""
    view.tries = _tried(played, view.position)
    view.tries_left = MOST_TRIES - len(_tries_at(played.row, view.position))


def record(played: PlayedRound, answer: object, asked: int | None, now: datetime) -> bool:
    """Record a try or a skip; return False where the same one is already recorded.

    Raises InvalidInput for a text that cannot be a guess or was already tried, Conflict where
    another answer is recorded, for a try out of order and for a position that is not asked now.
    """
    if not isinstance(answer, TypedGuess):
        raise other_mode(played.mode, Mode.GUESS)
    text = None if answer.text is None else read_guess(answer.text, played.unit)
    earlier = _tries_at(played.row, answer.position)
    if _is_recorded(earlier, text, answer.attempt, is_open=answer.position == asked):
        return False
    require_asked(answer.position, asked)
    if answer.attempt is not None and answer.attempt != len(earlier) + 1:
        raise Conflict(f"Try {len(earlier) + 1} comes next, not {answer.attempt}.")
    if text is not None and any(_same(text, other.text, played.unit) for other in earlier):
        raise InvalidInput("text", f"You tried “{visible(text, played.unit)}” already.")
    played.add(guesses.guess_row(played, answer.position, text, len(earlier) + 1, now))
    return True


def marks(row: RoundRow) -> list[Marks]:
    """Return the marks of every settled position: which side found it within five tries."""
    return [_mark(guess) for guess in _closing(row)]


def losses(_row: RoundRow) -> list[Losses]:
    """Return both sides' losses: none, since tries only bound the mean."""
    return []


def reveals(played: PlayedRound) -> Sequence[AnswerView]:
    """Return what is shown of every settled position, with all that was tried there."""
    return [_reveal(played, guess) for guess in _closing(played.row)]


def conclude(played: PlayedRound, result: ResultView, _spread: SiteSpread) -> None:
    """Add how many tries it took, beside the model's, and the bounds on the loss."""
    closing = _closing(played.row)
    solved_at = np.array([g.attempt if g.is_right else 0 for g in closing], dtype=np.int64)
    tries = np.array([g.attempt for g in closing], dtype=np.int64)
    ranks = [guess.target_rank for guess in closing]
    answers = played.reading.vocabulary.answers(played.unit)
    bounds = tries_bounds(Tries(solved_at, tries, one_player(len(closing))), answers)
    attempts = range(1, MOST_TRIES + 1)
    result.tries = TriesView(
        solved=[float((solved_at == attempt).mean()) for attempt in attempts],
        model_solved=[ranks.count(attempt) / len(ranks) for attempt in attempts],
        unsolved=bounds.unsolved,
        lower_bits=interval_in_bits(interval(bounds.lower)),
        upper_bits=interval_in_bits(interval(bounds.upper)),
    )


def _reveal(played: PlayedRound, guess: GuessRow) -> AnswerView:
    mark = _mark(guess)
    shown = {
        "model_right": mark.model_right,
        "points": points_of([mark]),
        "tries": _tried(played, guess.position),
    }
    return guesses.answer_view(played, guess).model_copy(update=shown)


def _closing(row: RoundRow) -> list[GuessRow]:
    """Return the last guess at each position where no further one is allowed."""
    return [g for g in row.guesses if g.is_right or g.skipped or g.attempt == MOST_TRIES]


def _tries_at(row: RoundRow, position: int) -> list[GuessRow]:
    return [guess for guess in row.guesses if guess.position == position]


def _tried(played: PlayedRound, position: int) -> list[str]:
    tries = _tries_at(played.row, position)
    return [visible(guess.text, played.unit) for guess in tries if guess.text is not None]


def _mark(guess: GuessRow) -> Marks:
    return replace(guesses.marks_of(guess), model_right=_model_found(guess))


def _model_found(guess: GuessRow) -> bool:
    """Give the model as many tries as the player had."""
    return guess.target_rank <= MOST_TRIES


def _same(guess: str, other: str | None, unit: Unit) -> bool:
    if other is None:
        return False
    return folded(guess) == folded(other) if unit is Unit.WORDS else guess == other


def _is_recorded(
    earlier: list[GuessRow], text: str | None, attempt: int | None, *, is_open: bool
) -> bool:
    """Tell whether this try is recorded; raise Conflict where another one is in its place."""
    if not earlier:
        return False
    if attempt is None:
        if is_open and earlier[-1].text != text:
            return False
        attempt = len(earlier)
    if attempt > len(earlier):
        return False
    recorded = earlier[attempt - 1]
    if recorded.text != text:
        raise other_answer(recorded.position, "answer")
    return True
