"""A bet: the player's own guess first, then 100 % spread over what is offered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from server.domain.errors import Conflict
from server.domain.estimators.perplexity import bits
from server.domain.play.betting import STAKE_STEPS, options, require_whole, settle_bet
from server.domain.play.guessing import visible
from server.domain.play.rounds import Mode
from server.services.contract.answers import AnswerView, BetView, StakeView
from server.services.contract.results import ResultView
from server.services.contract.rounds import AskedView
from server.services.play import guesses
from server.services.play.figures import losses_view
from server.services.play.played import (
    Losses,
    Marks,
    PlayedRound,
    TypedGuess,
    answer_columns,
    other_answer,
    other_mode,
    require_asked,
)
from server.services.statistics.components import SiteSpread
from server.store.tables import BetRow, GuessRow, RoundRow


@dataclass(frozen=True)
class Bet:
    """Shares of 1: one for each option on offer, and one for something else."""

    position: int
    stakes: Mapping[str, float]
    other: float


def settled(row: RoundRow) -> list[int]:
    """Return the positions whose target is revealed, ascending."""
    return [bet.position for bet in row.bets]


def positions(played: PlayedRound) -> list[int]:
    """Return all positions that the round asks, ascending."""
    return played.reading.asked


def ask(played: PlayedRound, view: AskedView) -> None:
    """Add what is offered once the player has guessed; earlier, it would help."""
    guess = guesses.guess_at(played.row, view.position)
    if guess is None:
        return
    offered = options(played.at(view.position), guess.text)
    view.guess = None if guess.text is None else visible(guess.text, played.unit)
    view.options = [option.text for option in offered]
    view.own_option = next((option.text for option in offered if option.is_own), None)
    view.steps = list(STAKE_STEPS)


def record(played: PlayedRound, answer: object, asked: int | None, now: datetime) -> bool:
    """Record the guess or the bet; return False where the same one is already recorded.

    Raises InvalidInput for a text that cannot be a guess and for shares that cannot be a bet,
    Conflict where the player's own guess is still missing, where another answer is recorded, and
    for a position that is not asked now.
    """
    if isinstance(answer, TypedGuess):
        return guesses.record_single(played, answer, asked, now)
    if not isinstance(answer, Bet):
        raise other_mode(played.mode, Mode.BET)
    recorded = _bet_at(played.row, answer.position)
    if recorded is not None:
        stakes = {option: share for option, share, _ in recorded.stakes}
        if recorded.other != answer.other or stakes != dict(answer.stakes):
            raise other_answer(answer.position, "bet")
        return False
    require_asked(answer.position, asked)
    guess = guesses.guess_at(played.row, answer.position)
    if guess is None:
        raise Conflict("Your own guess comes first, or a skip; then the bet.")
    played.add(_bet_row(played, guess, answer, now))
    return True


def marks(row: RoundRow) -> list[Marks]:
    """Return the marks of every settled position: those of the player's own guesses."""
    done = set(settled(row))
    return [guesses.marks_of(guess) for guess in row.guesses if guess.position in done]


def losses(row: RoundRow) -> list[Losses]:
    """Return both sides' losses at every settled position."""
    return [Losses(bet.loss_nats, -bet.target_logprob_nats) for bet in row.bets]


def reveals(played: PlayedRound) -> Sequence[AnswerView]:
    """Return what is shown of every settled position: the player's own guess, and the bet."""
    own = {guess.position: guess for guess in played.row.guesses}
    return [
        guesses.answer_view(played, own[bet.position]).model_copy(update={"bet": _bet_view(bet)})
        for bet in played.row.bets
    ]


def conclude(played: PlayedRound, result: ResultView, spread: SiteSpread) -> None:
    """Add both sides' mean losses."""
    result.losses = losses_view(losses(played.row), spread.bets)


def _bet_at(row: RoundRow, position: int) -> BetRow | None:
    return next((bet for bet in row.bets if bet.position == position), None)


def _bet_row(played: PlayedRound, guess: GuessRow, bet: Bet, now: datetime) -> BetRow:
    row, gap = played.row, played.at(guess.position)
    offered = options(gap, guess.text)
    require_whole(bet.stakes, bet.other, offered)
    outcome = settle_bet(gap, offered, bet.stakes, bet.other)
    return BetRow(
        **answer_columns(row, guess.position, now),
        scored_passage_id=row.scored_passage_id,
        repeated=row.repeated,
        stakes=[[option.text, bet.stakes[option.text], option.logprob_nats] for option in offered],
        other=bet.other,
        target=guess.target,
        target_option=outcome.option.text if outcome.option else None,
        loss_nats=outcome.loss_nats,
        target_logprob_nats=outcome.target_logprob_nats,
    )


def _bet_view(bet: BetRow) -> BetView:
    stakes = [
        StakeView(
            token=text,
            share=share,
            model_probability=min(1.0, math.exp(logprob)),
            is_target=text == bet.target_option,
        )
        for text, share, logprob in bet.stakes
    ]
    return BetView(
        stakes=stakes,
        other=bet.other,
        model_other=max(0.0, 1.0 - sum(stake.model_probability for stake in stakes)),
        loss_bits=bits(bet.loss_nats),
        model_loss_bits=bits(-bet.target_logprob_nats),
    )
