"""Duels one by one: the same rounds, for clients that ask one question at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from server.domain.errors import NotFound
from server.services.contract.rounds import DuelView
from server.services.play.choosing import RoundWish
from server.services.play.rounds import RoundService

_ID = re.compile(r"([\w-]{1,32})\.(\d{1,7})", re.ASCII)


@dataclass(frozen=True)
class NextDuel:
    """A duel, and the player who is asked."""

    duel: DuelView
    player_id: str


def next_duel(
    service: RoundService, player_id: str | None, wish: RoundWish, now: datetime
) -> NextDuel:
    """Return the duel that the player's newest round asks, or the first of a new round.

    Raises NothingToPlay where this player has seen every question.
    """
    started = service.go_on(player_id, wish, now)
    state = started.round
    if state.asked is None or state.asked.pair is None:
        raise NotFound("This round has no question left.")
    duel = DuelView(
        id=f"{state.id}.{state.asked.position}",
        text=state.text,
        pair=state.asked.pair,
        steps=state.asked.steps or [],
        round=state,
    )
    return NextDuel(duel, started.player_id)


def parts_of(comparison_id: str) -> tuple[str, int]:
    """Return the round's id and the position; raise NotFound for a malformed id."""
    match = _ID.fullmatch(comparison_id)
    if match is None:
        raise NotFound("There is no such comparison.")
    return match[1], int(match[2])
