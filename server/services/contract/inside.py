"""What the layers of a model say at one settled position."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from server.services.contract.answers import CandidateView
from server.services.contract.live_inside import BranchView, ContextTokenView
from server.services.contract.opponents import ModelView
from server.services.contract.rounds import PassageView


class StandingView(BaseModel):
    """Where a word stands after a layer: among words alone in a round of words."""

    probability: float
    rank: int


class LayerView(BaseModel):
    """What the model would say if it stopped after this layer; the last is what it said."""

    layer: int = Field(description="0 is before the first layer")
    target: StandingView
    model: StandingView = Field(description="The word that the model said in the end")
    guess: StandingView | None = Field(
        description="The player's word, where it is among the sixteen that are kept by layer"
    )
    top: list[CandidateView]


class NormView(BaseModel):
    """The residual stream's length after a layer, and of what the layer added to it."""

    layer: int
    norm: float
    attention: float | None
    mlp: float | None


class GrowthView(BaseModel):
    """By which factor the residual stream grows at each layer, and how well that fits."""

    rate: float
    r2: float
    exponential: bool = Field(description="R² of 0.9 or more over at least eight layers")


class WatchedView(BaseModel):
    """A token that a head looked at; position null is the beginning before every text."""

    position: int | None
    token: str
    weight: float


class PartView(BaseModel):
    """One part's push towards the author's word, against the other word, in logits."""

    layer: int | None
    kind: Literal["embedding", "head", "attention", "mlp", "constant"]
    head: int | None
    push: float
    watched: list[WatchedView] | None = Field(
        None,
        description="Of the five heads that pushed most either way; null of others, and where it "
        "is not kept",
    )


class StoryView(BaseModel):
    """Which story the numbers tell; what its sentence does not name is null."""

    kind: Literal["target_dropped", "guess_dropped", "copied", "phrase", "nothing"]
    layer: int | None = None
    head_layer: int | None = None
    head: int | None = None
    weight: float | None = None
    words_back: int | None = Field(None, description="How far back the same word stands")


class LikenessView(BaseModel):
    """The layer that the player reads like, and those that the positions cannot tell from it."""

    layer: int
    low: int
    high: int
    layers: int
    n: int
    perplexity: float
    perplexity_low: float
    perplexity_high: float
    typed: bool = Field(
        description="Perplexity of the layer on what was typed; else of the player's own bets"
    )


class InsideView(BaseModel):
    """Why the model said what it said at a position; nothing after the position is in it."""

    sentence: str = ""
    story: StoryView
    position: int
    unit: str
    opponent: ModelView
    passage: PassageView
    before: str = Field(description="The end of the text before the position")
    lens: Literal["fitted", "plain"]
    target: str
    model: str = Field(description="The model's word")
    guess: str | None = Field(description="The player's word; null where there is none")
    other: str = Field(description="The word that pushes are measured against")
    layers: list[LayerView]
    norms: list[NormView]
    growth: GrowthView | None
    parts: list[PartView] = Field(
        description="Towards the author's word, against `other`; in the model's order"
    )
    context: list[ContextTokenView] | None = Field(
        None, description="Asked for live, by the call inside/context"
    )
    tree: list[BranchView] | None = Field(
        None, description="Asked for live, by the call inside/tree"
    )
    why_not_live: str | None = Field(
        None, description="Why nothing can be asked live, as a sentence"
    )
