"""What players contribute to the statistics' sums: made of their own rows, and of nobody else's."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from server.domain.play.conduct import Verdict
from server.domain.play.rounds import Mode, counts_for_accuracy
from server.domain.sums.whole_numbers import Key, Sums, add, fixed
from server.services.research.records import names_for_sums
from server.services.statistics.stated_parts import add_bets, add_judged, add_tries
from server.services.statistics.sum_keys import COUNTED, DAY, EXCLUDED, GROUP, PAIRED, PLAYED
from server.store.statistics.conduct import verdicts
from server.store.statistics.first_guesses import ENTROPY_EDGES_BITS, answers_by_mode
from server.store.statistics.player_rows import guesses_of, rounds_of_players
from server.store.statistics.rollups import PlayerPart


def player_parts(session: Session, players: Sequence[int]) -> dict[int, PlayerPart | None]:
    """Return what each of some players contributes now; None for one who is gone."""
    found = verdicts(session, players)
    sums: dict[int, Sums] = {player: {} for player in found}

    def counting(mode: Mode) -> list[int]:
        return [player for player, said in found.items() if said.counts(mode)]

    called = names_for_sums(session)
    _add_played(session, sums, found)
    _add_counted(session, sums, found)
    add_bets(session, sums, counting(Mode.BET), called)
    add_tries(session, sums, counting(Mode.TRIES), called)
    judged = add_judged(session, sums, counting(Mode.DUEL))
    parts = {
        player: PlayerPart(found[player].counts(Mode.DUEL), mine, judged.get(player, {}))
        for player, mine in sums.items()
    }
    return {player: parts.get(player) for player in players}


def _add_played(session: Session, sums: dict[int, Sums], found: Mapping[int, Verdict]) -> None:
    """Add what counts of everybody, and the paired guesses of those whose answers count."""
    for row in guesses_of(session, sums.keys()):
        mine = sums[row.player_id]
        day = (DAY, row.answered_on.isoformat())
        add(mine, day, (int(day not in mine), 0, 1))
        add(mine, (PLAYED,), (0, 0, 1, int(row.repeated)))
        first = not row.repeated and row.attempt == 1
        if first and counts_for_accuracy(row.mode, skipped=row.skipped):
            _add_pair(mine, row, counts=found[row.player_id].counts(row.mode))
    for player, day_begun, rounds in rounds_of_players(session, sums.keys()):
        add(sums[player], (DAY, day_begun.isoformat()), (0, rounds, 0))
        add(sums[player], (PLAYED,), (0, rounds, 0, 0))
    for player, said in found.items():
        add(sums[player], (PLAYED,), (1, 0, 0, 0))
        if said.reason:
            add(sums[player], (EXCLUDED, said.reason.value), (1,))


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


def _add_counted(session: Session, sums: dict[int, Sums], found: Mapping[int, Verdict]) -> None:
    for (player, mode), given in answers_by_mode(session, sums.keys()).items():
        if found[player].counts(mode):
            mine = sums[player]
            answers = (given.guesses, given.bets, given.judgements)
            is_new = any(answers) and not mine.get((COUNTED,), (0,))[0]
            add(mine, (COUNTED,), (int(is_new), *answers, given.first_question))
