"""What is asked of a model live, at a position that the player has settled."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ContextTokenView(BaseModel):
    """A token before the gap, and what taking it from the model changes."""

    position: int
    token: str
    effect_nats: float = Field(
        description="log p(the author's word) − log p(it without this token): above 0 it helped"
    )
    attention: float = Field(description="How much the gap looks at it, the mean over all heads")


class ContextView(BaseModel):
    """One piece of the context, 16 tokens at most; the most watched come first, in piece 0."""

    way: str
    piece: int
    pieces: int
    tokens: int = Field(description="How many tokens the model read before the gap")
    helped: list[ContextTokenView] = Field(description="Strongest first")
    hindered: list[ContextTokenView] = Field(description="Strongest first")


class BranchView(BaseModel):
    """A token that the model could have written, and what could have followed."""

    token: str
    probability: float
    joint: float = Field(description="The probability of the whole path to it")
    branches: list[BranchView]


class TreeView(BaseModel):
    """The likeliest continuations, three tokens deep; probabilities are exact."""

    temperature: float
    top_k: int | None
    branches: list[BranchView]
