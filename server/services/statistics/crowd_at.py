"""The crowd at one position that a player has settled, and at all positions of their round."""

from __future__ import annotations

import math
import re

from sqlalchemy.orm import Session

from server.domain.errors import NotFound
from server.domain.estimators.perplexity import bits
from server.domain.play.guessing import reveal, visible
from server.services.contract.crowd import PositionView
from server.services.contract.rooms import ChoiceView
from server.services.play.kinds import kind_of
from server.services.play.played import PlayedRound
from server.services.statistics.crowd import CrowdPosition, crowd_positions, crowd_view

_ID = re.compile(r"([\w-]{1,32})\.(\d{1,7})", re.ASCII)
_NO_SUCH = "There is no such position, or you have not settled it."


def parts_of_id(position_id: str) -> tuple[str, int]:
    """Return the round's id and the position; raise NotFound for a malformed id."""
    match = _ID.fullmatch(position_id)
    if match is None:
        raise NotFound(_NO_SUCH)
    return match[1], int(match[2])


def position_view(session: Session, played: PlayedRound, position: int) -> PositionView:
    """Return how people answered a position; raise NotFound unless the player has settled it."""
    if position not in _settled(played):
        raise NotFound(_NO_SUCH)
    crowd = crowd_positions(session, played.row.scored_passage_id, played.reading)
    return _view(played, position, crowd.get(position))


def position_views(session: Session, played: PlayedRound) -> list[PositionView]:
    """Return the positions of a finished round that at least ten people answered."""
    crowd = crowd_positions(session, played.row.scored_passage_id, played.reading)
    return [_view(played, place, crowd[place]) for place in _settled(played) if place in crowd]


def _settled(played: PlayedRound) -> list[int]:
    """Return the settled positions where a word can be guessed; duels ask others, too."""
    asked = set(played.reading.asked)
    return [place for place in kind_of(played.row).settled(played.row) if place in asked]


def _view(played: PlayedRound, position: int, crowd: CrowdPosition | None) -> PositionView:
    gap = played.at(position)
    shown = reveal(gap, None)
    return PositionView(
        id=f"{played.row.public_id}.{position}",
        position=position,
        unit=played.unit,
        target=visible(shown.target, played.unit),
        model=ChoiceView(text=visible(shown.model_guess, played.unit), right=shown.model_right),
        model_name=played.scene.opponent.name,
        target_probability=math.exp(-shown.target_loss_nats),
        model_entropy_bits=bits(gap.entropy_nats),
        crowd=crowd_view(crowd) if crowd else None,
    )
