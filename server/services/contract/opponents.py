"""Who plays: the opponent, and what the first page says of it."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ModelView(BaseModel):
    """The opponent."""

    name: str
    revision: str
    parameters: int
    label: str = Field(description="Short name for pages, such as GPT-2")
    beginning: str = Field(
        "", description="The token before every text; empty where it was not recorded"
    )


class HomeView(BaseModel):
    """The opponent (None while nothing is scored), and what to say about it."""

    opponent: ModelView | None
    passages: int
    fallback_notice: str | None
