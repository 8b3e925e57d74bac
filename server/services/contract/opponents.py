"""Who plays: the opponent, and what the first page shows of it."""

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
    """The opponent, None while nothing is scored, and the preferred model where another plays."""

    opponent: ModelView | None
    passages: int
    missing_model: str | None
