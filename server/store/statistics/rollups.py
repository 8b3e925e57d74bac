"""Queries on rollups: marks, what each has contributed, clusters, sums, and the last count."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Select, Table, delete, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from server.domain.sums.whole_numbers import Key, Sums
from server.store.statistics.rollup_tables import (
    ClusterSumsRow,
    DuelSumsRow,
    PlayerMarkRow,
    PlayerSumsRow,
    PlayerTallyRow,
    StatisticsRow,
    SumsRow,
)
from server.store.tables import PlayerRow

# On SQLite a batch holds up all who write, for about a tenth of a second.
PLAYERS_AT_ONCE = 10
_MARKS_AT_ONCE = 200  # a player has one for each answer since the last fold
DUELS_AT_ONCE = 20
_ROLLUPS = (
    *(PlayerMarkRow, PlayerSumsRow, PlayerTallyRow),
    *(DuelSumsRow, ClusterSumsRow, SumsRow),
)
_NOBODY = 0  # ids begin with 1
_KEYS_AT_ONCE = 500  # far below what one statement may hold
Item = TypeVar("Item")


class Duels(NamedTuple):
    """The duels of one scored passage in one unit and form."""

    scored_passage_id: int
    unit: str
    form: str


@dataclass(frozen=True)
class PlayerPart:
    """What a player has contributed; `judged` holds a digest of the judgements that count."""

    counts: bool  # whether the judgements do
    sums: Sums
    judged: Mapping[Duels, int]


# Past the session, which costs three times as much, at each answer.
_MARK = insert(cast("Table", PlayerMarkRow.__table__)).inline()
NOTHING = PlayerPart(counts=False, sums={}, judged={})


def mark_player(session: Session, player_id: int) -> None:
    """Have a player's changes folded; called in the transaction that makes them."""
    session.connection().execute(_MARK, {"player_id": player_id})


def mark_nobody(session: Session) -> None:
    """Write a mark and take it away: nothing is left, but it shows that rows can be written."""
    session.execute(insert(PlayerMarkRow).values(player_id=_NOBODY))
    session.execute(delete(PlayerMarkRow).where(PlayerMarkRow.player_id == _NOBODY))


def newest_mark(session: Session) -> int:
    """Return the number of the last mark that was made; 0 where none waits."""
    return session.scalars(select(func.max(PlayerMarkRow.id))).one() or 0


def take_marked_players(session: Session, last: int | None = None) -> list[int]:
    """Remove the marks of the players who have waited longest, and return these players.

    With `last`, of those who were marked up to then.

    subtle: what they did must be read after this. Whatever is committed later has a later mark.
    """
    oldest = select(PlayerMarkRow.player_id).order_by(PlayerMarkRow.id).limit(_MARKS_AT_ONCE)
    if last is not None:
        oldest = oldest.where(PlayerMarkRow.id <= last)
    players = list(dict.fromkeys(session.scalars(oldest)))[:PLAYERS_AT_ONCE]
    session.execute(delete(PlayerMarkRow).where(PlayerMarkRow.player_id.in_(players)))
    return players


def count_marked_players(session: Session) -> int:
    """Return how many players have changed since the last fold."""
    return session.scalars(select(func.count(PlayerMarkRow.player_id.distinct()))).one()


def start_over(session: Session) -> None:
    """Empty the rollups and mark every player."""
    for table in _ROLLUPS:
        session.execute(delete(table))
    everybody = select(PlayerRow.id)
    session.execute(insert(PlayerMarkRow).from_select(["player_id"], everybody))


def player_parts(session: Session, players: Collection[int]) -> dict[int, PlayerPart]:
    """Return what these players have contributed so far."""
    rows = session.execute(
        select(
            PlayerSumsRow.player_id,
            PlayerSumsRow.counts,
            PlayerSumsRow.sums,
            PlayerSumsRow.judged,
        ).where(PlayerSumsRow.player_id.in_(players))
    )
    return {
        player_id: PlayerPart(
            counts,
            _decoded(sums),
            {Duels(*duels): digest for *duels, digest in judged},
        )
        for player_id, counts, sums, judged in rows
    }


def keep_player_parts(session: Session, parts: Mapping[int, PlayerPart | None]) -> None:
    """Keep what players contribute now; None for one who is gone."""
    session.execute(delete(PlayerSumsRow).where(PlayerSumsRow.player_id.in_(list(parts))))
    rows = [
        {
            "player_id": player_id,
            "counts": part.counts,
            "sums": _encoded(part.sums),
            "judged": [[*duels, digest] for duels, digest in part.judged.items()],
        }
        for player_id, part in parts.items()
        if part is not None
    ]
    if rows:
        session.execute(insert(PlayerSumsRow), rows)


def mark_duels(session: Session, changed: Collection[Duels]) -> None:
    """Have some duels summed up again; only a fold does this, and folds run one at a time."""
    for portion in _chunks(sorted(changed)):
        is_here = tuple_(*_DUELS).in_(portion)
        known = {Duels(*row) for row in session.execute(select(*_DUELS).where(is_here))}
        session.execute(update(DuelSumsRow).where(is_here).values(changed=True))
        new = [duels for duels in portion if duels not in known]
        rows = [{**duels._asdict(), "changed": True, "sums": []} for duels in new]
        if rows:
            session.execute(insert(DuelSumsRow), rows)


def changed_duels(session: Session) -> dict[Duels, Sums]:
    """Return some of the duels that must be summed up again, with what they have contributed."""
    query = select(*_DUELS, DuelSumsRow.sums).where(DuelSumsRow.changed.is_(True))
    rows = session.execute(query.limit(DUELS_AT_ONCE))
    return {Duels(*duels): _decoded(sums) for *duels, sums in rows}


def keep_duel_parts(session: Session, parts: Mapping[Duels, Sums]) -> None:
    """Keep what duels contribute now, and mark them as up to date."""
    session.execute(delete(DuelSumsRow).where(tuple_(*_DUELS).in_(list(parts))))
    rows = [
        {**duels._asdict(), "changed": False, "sums": _encoded(sums)}
        for duels, sums in parts.items()
        if sums
    ]
    if rows:
        session.execute(insert(DuelSumsRow), rows)


def players_whose_duels_count() -> Select[int]:
    """Select the players whose judgements count in the sums as they stand."""
    return select(PlayerSumsRow.player_id).where(PlayerSumsRow.counts.is_(True))


def all_sums(session: Session) -> Sums:
    """Return all sums, from one reading of the database."""
    rows = session.execute(select(SumsRow.key, SumsRow.numbers))
    return {_key(key): tuple(numbers) for key, numbers in rows}


def sums_of(
    session: Session, table: type[ClusterSumsRow] | type[SumsRow], keys: Iterable[Key]
) -> Sums:
    """Return what some keys hold; those that hold nothing are left out."""
    sums: Sums = {}
    for portion in _chunks([_text(key) for key in keys]):
        rows = session.execute(select(table.key, table.numbers).where(table.key.in_(portion)))
        sums |= {_key(key): tuple(numbers) for key, numbers in rows}
    return sums


def keep_sums(session: Session, table: type[ClusterSumsRow] | type[SumsRow], sums: Sums) -> None:
    """Keep what some keys hold now; a key that holds zeros is dropped."""
    for portion in _chunks([(_text(key), numbers) for key, numbers in sums.items()]):
        session.execute(delete(table).where(table.key.in_([key for key, _ in portion])))
        rows = [{"key": key, "numbers": numbers} for key, numbers in portion if any(numbers)]
        if rows:
            session.execute(insert(table), rows)


_DUELS = (DuelSumsRow.scored_passage_id, DuelSumsRow.unit, DuelSumsRow.form)


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + _KEYS_AT_ONCE] for start in range(0, len(items), _KEYS_AT_ONCE))


def _text(key: Key) -> str:
    return json.dumps(key, ensure_ascii=False, separators=(",", ":"))


def _key(text: str) -> Key:
    return tuple(json.loads(text))


def _encoded(sums: Sums) -> list[Any]:
    return list(sums.items())


def _decoded(sums: list[Any]) -> Sums:
    return {tuple(key): tuple(numbers) for key, numbers in sums}


def kept_statistics(session: Session, *, lock: bool = False) -> StatisticsRow:
    """Return the row; `lock` makes other counts wait until it is released."""
    query = select(StatisticsRow).where(StatisticsRow.id == 1)
    return session.scalars(query.with_for_update() if lock else query).one()


def keep_statistics(session: Session, begun_at: datetime, document: str) -> None:
    """Keep what was counted, unless a later count has begun."""
    session.execute(
        update(StatisticsRow)
        .where(StatisticsRow.id == 1, StatisticsRow.begun_at == begun_at)
        .values(document=document)
    )
