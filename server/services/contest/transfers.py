"""One history on two devices: a short code from the one, typed into the other."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from sqlalchemy.orm import Session

from server.domain.contest.transfers import (
    TRANSFER_CODE_LETTERS,
    TRANSFER_LASTS,
    TRANSFER_LETTERS,
    read_transfer_code,
)
from server.domain.errors import Conflict, InvalidInput
from server.services.contract.players import TransferView
from server.services.play.players import ensure_player
from server.store.contest import transfers as stored
from server.store.engine import writing
from server.store.players import find_player
from server.store.tables import PlayerRow


def begin_transfer(
    session: Session, player_id: str | None, now: datetime
) -> tuple[TransferView, str]:
    """Return a code that joins another device to this player, and the player's public id.

    It lasts ten minutes, serves once and replaces an earlier one; only its hash is kept. Somebody
    who has never played is added.
    """
    code = "".join(secrets.choice(TRANSFER_LETTERS) for _ in range(TRANSFER_CODE_LETTERS))
    expires_at = now + TRANSFER_LASTS
    with writing(session):
        stored.forget_expired(session, now)
        player = ensure_player(session, player_id, now)
        stored.add_transfer(session, player.id, _hash(code), expires_at)
        return TransferView(code=code, expires_at=expires_at), player.public_id


def join(session: Session, player_id: str | None, text: str, now: datetime) -> str:
    """Join this device to the player whose code was typed; return that player's public id.

    What was played here becomes theirs: each answer is kept once, a passage that both had becomes
    repeated where the rules say so, and both ids lead to the one player from now on. Raises
    InvalidInput for what is no code or one that has expired or served, Conflict on the same device.
    """
    code_hash = _hash(read_transfer_code(text))
    with writing(session):
        player = stored.use_transfer(session, code_hash, now)
        if player is None:
            raise InvalidInput("code", "That code is not valid: each serves once, for ten minutes.")
        former = find_player(session, player_id) if player_id else None
        if former is None:
            return player.public_id
        if former.id == player.id:
            raise Conflict("This device has that history already.")
        stored.lock_players(session, (player.id, former.id))
        _merge(former, player)
        stored.move_history(session, former, player)
        return player.public_id


def _merge(former: PlayerRow, player: PlayerRow) -> None:
    """Keep what is true of either: the older date, a flag, a hidden name; a name where one is."""
    player.created_at = min(player.created_at, former.created_at)
    player.flagged = player.flagged or former.flagged
    if player.nickname is None:
        player.nickname = former.nickname
    player.hidden = player.hidden or former.hidden


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode("ascii")).hexdigest()
