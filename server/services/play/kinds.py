"""The four kinds of answers, by mode: a file each, all with the same few functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from server.domain.play.rounds import Mode, next_position
from server.services.contract.answers import AnswerView, JudgementView
from server.services.contract.results import ResultView
from server.services.contract.rounds import AskedView
from server.services.play import bets, duels, guesses, tries
from server.services.play.played import Losses, Marks, PlayedRound
from server.services.statistics.components import SiteSpread
from server.store.tables import RoundRow


class Kind(Protocol):
    """What a kind of answer does when it is asked, recorded, shown and summed up."""

    def settled(self, row: RoundRow, /) -> list[int]:
        """Return the positions whose target is revealed, ascending."""
        ...

    def positions(self, played: PlayedRound, /) -> list[int]:
        """Return all positions that the round asks, ascending."""
        ...

    def ask(self, played: PlayedRound, view: AskedView, /) -> None:
        """Add to the view of the asked position what this kind shows there."""
        ...

    def record(
        self, played: PlayedRound, answer: object, asked: int | None, now: datetime, /
    ) -> bool:
        """Record an answer where `asked` is the position asked now, None in a finished round.

        Return False where the same one is already recorded.
        """
        ...

    def marks(self, row: RoundRow, /) -> list[Marks]:
        """Return the marks of every settled position, ascending."""
        ...

    def losses(self, row: RoundRow, /) -> list[Losses]:
        """Return both sides' losses at every settled position; empty where none are stated."""
        ...

    def reveals(self, played: PlayedRound, /) -> Sequence[AnswerView | JudgementView]:
        """Return what is shown of every settled position, ascending."""
        ...

    def conclude(self, played: PlayedRound, result: ResultView, spread: SiteSpread, /) -> None:
        """Add what only this kind knows to the result of a finished round.

        `spread` is how much answers vary on the site: a dozen are too few to tell.
        """
        ...


_KINDS: Mapping[Mode, Kind] = {
    Mode.GUESS: guesses,
    Mode.BET: bets,
    Mode.DUEL: duels,
    Mode.TRIES: tries,
}


def kind_of(row: RoundRow) -> Kind:
    """Return the kind of answers that a round takes."""
    return _KINDS[Mode(row.mode)]


def asked_now(played: PlayedRound) -> int | None:
    """Return the position that the round asks now, or None where it is finished."""
    kind = kind_of(played.row)
    return next_position(kind.positions(played), len(kind.settled(played.row)))
