"""What the API takes; unknown fields and wrong types are refused by name."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from server.domain.errors import InvalidInput
from server.domain.rounds import Mode
from server.domain.tokens import Unit
from server.services.rounds import RoundWish

_LONGEST_TEXT_CHARACTERS = 256
_LARGEST_POSITION = 1_000_000


class Strict(BaseModel):
    """No coercion, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid")


class NewRound(Strict):
    """What kind of round to begin."""

    mode: Literal["guess"] = "guess"
    unit: Literal["words", "tokens"] = "words"
    assisted: bool = False
    daily: bool = False

    def wish(self) -> RoundWish:
        """Return the domain's reading."""
        return RoundWish(Mode(self.mode), Unit(self.unit), self.assisted, self.daily)


class NewGuess(Strict):
    """An answer to the asked position: a text, or a skip."""

    position: int = Field(ge=0, le=_LARGEST_POSITION)
    text: str | None = Field(None, max_length=_LONGEST_TEXT_CHARACTERS)
    skip: bool = False

    @model_validator(mode="after")
    def _text_or_skip(self) -> Self:
        if self.skip == (self.text is not None):
            raise ValueError("Send either a text or skip: true.")
        return self

    def answer(self) -> str | None:
        """Return the text, or None for a skip; refuse what no database can store."""
        if self.text is not None and not self.text.isascii():
            try:
                self.text.encode("utf-8")
            except UnicodeEncodeError as error:
                raise InvalidInput("text", "That is not valid Unicode text.") from error
        return self.text


class NewText(Strict):
    """A text of the player's own."""

    text: str


class PlayerChange(Strict):
    """A new nickname, or null for none."""

    nickname: str | None = Field(max_length=_LONGEST_TEXT_CHARACTERS)


class Problem(BaseModel):
    """RFC 9457: what went wrong, as a sentence."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None
