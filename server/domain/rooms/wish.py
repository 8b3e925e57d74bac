"""What kind of room a host may ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from server.domain.errors import InvalidInput
from server.domain.play.rounds import POSITIONS_PER_ROUND
from server.domain.rooms.course import SECONDS_A_WORD

USUAL_WORDS = 8
_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class RoomWish:
    """How many words, on which passage (by content hash), against whom, and how fast.

    Without a passage one is drawn; `text` is a text of the host's own in its place. `model` is the
    opponent's name; None is the one that plays everywhere.
    """

    words: int = USUAL_WORDS
    passage: str | None = None
    text: str | None = None
    model: str | None = None
    seconds: int | None = None

    def require_possible(self) -> None:
        """Raise InvalidInput, with the field, for what no room can be."""
        if not 1 <= self.words <= POSITIONS_PER_ROUND:
            raise InvalidInput("words", f"A room asks 1 to {POSITIONS_PER_ROUND} words.")
        if self.seconds is not None and self.seconds not in SECONDS_A_WORD:
            allowed = ", ".join(str(seconds) for seconds in SECONDS_A_WORD)
            raise InvalidInput("seconds", f"Allowed are {allowed}, or none.")
        if self.passage is not None and not _HASH.fullmatch(self.passage):
            raise InvalidInput("passage", "A passage is named by its content hash.")
        if self.model is not None and not self.model.isprintable():
            raise InvalidInput("model", "No model has such a name.")
        if self.text is not None and self.passage is not None:
            raise InvalidInput("text", "Choose a passage or send a text of your own, not both.")
        if self.text is not None and self.model is not None:
            raise InvalidInput(
                "model", "A text of your own is read by the model that is loaded here."
            )
