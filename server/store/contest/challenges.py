"""Queries on challenges, and on the rounds that were played because of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from server.store.contest.tables import ChallengeRoundRow, ChallengeRow
from server.store.tables import RoundRow

MOST_RESULTS = 100


def find_challenge(session: Session, code: str) -> ChallengeRow | None:
    """Return the challenge of this code, unless it has ended; with its round and player."""
    query = (
        select(ChallengeRow)
        .where(ChallengeRow.code == code, ChallengeRow.ended_at.is_(None))
        .options(joinedload(ChallengeRow.round).joinedload(RoundRow.player))
    )
    return session.scalars(query).one_or_none()


def newest_challenge_of(session: Session, round_id: int) -> ChallengeRow | None:
    """Return the last challenge that was made of a round, ended or not."""
    query = select(ChallengeRow).where(ChallengeRow.round_id == round_id)
    return session.scalars(query.order_by(ChallengeRow.id.desc()).limit(1)).one_or_none()


def add_challenge(session: Session, code: str, round_id: int, now: datetime) -> ChallengeRow:
    """Make a challenge of a finished round."""
    row = ChallengeRow(code=code, round_id=round_id, created_at=now, ended_at=None)
    session.add(row)
    session.flush()
    return row


def take_challenge(session: Session, challenge_id: int, round_id: int) -> None:
    """Record that a round is played because of a challenge; once is enough."""
    if session.get(ChallengeRoundRow, (challenge_id, round_id)) is None:
        session.add(ChallengeRoundRow(challenge_id=challenge_id, round_id=round_id))
        session.flush()


def round_taken_by(session: Session, challenge_id: int, player_id: int) -> RoundRow | None:
    """Return the round that a player began because of a challenge; their first, should two join."""
    query = (
        select(RoundRow)
        .join(ChallengeRoundRow, ChallengeRoundRow.round_id == RoundRow.id)
        .where(ChallengeRoundRow.challenge_id == challenge_id, RoundRow.player_id == player_id)
        .order_by(RoundRow.id)
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def rounds_taken(session: Session, challenge_id: int) -> Sequence[RoundRow]:
    """Return the finished rounds of a challenge with players and answers, the best points first.

    At most 100, so that a code that went round the world still makes a page.
    """
    query = (
        select(RoundRow)
        .join(ChallengeRoundRow, ChallengeRoundRow.round_id == RoundRow.id)
        .where(ChallengeRoundRow.challenge_id == challenge_id, RoundRow.finished_at.is_not(None))
        .options(
            joinedload(RoundRow.player, innerjoin=True),
            selectinload(RoundRow.guesses),
            selectinload(RoundRow.bets),
            selectinload(RoundRow.judgements),
        )
        .order_by(RoundRow.points_bits.desc(), RoundRow.finished_at)
        .limit(MOST_RESULTS)
    )
    return session.scalars(query).all()


def code_taken(session: Session, round_public_id: str) -> str | None:
    """Return the code of the newest open challenge because of which a round was begun."""
    query = (
        select(ChallengeRow.code)
        .join(ChallengeRoundRow, ChallengeRoundRow.challenge_id == ChallengeRow.id)
        .join(RoundRow, RoundRow.id == ChallengeRoundRow.round_id)
        .where(RoundRow.public_id == round_public_id, ChallengeRow.ended_at.is_(None))
        .order_by(ChallengeRow.id.desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none()
