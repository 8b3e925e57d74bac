"""A room as its players and its host may see it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from server.services.contract.answers import CandidateView
from server.services.contract.figures import ComparisonView, IntervalView
from server.services.contract.opponents import ModelView
from server.services.contract.rounds import PassageView


class RoomAskedView(BaseModel):
    """The word that waits for answers, or whose answers were just revealed."""

    index: int = Field(description="How many words of this room came before; from 0")
    of: int
    ends_at: datetime | None = Field(
        description="When its time is up; null where words have no time, and while paused"
    )


class RoomAnswerView(BaseModel):
    """One answer of the room; cases and Unicode forms of a word are one."""

    text: str
    count: int
    right: bool
    probability: float | None = Field(
        description="What the model gave it; null where it is not among the model's candidates"
    )


class ChoiceView(BaseModel):
    """A side's one answer; text null where nobody said anything."""

    text: str | None
    right: bool


class RoomRevealView(BaseModel):
    """What the author wrote, what the room said, and what the model expected."""

    target: str
    target_probability: float
    answers: list[RoomAnswerView] = Field(description="Most frequent first")
    silent: int = Field(description="How many skipped or said nothing")
    crowd: ChoiceView = Field(description="The room's own choice: its most frequent answer")
    model: ChoiceView
    candidates: list[CandidateView]


class RoomStandingView(BaseModel):
    """How many words a side had right, and the points they bring."""

    right: int
    points: float = Field(description="The sum of −log2 of what the model gave each right word")


class RoomScoreView(RoomStandingView):
    """One player's standing; the name is made up unless they agreed to show their own."""

    seat: int
    name: str
    own: bool = Field(description="Whether it is the player's own name, which the host can hide")
    emblem: str = Field(description="The seed of the picture at /emblem/{seed}.svg")


class RaceView(BaseModel):
    """The room's own choices against the model's, over the words revealed so far."""

    words: int
    room: RoomStandingView
    model: RoomStandingView


class RoomYouView(RoomScoreView):
    """The player who asks; `text` is their answer to the present word."""

    own_name: str | None
    shown: bool = Field(description="Whether others see the name that you gave")
    answered: bool
    text: str | None
    word_right: bool | None = Field(description="Of the present word, once it is revealed")


class RoomWordView(BaseModel):
    """A revealed word at the room's end."""

    target: str
    surprise_bits: float
    answered: int
    silent: int
    choice: str | None
    choice_share: float
    room_right: bool
    model_choice: str
    model_right: bool


class RoomOutcomeView(BaseModel):
    """What the room came to: its own choices against the model's on the same words."""

    room: IntervalView
    model: IntervalView
    comparison: ComparisonView
    words: list[RoomWordView]
    surest_and_wrong: RoomWordView | None
    beat_the_model: RoomWordView | None


class RoomView(BaseModel):
    """A room as it stands: nothing beyond the gap, and no answers before the reveal."""

    code: str
    state: str = Field(description="waiting, asking, revealed or finished")
    paused: bool
    now: datetime = Field(description="The server's clock when this was written")
    closes_at: datetime
    model: ModelView
    passage: PassageView | None = Field(description="null once a text of the host's own is deleted")
    seconds: int | None = Field(description="Time for each word")
    words: int
    text: str = Field(description="All that is revealed so far, up to the gap")
    asked: RoomAskedView | None
    players: int
    answered: int = Field(
        description="How many have answered or skipped the present word; to a player, as of the "
        "last other change"
    )
    reveal: RoomRevealView | None
    race: RaceView
    scores: list[RoomScoreView] = Field(
        description="Best first: three; at the end, and for the host, all"
    )
    outcome: RoomOutcomeView | None
    host: bool = Field(description="Whether the asker leads this room")
    you: RoomYouView | None


class NewRoomView(RoomView):
    """A new room, with the addresses that its host needs."""

    url: str = Field(description="Where players join")
    host_url: str = Field(description="Opens the host's page in another browser; keep it")


class PassageChoiceView(BaseModel):
    """A passage that a host may choose."""

    passage: str = Field(description="Its content hash, by which a room is asked for")
    title: str
    genre: str


class RoomChoicesView(BaseModel):
    """What a host may choose."""

    passages: list[PassageChoiceView]
    models: list[ModelView]
