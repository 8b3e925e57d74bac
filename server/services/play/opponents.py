"""Which model plays, and what pages call it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from server.domain.scores.models import BUNDLED, SMOLLM2, ModelIdentity, model_label
from server.services.contract.opponents import ModelView
from server.store.scoring.scores import newest_scoring_model
from server.store.tables import LanguageModelRow

# In this order: SmolLM2, by the scores that come with the release, then the small bundled model.
_STAND_INS = (SMOLLM2, BUNDLED)


@dataclass(frozen=True)
class OpponentChoice:
    """The preferred model, by revision where it has one, and whether others may stand in for it."""

    name: str
    revision: str | None
    fallback_allowed: bool


def current_opponent(session: Session, choice: OpponentChoice) -> LanguageModelRow | None:
    """Return the model that new rounds are played against, or None while nothing is scored."""
    stand_ins = _STAND_INS if choice.fallback_allowed else ()
    return newest_scoring_model(session, choice.name, choice.revision, stand_ins)


def model_view(row: LanguageModelRow | ModelIdentity) -> ModelView:
    """Return what a page shows of a model."""
    return ModelView(
        name=row.name,
        revision=row.revision,
        parameters=row.parameters,
        label=model_label(row.name),
        beginning=row.beginning,
    )
