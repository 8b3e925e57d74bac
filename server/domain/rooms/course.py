"""The course of a room: what it asks at a moment, and where the host's moves lead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from server.domain.errors import Conflict

SECONDS_A_WORD = (15, 30, 60)
OPEN_FOR = timedelta(hours=24)
GRACE = timedelta(seconds=1.5)  # what was sent before the end may still be on its way


class Phase(StrEnum):
    """Where a room stands."""

    WAITING = "waiting"
    ASKING = "asking"
    REVEALED = "revealed"
    FINISHED = "finished"


@dataclass(frozen=True)
class Course:
    """A room's phase, the word it is at (from 0), and its clock.

    Before the first word `word` is 0; once finished it is how many words were revealed. `ends_at`
    is None where words have no time. While the room is paused the clock stands still.
    """

    phase: Phase
    word: int
    words: int
    seconds: int | None
    asked_at: datetime | None
    ends_at: datetime | None
    paused_at: datetime | None
    closes_at: datetime

    @property
    def settled(self) -> int:
        """How many words have been revealed."""
        return self.word + 1 if self.phase is Phase.REVEALED else self.word

    @property
    def is_at_a_word(self) -> bool:
        """Whether a word is asked, or was just revealed."""
        return self.phase in (Phase.ASKING, Phase.REVEALED)

    def at(self, now: datetime) -> Course:
        """Return the course as it is at a moment: time that is up reveals, and a day's end ends.

        Nothing has to be written for it, so a room goes on even where nobody looks.
        """
        if self.phase is not Phase.FINISHED and now >= self.closes_at:
            return self.ended()
        running = self.phase is Phase.ASKING and self.paused_at is None
        if running and self.ends_at is not None and now >= self.ends_at + GRACE:
            return replace(self, phase=Phase.REVEALED)
        return self

    def next(self, now: datetime) -> Course:
        """Return the course with the next word asked, or finished after the last one.

        Raises Conflict while a word is still asked, and where the room is over.
        """
        if self.phase is Phase.FINISHED:
            raise Conflict("This room is over.")
        if self.phase is Phase.ASKING:
            raise Conflict("Reveal the word first; then the next one can be asked.")
        if self.settled >= self.words:
            return self.ended()
        ends_at = now + timedelta(seconds=self.seconds) if self.seconds else None
        return replace(
            self,
            phase=Phase.ASKING,
            word=self.settled,
            asked_at=now,
            ends_at=ends_at,
            paused_at=None,
        )

    def revealed(self) -> Course:
        """Return the course with its word revealed; raise Conflict where none is asked."""
        if not self.is_at_a_word:
            raise Conflict("No word is asked now.")
        return replace(self, phase=Phase.REVEALED, paused_at=None)

    def paused(self, now: datetime) -> Course:
        """Return the course with its clock stopped; raise Conflict where no word is asked."""
        if self.phase is not Phase.ASKING:
            raise Conflict("Only a word that is asked can be paused.")
        return self if self.paused_at else replace(self, paused_at=now)

    def resumed(self, now: datetime) -> Course:
        """Return the course with its clock running again; a pause is not thinking time."""
        if self.paused_at is None:
            return self
        pause = now - self.paused_at
        return replace(
            self,
            paused_at=None,
            asked_at=self.asked_at and self.asked_at + pause,
            ends_at=self.ends_at and self.ends_at + pause,
        )

    def ended(self) -> Course:
        """Return the course as finished; a word that was not revealed does not count."""
        return replace(self, phase=Phase.FINISHED, word=self.settled, ends_at=None, paused_at=None)

    def require_taking_answers(self) -> None:
        """Raise Conflict, with the reason, unless an answer can be given."""
        if self.phase is Phase.FINISHED:
            raise Conflict("This room is over.")
        if self.phase is Phase.WAITING:
            raise Conflict("The first word has not been asked yet.")
        if self.phase is Phase.REVEALED:
            raise Conflict("This word is revealed already.")
        if self.paused_at is not None:
            raise Conflict("The host has paused the room; your answer can be sent when it goes on.")
