"""A stored round with what it is played on, and what all kinds of answers share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from server.domain.errors import Conflict
from server.domain.play.rounds import Mode, points_bits
from server.domain.scores.gap import Gap, Reading
from server.domain.scores.passage_scores import Form
from server.domain.text.tokens import Unit
from server.services.contract.answers import PointsView
from server.services.play.library import Scene
from server.store.answers import AnswerRow, show_with
from server.store.tables import RoundRow

LONGEST_ELAPSED_MS = 2**31 - 1  # what the column holds, about 25 days


@dataclass(frozen=True)
class PlayedRound:
    """A stored round and what it is played on."""

    row: RoundRow
    scene: Scene
    added: list[AnswerRow] = field(default_factory=list)  # answers that are not stored yet

    def add(self, answer: AnswerRow) -> None:
        """Add an answer to what is shown of the round; it is stored with `store_answers`."""
        show_with(self.row, answer)
        self.added.append(answer)

    @property
    def reading(self) -> Reading:
        """The passage as the opponent reads it."""
        return self.scene.reading

    @property
    def mode(self) -> Mode:
        """The round's mode."""
        return Mode(self.row.mode)

    @property
    def unit(self) -> Unit:
        """The round's unit."""
        return self.reading.unit

    @property
    def form(self) -> Form:
        """Where the rivals of a duel come from."""
        return Form(self.row.form or Form.TAIL)

    def at(self, position: int) -> Gap:
        """Return the gap at a position."""
        return self.reading.at(position)


@dataclass(frozen=True)
class Marks:
    """Which side was right at a settled position, and the model's loss for its target.

    `counts` tells whether the position counts for accuracy (see `counts_for_accuracy`).
    """

    position: int
    right: bool
    model_right: bool
    target_loss_nats: float
    counts: bool = True


def points_of(marks: Iterable[Marks]) -> PointsView:
    """Return what both sides' right answers are worth together, in bits."""
    listed = list(marks)
    return PointsView(
        you=sum(points_bits(mark.target_loss_nats, right=mark.right) for mark in listed),
        model=sum(points_bits(mark.target_loss_nats, right=mark.model_right) for mark in listed),
    )


@dataclass(frozen=True)
class Losses:
    """Both sides' losses at a settled position, in nats."""

    person_nats: float
    model_nats: float


@dataclass(frozen=True)
class TypedGuess:
    """A text that was typed or chosen, or None for a skip; `attempt` says which try it is."""

    position: int
    text: str | None
    attempt: int | None = None


class AnswerColumns(TypedDict):
    """The columns that guesses, bets and judgements share."""

    player_id: int
    model_id: int
    unit: str
    position: int
    elapsed_ms: int
    answered_at: datetime
    answered_on: object


def answer_columns(row: RoundRow, position: int, now: datetime) -> AnswerColumns:
    """Return the columns that every answer to a round fills alike."""
    elapsed_ms = int((now - row.asked_at).total_seconds() * 1000)
    return {
        "player_id": row.player_id,
        "model_id": row.model_id,
        "unit": row.unit,
        "position": position,
        "elapsed_ms": min(max(0, elapsed_ms), LONGEST_ELAPSED_MS),
        "answered_at": now,
        "answered_on": now.date(),
    }


def require_asked(position: int, asked_now: int | None) -> None:
    """Raise Conflict unless `position` is the one that the round asks now."""
    if asked_now is None:
        raise Conflict("This round is finished.")
    if position != asked_now:
        raise Conflict(f"This round asks position {asked_now} now, not {position}.")


def other_mode(mode: Mode, answer_of: Mode) -> Conflict:
    """Return the error for an answer that belongs to another mode."""
    return Conflict(f"This round is played in mode {mode}; that answer is for mode {answer_of}.")


def other_answer(position: int, recorded: str) -> Conflict:
    """Return the error for an answer that differs from the recorded one."""
    return Conflict(f"Position {position} is settled already, with another {recorded}.")
