"""What the first page says: who plays, and over how many passages."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.domain.scores.models import BUNDLED, SMOLLM2, model_label
from server.services.contract.opponents import HomeView, ModelView
from server.services.play.opponents import OpponentChoice, current_opponent, model_view
from server.store.scoring.scores import count_scored

_SIZES = {BUNDLED: ", the small bundled model"}
_DESCRIPTIONS = {
    BUNDLED: ", the small bundled model,",
    SMOLLM2: ", a small pretrained model,",
}


def home_view(session: Session, choice: OpponentChoice) -> HomeView:
    """Return who plays now."""
    row = current_opponent(session, choice)
    if row is None:
        return HomeView(opponent=None, passages=0, fallback_notice=None)
    described = f"{model_label(row.name)}{_DESCRIPTIONS.get(row.name, '')}"
    notice = (
        f"{model_label(choice.name)} is not on this machine, so {described} plays in its place."
    )
    return HomeView(
        opponent=model_view(row),
        passages=count_scored(session, row.id),
        fallback_notice=notice if row.name != choice.name else None,
    )


def opponent_line(model: ModelView | None) -> str:
    """Return the sentence that says which model plays; empty while nothing is scored."""
    if model is None:
        return ""
    millions = f"{model.parameters / 1e6:,.0f} million parameters"
    return f"Playing against {model.label}{_SIZES.get(model.name, '')} ({millions})."


def present_opponent(session: Session, choice: OpponentChoice) -> ModelView | None:
    """Return the model that new rounds are played against."""
    row = current_opponent(session, choice)
    return model_view(row) if row else None
