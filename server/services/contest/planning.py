"""Which passage is whose day's: planned ahead, so that nobody meets it before."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from server.domain.contest.dailies import coming_days, days_ahead
from server.domain.play.rounds import seeded_generator
from server.store.contest import dailies as stored
from server.store.contest.tables import DailyRow
from server.store.scoring.scores import last_draw_number, lock_model


def plan(session: Session, model_id: int, today: date) -> int:
    """Fill the plan from today on, in the transaction of the caller.

    Return how many passages rounds against the model are drawn from.

    A day that nobody has begun goes to the model that plays now; a day that has begun stays as it
    is. Mostly everything is planned already, which one look-up tells.
    """
    passages = last_draw_number(session, model_id)
    days = coming_days(today, passages)
    if _is_planned(stored.dailies_from(session, today), days, model_id):
        return passages
    lock_model(session, model_id)  # two processes must not plan the same day
    session.expire_all()
    planned = stored.dailies_from(session, today)
    for day, row in planned.items():
        if row.model_id != model_id and not stored.is_begun(session, day):
            stored.drop_daily(session, row)
    planned = stored.dailies_from(session, today)
    for day in days:
        chosen = None if day in planned else _choose(session, model_id, day)
        if chosen is not None:
            stored.add_daily(session, day, model_id, chosen)
    return passages


def planned_or_next(session: Session, model_id: int, today: date) -> tuple[int, int] | None:
    """Return today's scored passage and its model, as planned or as `plan` would; writes nothing.

    None where no passage has mixed words.
    """
    row = stored.daily_of(session, today)
    if row is not None and (row.model_id == model_id or stored.is_begun(session, today)):
        return row.scored_passage_id, row.model_id
    chosen = _choose(session, model_id, today)
    return None if chosen is None else (chosen, model_id)


def kept_back(
    session: Session, model_id: int, today: date, passages: int | None = None
) -> ColumnElement[bool] | None:
    """Return what other modes must not draw: None in a corpus too small to keep anything back.

    `passages` is how many there are, where that is known.
    """
    passages = last_draw_number(session, model_id) if passages is None else passages
    is_large = days_ahead(passages) > 0
    return stored.is_kept_back(today) if is_large else None


def _is_planned(planned: dict[date, DailyRow], days: list[date], model_id: int) -> bool:
    return all(day in planned and planned[day].model_id == model_id for day in days)


def _choose(session: Session, model_id: int, day: date) -> int | None:
    """Return a passage that no day has had, by a number that the day decides, or the oldest."""
    fraction = float(seeded_generator("daily", day.isoformat()).random())
    unused = stored.unused_passage(session, model_id, fraction)
    return unused or stored.longest_unused_passage(session, model_id)
