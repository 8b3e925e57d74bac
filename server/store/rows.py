"""Rows of answers as queries give them: what a reader of one may rely on."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol


class AnswerRow(Protocol):
    """An answer with its player, its passage, and whether its player had seen that before."""

    player_id: int
    model_id: int
    unit: str
    position: int
    elapsed_ms: int
    answered_on: date
    public_id: str
    content_hash: str
    genre: str
    repeated: bool
    scored_passage_id: int
    counts: bool  # False while its round waits, beyond an address's share, or before it is settled


class GuessAnswer(AnswerRow, Protocol):
    """A guess; text None is a skip, and losses are the model's by the unit's rule."""

    mode: str
    assisted: bool
    attempt: int
    text: str | None
    target: str
    model_guess: str
    target_rank: int
    target_loss_nats: float
    entropy_nats: float
    draw_kind: str


class BetAnswer(AnswerRow, Protocol):
    """A bet; its stakes are lists of text, share and the model's log-probability."""

    stakes: list[list[Any]]
    other: float
    target: str
    target_option: str | None
    loss_nats: float
    target_logprob_nats: float


class JudgementAnswer(AnswerRow, Protocol):
    """A judgement; `asked` is False where the rival drawn was the target itself."""

    form: str
    asked: bool
    question_version: int
    target: str
    rival: str
    target_share: float
    target_logprob_nats: float
    rival_logprob_nats: float
    target_drawn_logprob_nats: float | None
    rival_drawn_logprob_nats: float | None


class FirstGuess(Protocol):
    """A guess that counts, with both sides' marks and where it was made."""

    player_id: int
    model_id: int
    scored_passage_id: int
    position: int
    mode: str
    unit: str
    assisted: bool
    skipped: bool
    is_right: bool
    model_is_right: bool
    target: str
    target_loss_nats: float
    entropy_nats: float
    answered_on: date
    genre: str


class MarkedGuess(FirstGuess, Protocol):
    """Any guess with both sides' marks, and what decides whether it counts."""

    repeated: bool
    attempt: int
    draw_kind: str
    counts: bool  # whether its round does
    settled: bool  # whether its player knows the target
