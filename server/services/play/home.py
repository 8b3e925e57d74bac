"""What the first page says: who plays, and over how many passages."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.domain.scores.models import BUNDLED, model_label
from server.services.contract.opponents import HomeView, ModelView
from server.services.play.opponents import OpponentChoice, current_opponent, model_view
from server.store.scoring.scores import count_scored


def home_view(session: Session, choice: OpponentChoice) -> HomeView:
    """Return who plays now."""
    row = current_opponent(session, choice)
    if row is None:
        return HomeView(opponent=None, passages=0, fallback_notice=None)
    stands_in = row.name == BUNDLED != choice.name
    notice = (
        f"{model_label(choice.name)} is not on this machine, "
        f"so {model_label(BUNDLED)}, the small bundled model, plays in its place."
    )
    return HomeView(
        opponent=model_view(row),
        passages=count_scored(session, row.id),
        fallback_notice=notice if stands_in else None,
    )


def opponent_line(model: ModelView | None) -> str:
    """Return the sentence that says which model plays; empty while nothing is scored."""
    if model is None:
        return ""
    small = ", the small bundled model" if model.name == BUNDLED else ""
    millions = f"{model.parameters / 1e6:,.0f} million parameters"
    return f"Playing against {model.label}{small} ({millions})."


def present_opponent(session: Session, choice: OpponentChoice) -> ModelView | None:
    """Return the model that new rounds are played against."""
    row = current_opponent(session, choice)
    return model_view(row) if row else None
