"""What the first page shows: who plays, and over how many passages."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.services.contract.opponents import HomeView, ModelView
from server.services.play.opponents import OpponentChoice, current_opponent, model_view
from server.store.scoring.scores import last_draw_number


def home_view(session: Session, choice: OpponentChoice) -> HomeView:
    """Return who plays now, and in whose place."""
    row = current_opponent(session, choice)
    if row is None:
        return HomeView(opponent=None, passages=0, missing_model=None)
    return HomeView(
        opponent=model_view(row),
        passages=last_draw_number(session, row.id),
        missing_model=choice.name if row.name != choice.name else None,
    )


def present_opponent(session: Session, choice: OpponentChoice) -> ModelView | None:
    """Return the model that new rounds are played against."""
    row = current_opponent(session, choice)
    return model_view(row) if row else None
