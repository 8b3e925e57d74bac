"""Aggregates for the admin: each reads one table of play."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from server.domain.accuracy import PairedCounts
from server.store.tables import GuessRow, LanguageModelRow, PlayerRow, RoundRow


@dataclass(frozen=True)
class Totals:
    """How many players, rounds and guesses there are."""

    players: int
    rounds: int
    guesses: int


@dataclass(frozen=True)
class GroupCounts:
    """One model, mode, unit and assistance: the paired counts and the model's mean loss."""

    model: str
    revision: str
    mode: str
    unit: str
    assisted: bool
    players: int
    skipped: int
    counts: PairedCounts
    mean_loss_nats: float


def totals(session: Session) -> Totals:
    """Count players, rounds and guesses."""
    tables = (PlayerRow, RoundRow, GuessRow)
    counts = [session.scalars(select(func.count()).select_from(t)).one() for t in tables]
    return Totals(*counts)


def count_repeated(session: Session) -> int:
    """Count the guesses on passages that their player had before."""
    query = select(func.count()).select_from(GuessRow).where(GuessRow.repeated.is_(True))
    return session.scalars(query).one()


def groups(session: Session) -> list[GroupCounts]:
    """Aggregate first guesses by model, mode, unit and assistance; repeated passages left out."""
    person, model = cast(GuessRow.is_right, Integer), cast(GuessRow.model_is_right, Integer)
    keys = (GuessRow.model_id, GuessRow.mode, GuessRow.unit, GuessRow.assisted)
    aggregated = (
        select(
            *keys,
            func.count(GuessRow.player_id.distinct()).label("players"),
            func.sum(cast(GuessRow.skipped, Integer)).label("skipped"),
            func.count().label("n"),
            func.sum(person * model).label("both"),
            func.sum(person).label("person"),
            func.sum(model).label("model"),
            func.avg(GuessRow.target_loss_nats).label("mean_loss_nats"),
        )
        .where(GuessRow.repeated.is_(False), GuessRow.attempt == 1)
        .group_by(*keys)
        .subquery()
    )
    query = (
        select(LanguageModelRow.name, LanguageModelRow.revision, aggregated)
        .join(aggregated, aggregated.c.model_id == LanguageModelRow.id)
        .order_by(LanguageModelRow.id, aggregated.c.mode, aggregated.c.unit, aggregated.c.assisted)
    )
    return [
        GroupCounts(
            model=row.name,
            revision=row.revision,
            mode=row.mode,
            unit=row.unit,
            assisted=row.assisted,
            players=row.players,
            skipped=row.skipped,
            counts=PairedCounts(
                both=row.both,
                person_only=row.person - row.both,
                model_only=row.model - row.both,
                neither=row.n - row.person - row.model + row.both,
            ),
            mean_loss_nats=float(row.mean_loss_nats),
        )
        for row in session.execute(query)
    ]


def by_day(session: Session, first: date) -> dict[date, Totals]:
    """Count, for each UTC day from `first` on, players who answered, rounds begun and guesses."""
    rounds = select(RoundRow.started_on, func.count()).where(RoundRow.started_on >= first)
    rounds_by_day = {
        row[0]: row[1] for row in session.execute(rounds.group_by(RoundRow.started_on))
    }
    guesses = select(
        GuessRow.answered_on, func.count(GuessRow.player_id.distinct()), func.count()
    ).where(GuessRow.answered_on >= first)
    rows = session.execute(guesses.group_by(GuessRow.answered_on))
    guesses_by_day = {day: (players, count) for day, players, count in rows}
    days = rounds_by_day.keys() | guesses_by_day.keys()
    return {
        day: Totals(
            players=guesses_by_day.get(day, (0, 0))[0],
            rounds=rounds_by_day.get(day, 0),
            guesses=guesses_by_day.get(day, (0, 0))[1],
        )
        for day in days
    }
