"""A round as its player may see it."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from server.services.contract.answers import AnswerView, JudgementView, PointsView
from server.services.contract.opponents import ModelView


class PassageView(BaseModel):
    """What a player may know of a passage before its end."""

    title: str
    genre: str
    source: str
    private: bool = Field(
        False,
        description="A text of the player's own, theirs alone; left out of all statistics",
    )


class AskedView(BaseModel):
    """The position that waits for an answer."""

    position: int
    index: int = Field(description="How many positions of this round came before; from 0")
    of: int
    suggestions: list[str] | None
    tries: list[str] = Field(default=[], description="What was already tried here, in mode tries")
    tries_left: int | None = None
    guess: str | None = Field(
        None, description="In mode bet, the player's own guess here; null if none"
    )
    options: list[str] | None = Field(
        None, description="In mode bet, once the player has guessed: what is offered"
    )
    own_option: str | None = Field(
        None, description="The option that is on offer only as the player's own guess"
    )
    pair: tuple[str, str] | None = Field(
        None,
        description="In mode duel: the two tokens, to be weighed only by how well each fits",
    )
    steps: list[float] | None = Field(None, description="Shares that a page offers, ascending")


class SegmentView(BaseModel):
    """A stretch of the revealed text; `answer` is the index of the answer it is the target of."""

    text: str
    answer: int | None


class ScoreView(BaseModel):
    """The running score: settled positions, and how many of them each side had right."""

    answered: int
    you: int
    model: int
    you_bits: float | None = Field(None, description="In bets and duels: mean loss so far")
    model_bits: float | None = None
    points: PointsView = Field(description="The sums over all right answers so far")


class RoundView(BaseModel):
    """A round as its player may see it: nothing beyond the gap."""

    id: str
    mode: str
    unit: str
    assisted: bool
    repeated: bool = Field(
        description="The player had seen this passage before; left out of all statistics"
    )
    practice: bool = Field(description="Duels to learn the game with; left out of all statistics")
    form: str | None = Field(description="Of a duel: tail, or whole as in the published study")
    daily: date | None
    draw: str = Field(
        description="How its positions were drawn: uniform, or mixed (easy, middle and hard ones "
        "of the daily passage; left out of people against models)"
    )
    finished: bool
    model: ModelView
    passage: PassageView
    text: str = Field(description="All that is revealed so far, up to the gap")
    segments: list[SegmentView] = Field(description="The same text, cut at the settled targets")
    asked: AskedView | None
    answers: list[AnswerView | JudgementView]
    score: ScoreView


class GuessOutcome(BaseModel):
    """The reveal, null while the position goes on, and the round as it stands now."""

    answer: AnswerView | JudgementView | None
    round: RoundView


class DuelView(BaseModel):
    """A duel that waits for a judgement, with the text before it."""

    id: str = Field(description="The round and the position, with a dot between")
    text: str
    pair: tuple[str, str]
    steps: list[float]
    round: RoundView
