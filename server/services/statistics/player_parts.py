"""What players contribute to the statistics' sums: made of their own rows, and of nobody else's."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from server.domain.estimators.guess_ability import grade
from server.domain.play.conduct import Verdict
from server.domain.play.rounds import Draw, Mode, counts_for_accuracy
from server.domain.sums.ability_pools import add_graded
from server.domain.sums.paired_pools import block_of
from server.domain.sums.pools import Block, Where, add_answers
from server.domain.sums.whole_numbers import Key, Numbers, Sums, add, fixed
from server.services.research.records import names_for_sums
from server.services.statistics.baseline import baseline_numbers
from server.services.statistics.stated_parts import add_bets, add_judged, add_tries
from server.services.statistics.sum_keys import (
    BASELINE,
    COUNTED,
    DAY,
    EXCLUDED,
    GROUP,
    PAIRED,
    PLAYED,
)
from server.store.rows import MarkedGuess
from server.store.statistics.conduct import verdicts
from server.store.statistics.first_guesses import (
    ENTROPY_EDGES_BITS,
    answers_by_mode,
    guesses_of,
    monday_of,
    rounds_of_players,
)
from server.store.statistics.rollups import PlayerPart
from server.store.statistics.tallies import GradedGuess


def player_parts(session: Session, players: Sequence[int]) -> dict[int, PlayerPart | None]:
    """Return what each of some players contributes now; None for one who is gone."""
    found = verdicts(session, players)
    sums: dict[int, Sums] = {player: {} for player in found}

    def counting(mode: Mode) -> list[int]:
        return [player for player, verdict in found.items() if verdict.counts(mode)]

    names = names_for_sums(session)
    _add_played(session, sums, found)
    _add_counted(session, sums, found)
    add_bets(session, sums, counting(Mode.BET), names)
    add_tries(session, sums, counting(Mode.TRIES), names)
    judged = add_judged(session, sums, counting(Mode.DUEL))
    parts = {
        player: PlayerPart(found[player].counts(Mode.DUEL), mine, judged.get(player, {}))
        for player, mine in sums.items()
    }
    return {player: parts.get(player) for player in players}


def _add_played(session: Session, sums: dict[int, Sums], found: Mapping[int, Verdict]) -> None:
    """Add what counts of everybody, and the paired guesses of those whose answers count."""
    marked: dict[Block, list[tuple[Where, Numbers]]] = defaultdict(list)
    graded: dict[tuple[int, int, str], list[GradedGuess]] = defaultdict(list)
    for row in guesses_of(session, sums.keys()):
        mine = sums[row.player_id]
        day = (DAY, row.answered_on.isoformat())
        add(mine, day, (int(day not in mine), 0, 1))
        add(mine, (PLAYED,), (0, 0, 1, int(row.repeated)))
        first = not row.repeated and row.attempt == 1 and row.draw_kind == Draw.UNIFORM
        if first and row.settled and counts_for_accuracy(row.mode, skipped=row.skipped):
            counts = row.counts and found[row.player_id].counts(row.mode)
            _add_pair(mine, row, marked, counts=counts)
            if counts and not row.assisted:
                graded[row.player_id, row.model_id, row.unit].append(_graded(row))
    for block, answers in marked.items():
        add_answers(sums.__getitem__, block, answers)
    for (player, model_id, unit), guesses in graded.items():
        add_graded(sums[player], model_id, unit, guesses)
    for player, day_begun, rounds in rounds_of_players(session, sums.keys()):
        add(sums[player], (DAY, day_begun.isoformat()), (0, rounds, 0))
        add(sums[player], (PLAYED,), (0, rounds, 0, 0))
    for player, verdict in found.items():
        add(sums[player], (PLAYED,), (1, 0, 0, 0))
        if verdict.reason:
            add(sums[player], (EXCLUDED, verdict.reason.value), (1,))


def _add_pair(
    mine: Sums, row: MarkedGuess, marked: dict[Block, list[tuple[Where, Numbers]]], *, counts: bool
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
        if facet == "all" and (guessed := baseline_numbers(row.target, row.unit)):
            add(mine, (BASELINE, row.model_id, row.unit), guessed)
        blocks.append(block_of(facet, *key))
    for block in blocks:
        marked[block, row.model_id, row.unit].append((where, (1, person, model)))


def _graded(row: MarkedGuess) -> GradedGuess:
    of_place = grade(row.target_loss_nats, row.entropy_nats)
    return GradedGuess(row.scored_passage_id, of_place, row.is_right)


def _facets(row: MarkedGuess) -> list[tuple[str, Key]]:
    modes = ("modes", (row.mode, int(row.assisted)))
    if row.assisted:
        return [modes]
    entropy_bin = bisect_right(ENTROPY_EDGES_BITS, row.entropy_nats / math.log(2))
    return [
        modes,
        ("all", ()),
        ("genres", (row.genre,)),
        ("entropy", (entropy_bin,)),
        ("days", (row.answered_on.isoformat(),)),
        ("weeks", (monday_of(row.answered_on).isoformat(),)),
    ]


def _add_counted(session: Session, sums: dict[int, Sums], found: Mapping[int, Verdict]) -> None:
    for (player, mode), given in answers_by_mode(session, sums.keys()).items():
        if found[player].counts(mode):
            mine = sums[player]
            answers = (given.guesses, given.bets, given.judgements)
            is_new = any(answers) and not mine.get((COUNTED,), (0,))[0]
            add(mine, (COUNTED,), (int(is_new), *answers, given.first_question))
