"""While a room is open, nobody in it learns its passage elsewhere: not in a round, not in a room.

Whoever shows a player what a passage goes on with asks here first.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.domain.errors import Conflict
from server.store.rooms.rooms import room_that_withholds


def require_told(
    session: Session,
    player_id: str | None,
    passage_id: int | None,
    *,
    but_room_id: int | None = None,
) -> None:
    """Raise Conflict where the player (by public id) is in an open room on this passage.

    That room itself, `but_room_id`, may tell; a passage that is gone (None) tells nothing.
    """
    if player_id is None or passage_id is None:
        return
    code = room_that_withholds(session, player_id, passage_id, but_room_id)
    if code is not None:
        raise withheld_in(code)


def withheld_in(code: str) -> Conflict:
    """Return the error for a passage that an open room withholds from its players elsewhere."""
    return Conflict(
        f"You are playing this passage in room {code}. Until the room is over, it is shown "
        "there alone."
    )
