"""A guess: one at each position, which it settles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from server.domain.errors import InvalidInput
from server.domain.estimators.perplexity import bits
from server.domain.play.fair_words import expectation
from server.domain.play.guessing import Reveal, read_guess, reveal, suggestions, visible
from server.domain.play.rounds import Mode, counts_for_accuracy
from server.services.contract.answers import AnswerView, CandidateView
from server.services.contract.results import ResultView
from server.services.contract.rounds import AskedView
from server.services.play.played import (
    Losses,
    Marks,
    PlayedRound,
    TypedGuess,
    answer_columns,
    other_answer,
    other_mode,
    points_of,
    require_asked,
)
from server.services.statistics.components import SiteSpread
from server.store.tables import GuessRow, RoundRow

FIRST_ATTEMPT = 1


def settled(row: RoundRow) -> list[int]:
    """Return the positions whose target is revealed, ascending."""
    return [guess.position for guess in row.guesses]


def positions(played: PlayedRound) -> list[int]:
    """Return all positions that the round asks, ascending."""
    return played.reading.asked


def ask(played: PlayedRound, view: AskedView) -> None:
    """Add what is shown at the gap: suggestions where the round is assisted."""
    if played.row.assisted:
        view.suggestions = suggestions(played.at(view.position))


def record(played: PlayedRound, answer: object, asked: int | None, now: datetime) -> bool:
    """Record a guess or a skip; return False where the same one is already recorded.

    Raises InvalidInput for a text that cannot be a guess, Conflict where another answer is
    recorded and for a position that is not asked now.
    """
    if not isinstance(answer, TypedGuess):
        raise other_mode(played.mode, Mode.GUESS)
    return record_single(played, answer, asked, now)


def record_single(
    played: PlayedRound, answer: TypedGuess, asked: int | None, now: datetime
) -> bool:
    """Record the one guess that a position allows, where `asked` is asked; raise as `record`.

    Returns False where the same one is already recorded.
    """
    text = _read_single(played, answer)
    recorded = guess_at(played.row, answer.position)
    if recorded is not None:
        if recorded.text != text:
            raise other_answer(answer.position, "answer")
        return False
    require_asked(answer.position, asked)
    played.add(guess_row(played, answer.position, text, FIRST_ATTEMPT, now))
    return True


def marks(row: RoundRow) -> list[Marks]:
    """Return the marks of every settled position, ascending."""
    return [marks_of(guess) for guess in row.guesses]


def losses(_row: RoundRow) -> list[Losses]:
    """Return both sides' losses: none, since a guess states no probability."""
    return []


def reveals(played: PlayedRound) -> Sequence[AnswerView]:
    """Return what is shown of every settled position, ascending."""
    return [_view_again(played, guess) for guess in played.row.guesses]


def conclude(_played: PlayedRound, _result: ResultView, _spread: SiteSpread) -> None:
    """Add nothing: a finished round of guesses has only its accuracy."""


def guess_at(row: RoundRow, position: int) -> GuessRow | None:
    """Return the first guess at a position, if any."""
    return next((guess for guess in row.guesses if guess.position == position), None)


def _read_single(played: PlayedRound, answer: TypedGuess) -> str | None:
    """Return the text of the only guess allowed; raise InvalidInput for a second or a bad one."""
    if answer.attempt not in (None, FIRST_ATTEMPT):
        raise InvalidInput("attempt", f"Mode {played.mode} allows one guess; tries allows several.")
    return None if answer.text is None else read_guess(answer.text, played.unit)


def guess_row(
    played: PlayedRound, position: int, text: str | None, attempt: int, now: datetime
) -> GuessRow:
    """Return the row of a guess with both sides' marks; text None is a skip."""
    row, gap = played.row, played.at(position)
    revealed = reveal(gap, text)
    return GuessRow(
        **answer_columns(row, position, now),
        mode=row.mode,
        assisted=row.assisted,
        repeated=row.repeated,
        draw_kind=row.draw_kind,
        attempt=attempt,
        text=text,
        skipped=text is None,
        is_right=revealed.right,
        target=revealed.target,
        model_guess=revealed.model_guess,
        model_is_right=revealed.model_right,
        target_rank=gap.tries_needed,
        target_loss_nats=revealed.target_loss_nats,
        entropy_nats=gap.entropy_nats,
    )


def marks_of(guess: GuessRow) -> Marks:
    """Return the marks of a guess that settled its position."""
    return Marks(
        guess.position,
        guess.is_right,
        guess.model_is_right,
        guess.target_loss_nats,
        counts_for_accuracy(guess.mode, skipped=guess.skipped),
    )


def _view_again(played: PlayedRound, guess: GuessRow) -> AnswerView:
    """Return what is shown of a guess, made once for all who guess the same at this position."""
    key = (guess.position, guess.text, guess.is_right, guess.model_is_right)
    view = played.scene.answers.get(key)
    if view is None:
        view = answer_view(played, guess)
        played.scene.keep_answer(key, view)
    return view


class _GuessFields(TypedDict):
    guess_is_token: bool
    guess_rank: int | None
    guess_probability: float | None
    guess_probability_below: float | None


def answer_view(played: PlayedRound, guess: GuessRow) -> AnswerView:
    """Return what is shown of the position that a guess settled."""
    unit = played.unit
    gap = played.at(guess.position)
    revealed, expected = reveal(gap, guess.text), expectation(gap, guess.text)
    return AnswerView(
        position=guess.position,
        guess=None if guess.text is None else visible(guess.text, unit),
        skipped=guess.skipped,
        target=visible(revealed.target, unit),
        right=guess.is_right,
        model_guess=visible(revealed.model_guess, unit),
        model_right=guess.model_is_right,
        target_probability=math.exp(-revealed.target_loss_nats),
        target_rank=revealed.target_rank,
        target_loss_bits=bits(revealed.target_loss_nats),
        points=points_of([marks_of(guess)]),
        candidates=[
            CandidateView(
                token=bar.text,
                probability=bar.probability,
                is_target=bar.is_target,
                is_guess=bar.is_guess,
            )
            for bar in expected.bars
        ],
        beginnings=expected.beginnings,
        **_guess_fields(revealed),
    )


def _guess_fields(revealed: Reveal) -> _GuessFields:
    logprob, below = revealed.guess_logprob_nats, revealed.guess_below_nats
    return {
        "guess_is_token": revealed.guess_is_token,
        "guess_rank": revealed.guess_rank,
        "guess_probability": None if logprob is None else math.exp(logprob),
        "guess_probability_below": None if below is None else math.exp(below),
    }
