"""How people answered, taken together, beside the model."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from server.services.contract.opponents import ModelView
from server.services.contract.rooms import ChoiceView
from server.services.contract.statistics import EstimateView


class CrowdAnswerView(BaseModel):
    """One answer of the crowd, in words without regard to case."""

    text: str
    count: int
    share: float = Field(description="Of all who gave an answer")
    right: bool
    probability: float | None = Field(
        description="What the model gave it; null beyond its stored candidates"
    )


class DistanceView(BaseModel):
    """Total variation between people and model, between two estimates that bound it on average."""

    value: float
    low: float
    high: float


class CrowdView(BaseModel):
    """What at least ten players answered at one position, unassisted and at first sight."""

    players: int
    silent: int = Field(description="How many of them skipped")
    answers: list[CrowdAnswerView] = Field(description="Most frequent first, at most thirty")
    different: int
    entropy_bits: float = Field(description="Of people's answers, corrected for few of them")
    choice: ChoiceView = Field(description="The most frequent answer")
    distance: DistanceView


class PositionView(BaseModel):
    """A position that the asker has settled: people's answers, and what the model expected."""

    id: str = Field(description="The round and the position, with a dot between")
    position: int
    unit: str
    target: str
    model: ChoiceView
    model_name: str
    target_probability: float
    model_entropy_bits: float = Field(description="Of the model's distribution over all tokens")
    crowd: CrowdView | None = Field(description="null where fewer than ten have answered")


class CrowdAccuracyView(BaseModel):
    """Plurality of k people against one person and the model, on the same positions."""

    size: int
    positions: int
    crowd: EstimateView
    person: EstimateView
    model: EstimateView
    difference: EstimateView = Field(description="The crowd minus the model")


class CrowdOpponentView(BaseModel):
    """The crowd against one model in one unit, where at least ten answered."""

    model: ModelView
    unit: str
    positions: int
    answers: int
    accuracies: list[CrowdAccuracyView]
    distance: EstimateView = Field(
        description="Mean total variation between people's answers and the model's distribution, "
        "corrected for few answers"
    )


class CrowdStatistics(BaseModel):
    """What the crowd comes to, as counted at one moment."""

    counted_at: datetime
    opponents: list[CrowdOpponentView]
