"""The audit log: a line for every look, export and change of the operator's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy.orm import Session

from server.store.engine import writing
from server.store.operations import audit as stored

BY_WEB, BY_COMMAND = "web", "command"
MORNING, STATISTICS = "the morning", "statistics"
_LOOK = "look"
_OWN_LOOKS = ((_LOOK, MORNING), (_LOOK, STATISTICS))
_LONGEST_DETAIL_CHARACTERS = 400


class ActionView(BaseModel):
    """One line of the log."""

    at: datetime
    by: str
    action: str
    detail: str


@dataclass(frozen=True)
class Operator:
    """Who acts, by what way, and when; nobody's address or name is known."""

    by: str
    at: datetime


def note(session: Session, operator: Operator, action: str, detail: str) -> None:
    """Add a line, in the transaction that does what it says."""
    stored.add_action(
        session, operator.at, operator.by, action, detail[:_LONGEST_DETAIL_CHARACTERS]
    )


def note_look(session: Session, operator: Operator, what: str) -> None:
    """Add a line for a look or an export, in a transaction of its own, before anything is shown."""
    with writing(session):
        note(session, operator, _LOOK, what)


def last_actions(session: Session, limit: int) -> list[ActionView]:
    """Return the newest lines, newest first; looks at the operator's own pages are left out."""
    return [
        ActionView(at=row.at, by=row.by, action=row.action, detail=row.detail)
        for row in stored.last_actions(session, limit, _OWN_LOOKS)
    ]
