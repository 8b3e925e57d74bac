"""What others are told of a player: the nickname, unless it is hidden, and the emblem."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.domain.contest.emblems import emblem_seed
from server.domain.errors import NotFound
from server.services.contract.challenges import PersonView
from server.services.operations.audit import Operator, note
from server.services.research.exporting import player_called
from server.store.engine import writing
from server.store.players import set_hidden
from server.store.tables import PlayerRow


def person_view(player: PlayerRow) -> PersonView:
    """Return what others may know of a player."""
    return PersonView(name=shown_name(player), emblem=emblem_seed(player.public_id))


def shown_name(player: PlayerRow) -> str | None:
    """Return the name that others see; None where there is none, or where it is hidden."""
    return None if player.hidden else player.nickname


def hide_name(
    session: Session, name: str, secret: str, operator: Operator, *, hidden: bool
) -> None:
    """Say whether others see a player's nickname; raise NotFound.

    `name` is the player's public id, or the name that an export gives them.
    """
    with writing(session):
        player_called(session, name, secret).hidden = hidden
        note(session, operator, _action(hidden=hidden), name)


def hide_nickname(session: Session, nickname: str, operator: Operator, *, hidden: bool) -> int:
    """Say whether others see the nickname of all who have this one, now and under another.

    Returns how many they are; raises NotFound for nobody.
    """
    with writing(session):
        players = set_hidden(session, nickname, hidden=hidden)
        if not players:
            raise NotFound(f"Nobody is called “{nickname}”.")
        note(session, operator, _action(hidden=hidden), f"{nickname}: {players} players")
        return players


def _action(*, hidden: bool) -> str:
    return "hide nickname" if hidden else "show nickname again"
