"""What the calls of rooms take."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from server.domain.errors import InvalidInput
from server.domain.play.rounds import POSITIONS_PER_ROUND
from server.domain.rooms.wish import USUAL_WORDS, RoomWish
from server.services.rooms.rooms import RoomAnswer
from server.web.http.schemas import Strict
from server.web.wording.errors import NOT_UNICODE

_LONGEST_TEXT_CHARACTERS = 256
_LONGEST_NAME_CHARACTERS = 256


class NewRoom(Strict):
    """What kind of room to open."""

    words: int = Field(USUAL_WORDS, ge=1, le=POSITIONS_PER_ROUND)
    passage: str | None = Field(
        None, max_length=64, description="A passage's content hash; without one it is drawn"
    )
    text: str | None = Field(None, description="A text of your own, which the room alone has")
    model: str | None = Field(None, max_length=200, description="The opponent's name")
    seconds: Literal[15, 30, 60] | None = Field(None, description="Time for each word; null: none")

    def wish(self) -> RoomWish:
        """Return the wish as the services take it."""
        return RoomWish(self.words, self.passage, self.text, self.model, self.seconds)


class NewRoomPlayer(Strict):
    """Who joins: a name, or null for one that is made up."""

    name: str | None = Field(None, max_length=_LONGEST_NAME_CHARACTERS)
    shown: bool = Field(
        True, description="Whether the others see the name; if not, they see a made-up one"
    )


class NewRoomAnswer(Strict):
    """A guess at the present word; an empty text skips."""

    text: str = Field(max_length=_LONGEST_TEXT_CHARACTERS)
    index: int | None = Field(
        None,
        ge=0,
        lt=POSITIONS_PER_ROUND,
        description="Which word it is for, from 0, so that a late request cannot answer another",
    )

    def answer(self) -> RoomAnswer:
        """Return the answer; refuse what no database can store."""
        try:
            self.text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InvalidInput("text", NOT_UNICODE) from error
        return RoomAnswer(self.text if self.text.strip() else None, self.index)


class HostsMove(Strict):
    """A move that needs nothing said."""


class Pause(Strict):
    """Whether the clock stands still."""

    paused: bool = True


class NameVisibility(Strict):
    """Whether a player's own name is hidden from all."""

    hidden: bool = True


class FindPassages(BaseModel):
    """Which passages to list, as a query string."""

    model_config = ConfigDict(extra="forbid")

    find: str = Field("", max_length=100, description="A part of the title")


class ExportForm(BaseModel):
    """In which form answers are taken away, as a query string."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["jsonl", "csv"] = "jsonl"
