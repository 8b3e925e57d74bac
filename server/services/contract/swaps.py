"""The swap lab: what moving each part of one run into another does."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Values = list[list[float]]


class SwapMapView(BaseModel):
    """One map in both directions: rows are layers, first layer first."""

    site: Literal["residual", "attention", "mlp", "heads"] = Field(
        description="The residual stream before each layer, what its attention or MLP adds, or its "
        "heads one by one; columns are positions, or heads"
    )
    enough: Values = Field(description="Clean put into corrupt: 1 brings the clean answer back")
    needed: Values = Field(description="Corrupt put into clean: 1 loses the clean answer")


class SwapPartView(BaseModel):
    """A head, or an MLP at a position; all are counted from 1."""

    kind: Literal["head", "mlp"]
    layer: int
    place: int = Field(description="The head's number, or the position's")
    enough: float
    needed: float


class SwapView(BaseModel):
    """Two runs, and every swap between them; 0 leaves a run as it was, 1 makes it the other."""

    model: str = Field(description="Who read the prompts: a model's label, or a circuit's name")
    clean_tokens: list[str]
    corrupt_tokens: list[str]
    clean_answer: str
    corrupt_answer: str
    clean_difference: float = Field(
        description="After the clean prompt: the clean answer's logit minus the corrupt answer's"
    )
    corrupt_difference: float = Field(description="The same after the corrupt prompt")
    maps: list[SwapMapView]
    needed_only: list[SwapPartView] = Field(description="Needed, but not enough, at 0.5 or more")
    enough_only: list[SwapPartView] = Field(description="Enough, but not needed")
    both: list[SwapPartView] = Field(description="Enough and needed")
    sentence: str = ""
