"""What a player's own page shows of all their rounds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy.orm import Session

from server.domain.play.rounds import POSITIONS_PER_ROUND, Draw
from server.services.contract.profile import (
    BestView,
    ProfileView,
    StepView,
    TallyView,
    WeekView,
)
from server.services.play.opponents import OpponentChoice, current_opponent
from server.store.contest import profile as stored
from server.store.players import find_player

ENTROPY_BOUNDS_BITS = (2.0, 4.0, 6.0, 8.0)
SECOND_BOUNDS = (2.0, 5.0, 10.0, 20.0, 40.0)
WEEKS_SHOWN = 26


def profile_view(
    session: Session, public_id: str | None, choice: OpponentChoice
) -> ProfileView | None:
    """Return what a player's finished rounds come to; None for somebody without any.

    It reads a row for each of the player's rounds and guesses, by index, and nobody else's.
    """
    player = find_player(session, public_id) if public_id else None
    opponent = current_opponent(session, choice)
    if player is None or opponent is None:
        return None
    ids = (player.id, opponent.id)
    modes = [_tally(row) for row in stored.modes_of(session, *ids)]
    if not modes:
        return None
    scores = stored.scores_of(session, *ids)
    nats = [bound * math.log(2) for bound in ENTROPY_BOUNDS_BITS]
    milliseconds = [int(1000 * bound) for bound in SECOND_BOUNDS]
    most = max(POSITIONS_PER_ROUND, *scores) if scores else POSITIONS_PER_ROUND
    return ProfileView(
        best=_best(session, *ids),
        weeks=_weeks(stored.days_of(session, *ids)),
        scores=[scores.get(right, 0) for right in range(most + 1)] if scores else [],
        modes=modes,
        genres=[_tally(row) for row in stored.genres_of(session, *ids)],
        by_entropy_bits=_steps(stored.shares_by_entropy(session, *ids, nats), ENTROPY_BOUNDS_BITS),
        by_seconds=_steps(stored.shares_by_time(session, *ids, milliseconds), SECOND_BOUNDS),
    )


def _tally(row: stored.Tally) -> TallyView:
    return TallyView(
        key=row.key,
        rounds=row.rounds,
        asked=row.asked,
        right=row.right,
        model_right=row.model_right,
        points=row.points_bits,
        model_points=row.model_points_bits,
    )


def _best(session: Session, player_id: int, model_id: int) -> BestView | None:
    row = stored.best_round(session, player_id, model_id)
    if row is None or not row.right_answers:
        return None
    is_daily = row.draw_kind == Draw.MIXED
    return BestView(
        round_id=row.public_id,
        title=row.scored_passage.passage.title,
        right=row.right_answers,
        asked=row.scored_passage.mixed_words if is_daily else row.scored_passage.asked_words,
        points=row.points_bits,
    )


def _weeks(days: Sequence[stored.DayTally]) -> list[WeekView]:
    """Return the last weeks in which something was played, oldest first."""
    by_week: dict[date, list[stored.DayTally]] = defaultdict(list)
    for day in days:
        by_week[day.day - timedelta(days=day.day.weekday())].append(day)
    weeks = [
        WeekView(
            monday=monday,
            rounds=sum(day.rounds for day in of_week),
            asked=sum(day.asked for day in of_week),
            right=sum(day.right for day in of_week),
            model_right=sum(day.model_right for day in of_week),
            points=sum(day.points_bits for day in of_week),
        )
        for monday, of_week in sorted(by_week.items())
    ]
    return weeks[-WEEKS_SHOWN:]


def _steps(shares: Sequence[stored.Share], bounds: Sequence[float]) -> list[StepView]:
    """Return every step of a scale, those without a guess too."""
    found = {share.step: share for share in shares}
    steps = []
    for step, below in enumerate((*bounds, None)):
        share = found.get(step) or stored.Share(step, 0, 0, 0)
        steps.append(
            StepView(
                below=below,
                guesses=share.guesses,
                right=share.right,
                model_right=share.model_right,
            )
        )
    return steps
