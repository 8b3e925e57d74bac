"""What players contribute to the statistics' sums: made of their own rows, and of nobody else's."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy.orm import Session

from server.domain.play.conduct import Exclusion
from server.domain.sums.whole_numbers import Key, Sums, add, fixed
from server.services.research.records import names_for_sums
from server.services.statistics.stated_parts import add_bets, add_judged, add_tries
from server.services.statistics.sum_keys import COUNTED, DAY, EXCLUDED, GROUP, PAIRED, PLAYED
from server.store.statistics.conduct import reasons_to_exclude
from server.store.statistics.first_guesses import ENTROPY_EDGES_BITS, answers_by_player
from server.store.statistics.player_rows import guesses_of, rounds_of_players
from server.store.statistics.rollups import PlayerPart


def player_parts(session: Session, players: Sequence[int]) -> dict[int, PlayerPart | None]:
    """Return what each of some players contributes now; None for one who is gone."""
    reasons = reasons_to_exclude(session, players)
    sums: dict[int, Sums] = {player: {} for player in reasons}
    counting = [player for player, reason in reasons.items() if reason is None]
    called = names_for_sums(session)
    _add_played(session, sums, reasons)
    _add_counted(session, sums, counting)
    add_bets(session, sums, counting, called)
    add_tries(session, sums, counting, called)
    judged = add_judged(session, sums, counting)
    counts = set(counting)
    parts = {
        player: PlayerPart(player in counts, found, judged.get(player, {}))
        for player, found in sums.items()
    }
    return {player: parts.get(player) for player in players}


def _add_played(
    session: Session, sums: dict[int, Sums], reasons: dict[int, Exclusion | None]
) -> None:
    """Add what counts of everybody, and the paired guesses of those whose answers count."""
    for row in guesses_of(session, sums.keys()):
        mine = sums[row.player_id]
        day = (DAY, row.answered_on.isoformat())
        add(mine, day, (int(day not in mine), 0, 1))
        add(mine, (PLAYED,), (0, 0, 1, int(row.repeated)))
        if not row.repeated and row.attempt == 1:
            _add_pair(mine, row, counts=reasons[row.player_id] is None)
    for player, day_begun, rounds in rounds_of_players(session, sums.keys()):
        add(sums[player], (DAY, day_begun.isoformat()), (0, rounds, 0))
        add(sums[player], (PLAYED,), (0, rounds, 0, 0))
    for player, reason in reasons.items():
        add(sums[player], (PLAYED,), (1, 0, 0, 0))
        if reason:
            add(sums[player], (EXCLUDED, reason.value), (1,))


def _add_pair(mine: Sums, row: Any, *, counts: bool) -> None:
    person, model = row.is_right, row.model_is_right
    marks = (1, int(person and model), int(person), int(model), int(row.skipped))
    numbers = (*marks, fixed(row.target_loss_nats))
    keys: list[Key] = [(GROUP, row.model_id, row.mode, row.unit, int(row.assisted))]
    if counts:
        keys += _facets(row)
    for key in keys:
        add(mine, key, (int(key not in mine), *numbers))  # a Pair


def _facets(row: Any) -> list[Key]:
    where = (row.model_id, row.unit)
    modes: Key = (PAIRED, "modes", *where, row.mode, int(row.assisted))
    if row.assisted:
        return [modes]
    entropy_bin = bisect_right(ENTROPY_EDGES_BITS, row.entropy_nats / math.log(2))
    return [
        modes,
        (PAIRED, "all", *where),
        (PAIRED, "genres", *where, row.genre),
        (PAIRED, "entropy", *where, entropy_bin),
        (PAIRED, "days", *where, row.answered_on.isoformat()),
    ]


def _add_counted(session: Session, sums: dict[int, Sums], counting: Collection[int]) -> None:
    for player, given in answers_by_player(session, counting).items():
        add(sums[player], (COUNTED,), (1, given.guesses, given.bets, given.judgements))
