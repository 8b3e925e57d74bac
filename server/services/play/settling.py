"""Turn answers into rows: each settles its position, or adds a try to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from server.domain.errors import Conflict, InvalidInput
from server.domain.play.betting import options, require_whole, settle_bet
from server.domain.play.duels import duel, target_is_first
from server.domain.play.guessing import read_guess, reveal, visible
from server.domain.play.rounds import MOST_TRIES, Mode
from server.domain.text.tokens import Unit, folded
from server.services.play.played import PlayedRound
from server.store.tables import BetRow, GuessRow, JudgementRow

FIRST_ATTEMPT = 1
LONGEST_ELAPSED_MS = 2**31 - 1
_EVEN = 0.5


def require_asked(played: PlayedRound, position: int) -> None:
    """Raise Conflict unless `position` is the one that the round asks now."""
    if played.position is None:
        raise Conflict("This round is finished.")
    if position != played.position:
        raise Conflict(f"This round asks position {played.position} now, not {position}.")


def require_mode(played: PlayedRound, *modes: Mode) -> None:
    """Raise Conflict where the round is not played in one of `modes`."""
    if played.mode not in modes:
        raise Conflict(f"This round is played in mode {played.mode}; that was for {modes[0]}.")


def add_guess(
    played: PlayedRound, position: int, text: str | None, attempt: int | None, now: datetime
) -> None:
    """Record a guess, or a skip for text None; the same one again changes nothing.

    Raises InvalidInput for a text that can be no guess or was tried already, Conflict for another
    answer than the recorded one and for a position that is not asked now.
    """
    require_mode(played, Mode.GUESS, Mode.TRIES, Mode.BET)
    if attempt not in (None, FIRST_ATTEMPT) and played.mode is not Mode.TRIES:
        raise InvalidInput("attempt", f"Mode {played.mode} allows one guess; tries allows several.")
    guess = None if text is None else read_guess(text, played.unit)
    earlier = played.guesses_at(position)
    if _is_recorded(played, earlier, guess, attempt):
        return
    require_asked(played, position)
    if attempt is not None and attempt != len(earlier) + 1:
        raise Conflict(f"Try {len(earlier) + 1} comes next, not {attempt}.")
    if guess is not None and any(_same(guess, other.text, played.unit) for other in earlier):
        raise InvalidInput("text", f"You tried “{visible(guess, played.unit)}” already.")
    played.row.guesses.append(_guess_row(played, position, guess, len(earlier) + 1, now))


def _is_recorded(
    played: PlayedRound, earlier: list[GuessRow], guess: str | None, attempt: int | None
) -> bool:
    """Tell whether this answer is on record; raise Conflict where another one is in its place."""
    if not earlier:
        return False
    if attempt is None:
        is_open = played.mode is Mode.TRIES and earlier[-1].position == played.position
        if is_open and earlier[-1].text != guess:
            return False
        attempt = len(earlier)
    if attempt > len(earlier):
        return False
    recorded = earlier[attempt - 1]
    if recorded.text != guess:
        raise Conflict(f"Position {recorded.position} is settled already, with another answer.")
    return True


def _same(guess: str, other: str | None, unit: Unit) -> bool:
    if other is None:
        return False
    return folded(guess) == folded(other) if unit is Unit.WORDS else guess == other


def _guess_row(
    played: PlayedRound, position: int, guess: str | None, attempt: int, now: datetime
) -> GuessRow:
    row = played.row
    marks = reveal(played.scores, played.vocabulary, played.unit, position, guess)
    return GuessRow(
        **_of_answer(played, position, _elapsed_ms(row.asked_at, now), now),
        mode=row.mode,
        assisted=row.assisted,
        repeated=row.repeated,
        attempt=attempt,
        text=guess,
        skipped=guess is None,
        is_right=marks.right,
        target=marks.target,
        model_guess=marks.model_guess,
        model_is_right=marks.model_right,
        target_rank=marks.target_rank,
        target_loss_nats=marks.target_loss_nats,
        entropy_nats=float(played.scores.entropy_nats[position]),
    )


def tries_left(played: PlayedRound) -> int | None:
    """Return how many tries the asked position still allows; None in other modes."""
    if played.mode is not Mode.TRIES or played.position is None:
        return None
    return MOST_TRIES - len(played.guesses_at(played.position))


def add_bet(
    played: PlayedRound, position: int, stakes: Mapping[str, float], other: float, now: datetime
) -> None:
    """Record a bet; the same one again changes nothing.

    Raises InvalidInput for shares that are no bet, Conflict where the own guess is still missing,
    where another bet is recorded, and for a position that is not asked now.
    """
    require_mode(played, Mode.BET)
    recorded = played.bet_at(position)
    if recorded is not None:
        same = recorded.other == other and {o: s for o, s, _ in recorded.stakes} == dict(stakes)
        if not same:
            raise Conflict(f"Position {position} is settled already, with another bet.")
        return
    require_asked(played, position)
    guesses = played.guesses_at(position)
    if not guesses:
        raise Conflict("Your own guess comes first, or a skip; then the bet.")
    played.row.bets.append(_bet_row(played, guesses[0], stakes, other, now))


def _bet_row(
    played: PlayedRound, guess: GuessRow, stakes: Mapping[str, float], other: float, now: datetime
) -> BetRow:
    row, position = played.row, guess.position
    offered = options(played.scores, played.vocabulary, played.unit, position, guess.text)
    require_whole(stakes, other, offered)
    settled = settle_bet(played.scores, played.unit, position, offered, stakes, other)
    return BetRow(
        **_of_answer(played, position, _elapsed_ms(row.asked_at, now), now),
        scored_passage_id=row.scored_passage_id,
        repeated=row.repeated,
        stakes=[[option.text, stakes[option.text], option.logprob_nats] for option in offered],
        other=other,
        target=guess.target,
        target_option=settled.option.text if settled.option else None,
        loss_nats=settled.loss_nats,
        target_logprob_nats=settled.target_logprob_nats,
    )


def add_judgement(played: PlayedRound, position: int, first_share: float, now: datetime) -> None:
    """Record how much the player gave the first of the two; the same again changes nothing.

    Positions before the next asked one whose rival is the target itself are recorded as even.
    Raises Conflict where another judgement is recorded, and for a position that is not asked now.
    """
    require_mode(played, Mode.DUEL)
    is_first = target_is_first(played.row.seed, position)
    target_share = first_share if is_first else 1.0 - first_share
    for judgement in played.judgements:
        if judgement.position == position:
            if judgement.target_share != target_share:
                raise Conflict(f"Position {position} is settled already, with another judgement.")
            return
    require_asked(played, position)
    elapsed_ms = _elapsed_ms(played.row.asked_at, now)
    _append_judgement(played, position, target_share, elapsed_ms, now)
    recorded = {judgement.position for judgement in played.row.judgements}
    for even in played.even:
        if even not in recorded and (played.position is None or even < played.position):
            _append_judgement(played, even, _EVEN, 0, now)


def _append_judgement(
    played: PlayedRound, position: int, target_share: float, elapsed_ms: int, now: datetime
) -> None:
    row = played.row
    question = duel(
        played.scores, played.vocabulary, played.unit, played.form, position, row.draw or 0
    )
    row.judgements.append(
        JudgementRow(
            **_of_answer(played, position, elapsed_ms, now),
            scored_passage_id=row.scored_passage_id,
            form=played.form,
            practice=row.practice,
            asked=not question.same,
            target=question.target,
            rival=question.rival,
            target_share=target_share,
            target_logprob_nats=question.target_logprob_nats,
            rival_logprob_nats=question.rival_logprob_nats,
        )
    )


def _of_answer(
    played: PlayedRound, position: int, elapsed_ms: int, now: datetime
) -> dict[str, Any]:
    """Return the columns that guesses, bets and judgements share."""
    row = played.row
    return {
        "player_id": row.player_id,
        "model_id": row.model_id,
        "unit": row.unit,
        "position": position,
        "elapsed_ms": elapsed_ms,
        "answered_at": now,
        "answered_on": now.date(),
    }


def _elapsed_ms(asked_at: datetime, now: datetime) -> int:
    """Return the milliseconds between, within what the column holds (about 25 days)."""
    return min(max(0, int((now - asked_at).total_seconds() * 1000)), LONGEST_ELAPSED_MS)
