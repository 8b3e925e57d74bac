"""Show the passage of a day, how everybody did, and the player's streak."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from server.domain.contest.dailies import Streak, number_of, seconds_to_next, streak
from server.domain.errors import NotFound, NothingToPlay
from server.services.contest.planning import planned_or_next
from server.services.contract.answers import PointsView
from server.services.contract.contest import (
    DailyRoundView,
    DailyStateView,
    DailyView,
    PastDailyView,
    StreakView,
)
from server.services.play.opponents import OpponentChoice, current_opponent, model_view
from server.store.contest import dailies as stored
from server.store.contest.dailies import PlayedDaily
from server.store.players import find_player
from server.store.tables import LanguageModelRow, ScoredPassageRow

DAYS_IN_ARCHIVE = 60
NO_SUCH_DAY = "There is no passage of that day."


def daily_view(
    session: Session,
    choice: OpponentChoice,
    player_id: str | None,
    now: datetime,
    day: date | None = None,
) -> DailyView:
    """Return the passage of a day, None being today; nothing is written.

    Raises NotFound, in the same words, for a day to come and for one that had no passage, and
    NothingToPlay where no passage has words for a daily.
    """
    day, today = day or now.date(), now.date()
    scored = _scored(session, choice, day, today)
    rounds = _rounds_of(session, player_id)
    counts = stored.scores_of(session, day, scored.model_id)
    return DailyView(
        number=number_of(day),
        date=day,
        next_in_s=seconds_to_next(now) if day == today else None,
        title=scored.passage.title,
        words=scored.mixed_words,
        model=model_view(scored.model),
        you=_own(rounds, day),
        streak=_streak_view(rounds, now),
        distribution=[counts.get(right, 0) for right in range(scored.mixed_words + 1)],
    )


def daily_state(
    session: Session, opponent: LanguageModelRow, player_id: str | None, now: datetime
) -> DailyStateView | None:
    """Return what the first page says of today's passage; None where there is none."""
    today = now.date()
    if planned_or_next(session, opponent.id, today) is None:
        return None
    rounds = _rounds_of(session, player_id)
    return DailyStateView(
        number=number_of(today),
        date=today,
        next_in_s=seconds_to_next(now),
        you=_own(rounds, today),
        streak=_streak_view(rounds, now),
    )


def streak_of(session: Session, player_id: str | None, now: datetime) -> StreakView | None:
    """Return a player's streaks; None for one who has played no daily."""
    rounds = _rounds_of(session, player_id)
    return _streak_view(rounds, now) if rounds else None


def archive(session: Session, player_id: str | None, now: datetime) -> list[PastDailyView]:
    """Return the past days of this service, newest first, with the player's own rounds."""
    rounds = _rounds_of(session, player_id)
    return [
        PastDailyView(
            number=number_of(day), date=day, title=scored.passage.title, you=_own(rounds, day)
        )
        for day, scored in stored.past_dailies(session, now.date(), DAYS_IN_ARCHIVE)
    ]


def _scored(session: Session, choice: OpponentChoice, day: date, today: date) -> ScoredPassageRow:
    if day > today:
        raise NotFound(NO_SUCH_DAY)
    if day < today:
        row = stored.daily_of(session, day)
        found = None if row is None else row.scored_passage_id
        if found is None:
            raise NotFound(NO_SUCH_DAY)
        return session.get_one(ScoredPassageRow, found)
    opponent = current_opponent(session, choice)
    planned = planned_or_next(session, opponent.id, today) if opponent else None
    if planned is None:
        raise NothingToPlay("No passage is ready for a daily round yet.")
    return session.get_one(ScoredPassageRow, planned[0])


def _rounds_of(session: Session, public_id: str | None) -> Sequence[PlayedDaily]:
    player = find_player(session, public_id) if public_id else None
    return stored.dailies_played(session, player.id) if player else []


def _own(rounds: Sequence[PlayedDaily], day: date) -> DailyRoundView | None:
    """Return the player's round of a day: the unassisted one where there are two."""
    mine = sorted((row for row in rounds if row.daily_on == day), key=lambda row: row.assisted)
    if not mine:
        return None
    row = mine[0]
    return DailyRoundView(
        id=row.public_id,
        finished=row.finished_at is not None,
        answered=row.answered,
        right=row.right_answers,
        model_right=row.model_right_answers,
        points=PointsView(you=row.points_bits, model=row.model_points_bits),
        on_its_day=row.started_on == row.daily_on,
    )


def _streak_view(rounds: Sequence[PlayedDaily], now: datetime) -> StreakView:
    found = _streak(rounds, now)
    return StreakView(current=found.current, best=found.best)


def _streak(rounds: Sequence[PlayedDaily], now: datetime) -> Streak:
    """Count each day once, by its first round that was begun on the day and finished."""
    begun: dict[date, datetime] = {}
    for row in rounds:
        if row.finished_at is not None and row.started_on == row.daily_on:
            begun.setdefault(row.daily_on, row.started_at)
    return streak(begun.values(), now)
