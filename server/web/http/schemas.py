"""What the API takes; unknown fields and wrong types are refused by name."""

from __future__ import annotations

from datetime import date as date_
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from server.domain.errors import InvalidInput
from server.domain.play.rounds import MOST_TRIES, Mode
from server.domain.scores.passage_scores import Form
from server.domain.text.tokens import Unit
from server.services.play.bets import Bet
from server.services.play.choosing import RoundWish
from server.services.play.duels import Judgement
from server.services.play.played import TypedGuess
from server.web.openings import passage_of
from server.web.wording.errors import CHALLENGE_ALONE, NO_DATE, NOT_UNICODE, TEXT_OR_SKIP

_LONGEST_TEXT_CHARACTERS = 256
_LARGEST_POSITION = 1_000_000
_MOST_OPTIONS = 64
_LONGEST_CODE_CHARACTERS = 32


def day_of(text: str | None) -> date_ | None:
    """Return the day of an ISO date; raise InvalidInput for anything else."""
    try:
        return None if text is None else date_.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("date", NO_DATE) from error


class Strict(BaseModel):
    """No coercion, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid")


class NewRound(Strict):
    """What kind of round to begin."""

    mode: Literal["guess", "bet", "duel", "tries"] = "guess"
    unit: Literal["words", "tokens"] = "words"
    assisted: bool = False
    daily: bool = False
    date: str | None = Field(
        None, description="Of a daily round: a past day, as 2026-11-27; today where it is absent"
    )
    passage: str | None = Field(
        None, max_length=200, description="Of a page: the sign of the passage that it showed"
    )
    form: Literal["tail", "whole"] = Field(
        "tail", description="Of a duel: rivals outside the model's first eight, or from everywhere"
    )
    challenge: str | None = Field(
        None,
        max_length=_LONGEST_CODE_CHARACTERS,
        description="The code of a challenge, which decides all else: nothing stands beside it",
    )

    @model_validator(mode="after")
    def _challenge_alone(self) -> Self:
        if self.challenge is not None and self.model_fields_set != {"challenge"}:
            raise ValueError(CHALLENGE_ALONE)
        return self

    def wish(self) -> RoundWish:
        """Return the wish as the services take it."""
        return RoundWish(
            Mode(self.mode),
            Unit(self.unit),
            self.assisted,
            self.daily,
            Form(self.form),
            day_of(self.date),
            passage_of(self.passage),
        )


class ComparisonWish(BaseModel):
    """Which pairs to judge, as a query string."""

    model_config = ConfigDict(extra="forbid")

    unit: Literal["words", "tokens"] = "words"
    form: Literal["tail", "whole"] = "tail"

    def wish(self) -> RoundWish:
        """Return the wish as the services take it."""
        return RoundWish(Mode.DUEL, Unit(self.unit), form=Form(self.form))


class DataPage(BaseModel):
    """Which page of a player's data, as a query string."""

    model_config = ConfigDict(extra="forbid")

    page: int = Field(1, ge=1, le=100_000)


class NewGuess(Strict):
    """An answer to the asked position: a text, or a skip."""

    position: int = Field(ge=0, le=_LARGEST_POSITION)
    text: str | None = Field(None, max_length=_LONGEST_TEXT_CHARACTERS)
    skip: bool = False
    attempt: int | None = Field(
        None,
        ge=1,
        le=MOST_TRIES,
        description="In mode tries, which try this is, so that a request can safely be repeated",
    )

    @model_validator(mode="after")
    def _text_or_skip(self) -> Self:
        if self.skip == (self.text is not None):
            raise ValueError(TEXT_OR_SKIP)
        return self

    def answer(self) -> TypedGuess:
        """Return the guess, with text None for a skip; refuse what no database can store."""
        if self.text is not None and not self.text.isascii():
            try:
                self.text.encode("utf-8")
            except UnicodeEncodeError as error:
                raise InvalidInput("text", NOT_UNICODE) from error
        return TypedGuess(self.position, self.text, self.attempt)


class NewText(Strict):
    """A text of the player's own."""

    text: str


class NewBet(Strict):
    """Shares that add up to 1, over what is offered and something else."""

    position: int = Field(ge=0, le=_LARGEST_POSITION)
    stakes: dict[str, float] = Field(max_length=_MOST_OPTIONS)
    other: float

    def answer(self) -> Bet:
        """Return the bet."""
        return Bet(self.position, self.stakes, self.other)


class NewJudgement(Strict):
    """The share, between 0 and 1, that the first of the two tokens gets."""

    first: float


class NewRoundJudgement(NewJudgement):
    """The same within a round, where the position says which question it answers."""

    position: int = Field(ge=0, le=_LARGEST_POSITION)

    def answer(self) -> Judgement:
        """Return the judgement."""
        return Judgement(self.position, self.first)


class PlayerChange(Strict):
    """A new nickname, or null for none."""

    nickname: str | None = Field(max_length=_LONGEST_TEXT_CHARACTERS)


class TransferCode(Strict):
    """A code that another device shows."""

    code: str = Field(max_length=_LONGEST_CODE_CHARACTERS)


class BoardQuery(BaseModel):
    """Which leaderboard, as a query string."""

    model_config = ConfigDict(extra="forbid")

    board: Literal["daily", "all"] = "daily"
    date: date_ | None = Field(None, description="Of the daily board; null is today, by UTC")
    assisted: bool = Field(False, description="Played with suggestions, which is a board apart")


class Problem(BaseModel):
    """RFC 9457: what went wrong, as a sentence."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None
