"""Which model plays, and which one reads a player's own text, in a sentence each."""

from __future__ import annotations

from server.domain.scores.models import BUNDLED, SMOLLM2, model_label
from server.services.contract.opponents import HomeView, ModelView
from server.services.play.own_texts import StandIn

_KINDS = {BUNDLED: "the small bundled model", SMOLLM2: "a small pretrained model"}


def opponent_line(model: ModelView | None) -> str:
    """Return the sentence that says which model plays; empty while nothing is scored."""
    if model is None:
        return ""
    kind = f", {_KINDS[BUNDLED]}" if model.name == BUNDLED else ""
    millions = f"{model.parameters / 1e6:,.0f}\u00a0million parameters"
    return f"Playing against {model.label}{kind} ({millions})."


def fallback_notice(home: HomeView) -> str:
    """Return who plays in place of the preferred model; empty where that one plays."""
    if home.opponent is None or home.missing_model is None:
        return ""
    missing, described = model_label(home.missing_model), _described(home.opponent.name)
    return f"{missing} is not on this machine, so {described} plays in its place."


def stand_in_notice(stand_in: StandIn | None) -> str:
    """Return who reads a text instead of the model that plays; empty where that one does."""
    if stand_in is None:
        return ""
    return f"{stand_in.problem} {_described(stand_in.name)} reads it instead."


def _described(name: str) -> str:
    """Return a model's label with what kind of model it is, between commas."""
    kind = _KINDS.get(name)
    return f"{model_label(name)}, {kind}," if kind else model_label(name)
