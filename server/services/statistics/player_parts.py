"""What players contribute to the statistics' sums: made of their own rows, and of nobody else's."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from server.domain.play.conduct import Exclusion
from server.domain.sums.clusters import Block, Where, add_answers
from server.domain.sums.paired_pools import block_of
from server.domain.sums.whole_numbers import Key, Numbers, Sums, add, fixed
from server.services.research.records import names_for_sums
from server.services.statistics.stated_parts import add_bets, add_judged, add_tries
from server.services.statistics.sum_keys import COUNTED, DAY, EXCLUDED, GROUP, PAIRED, PLAYED
from server.store.statistics.conduct import reasons_to_exclude
from server.store.statistics.first_guesses import ENTROPY_EDGES_BITS, answers_by_player, monday_of
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
    marked: dict[Block, list[tuple[Where, Numbers]]] = defaultdict(list)
    for row in guesses_of(session, sums.keys()):
        mine = sums[row.player_id]
        day = (DAY, row.answered_on.isoformat())
        add(mine, day, (int(day not in mine), 0, 1))
        add(mine, (PLAYED,), (0, 0, 1, int(row.repeated)))
        if not row.repeated and row.attempt == 1:
            _add_pair(mine, row, marked, counts=reasons[row.player_id] is None)
    for block, answers in marked.items():
        add_answers(sums.__getitem__, block, answers)
    for player, day_begun, rounds in rounds_of_players(session, sums.keys()):
        add(sums[player], (DAY, day_begun.isoformat()), (0, rounds, 0))
        add(sums[player], (PLAYED,), (0, rounds, 0, 0))
    for player, reason in reasons.items():
        add(sums[player], (PLAYED,), (1, 0, 0, 0))
        if reason:
            add(sums[player], (EXCLUDED, reason.value), (1,))


def _add_pair(
    mine: Sums, row: Any, marked: dict[Block, list[tuple[Where, Numbers]]], *, counts: bool
) -> None:
    """Add a Pair to each group that a guess is of, and gather its marks for their clusters."""
    person, model = int(row.is_right), int(row.model_is_right)
    marks = (1, person * model, person, model, int(row.skipped))
    numbers = (*marks, fixed(row.target_loss_nats))
    group: Key = (GROUP, row.model_id, row.mode, row.unit, int(row.assisted))
    add(mine, group, (int(group not in mine), *numbers))
    where = (row.player_id, row.scored_passage_id, row.position)
    blocks = [block_of(GROUP, row.mode, int(row.assisted))]
    for facet, key in _facets(row) if counts else ():
        pair: Key = (PAIRED, facet, row.model_id, row.unit, *key)
        add(mine, pair, (int(pair not in mine), *numbers))
        blocks.append(block_of(facet, *key))
    for block in blocks:
        marked[block, row.model_id, row.unit].append((where, (1, person, model)))


def _facets(row: Any) -> list[tuple[str, Key]]:
    modes = ("modes", (row.mode, int(row.assisted)))
    if row.assisted:
        return [modes]
    day: date = row.answered_on
    entropy_bin = bisect_right(ENTROPY_EDGES_BITS, row.entropy_nats / math.log(2))
    return [
        modes,
        ("all", ()),
        ("genres", (row.genre,)),
        ("entropy", (entropy_bin,)),
        ("days", (day.isoformat(),)),
        ("weeks", (monday_of(day).isoformat(),)),
    ]


def _add_counted(session: Session, sums: dict[int, Sums], counting: Collection[int]) -> None:
    for player, given in answers_by_player(session, counting).items():
        add(sums[player], (COUNTED,), (1, given.guesses, given.bets, given.judgements))
