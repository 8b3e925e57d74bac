"""Fold what has changed into the statistics' sums: the work grows with the changes alone.

A change marks its player. A fold makes anew what a marked player contributes, or the judgements of
a passage's duels together, and adds the difference to the sums. So an answer taken back, by a
deletion, a flag or a rule of conduct, is a difference as any other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from server.domain.sums.ability_pools import tallies_in
from server.domain.sums.whole_numbers import CLUSTER, Sums, add, change, changed_moments, together
from server.services.research.records import names_for_sums
from server.services.statistics.admission import release
from server.services.statistics.player_parts import player_parts
from server.services.statistics.stated_parts import duel_parts
from server.store.engine import writing
from server.store.statistics import rollups as stored
from server.store.statistics.rollup_tables import ClusterSumsRow, SumsRow
from server.store.statistics.rollups import NOTHING, Duels, PlayerPart, kept_statistics
from server.store.statistics.tallies import keep_tallies


def fold(
    session: Session,
    most_batches: int | None = None,
    rest: Callable[[float], None] = lambda _took_s: None,
) -> None:
    """Fold all that waits now, or so many batches, each a transaction of its own.

    Rounds that have waited long enough count first. What is marked meanwhile is left for the next
    fold: else none would end while people play. `rest` is called after each batch with the seconds
    that it took.
    """
    release(session, datetime.now(UTC))
    last = stored.newest_mark(session)
    done, began_s = 0, time.monotonic()
    while (most_batches is None or done < most_batches) and fold_some(session, last):
        rest(time.monotonic() - began_s)
        done, began_s = done + 1, time.monotonic()


def fold_some(session: Session, last: int | None = None) -> bool:
    """Fold one batch, wholly or not at all; return whether there was any up to the mark `last`.

    Others who fold wait meanwhile; on SQLite so do all who write, hence batches are small. Duels
    wait until all marked players are folded: then each is summed up once, however many judged it.
    """
    with writing(session):
        kept_statistics(session, lock=True)
        return _fold_players(session, last) or _fold_duels(session)


def rebuild(session: Session) -> None:
    """Empty the sums and fold everything anew."""
    with writing(session):
        kept_statistics(session, lock=True)
        stored.start_over(session)
    fold(session)


def _fold_players(session: Session, last: int | None) -> bool:
    players = stored.take_marked_players(session, last)
    if not players:
        return False
    old = stored.player_parts(session, players)
    new = player_parts(session, players)
    _apply(
        session,
        (change(_sums(new[player]), _sums(old.get(player))) for player in players),
    )
    stored.keep_player_parts(session, new)
    keep_tallies(session, {player: tallies_in(_sums(part)) for player, part in new.items()})
    stored.mark_duels(session, _judged_otherwise(old, new))
    return True


def _sums(part: PlayerPart | None) -> Sums:
    return (part or NOTHING).sums


def _judged_otherwise(
    old: Mapping[int, PlayerPart], new: Mapping[int, PlayerPart | None]
) -> set[Duels]:
    found: set[Duels] = set()
    for player, part in new.items():
        before, now = old.get(player, NOTHING).judged, (part or NOTHING).judged
        found |= {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
    return found


def _fold_duels(session: Session) -> bool:
    old = stored.changed_duels(session)
    if not old:
        return False
    new = duel_parts(session, old.keys(), names_for_sums(session))
    _apply(session, (change(new[duels], old[duels]) for duels in old))
    stored.keep_duel_parts(session, new)
    return True


def _apply(session: Session, changes: Iterable[Sums]) -> None:
    """Add changes to the clusters and sums, and to the moments what the clusters' change makes."""
    changed = together(changes)
    of_clusters = {key: numbers for key, numbers in changed.items() if key[0] == CLUSTER}
    before = stored.sums_of(session, ClusterSumsRow, of_clusters)
    after = together([before, of_clusters])
    stored.keep_sums(session, ClusterSumsRow, after)
    rest = {key: numbers for key, numbers in changed.items() if key[0] != CLUSTER}
    for key, numbers in changed_moments(before, after).items():
        add(rest, key, numbers)
    held = stored.sums_of(session, SumsRow, rest)
    stored.keep_sums(session, SumsRow, together([held, rest]))
