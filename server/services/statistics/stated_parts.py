"""What bets, duels and tries contribute to the statistics' sums.

They become numbers by way of the export's records, so that an export gives the same estimates.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar, cast

import numpy as np
from sqlalchemy.orm import Session

from server.domain.estimators.calibration import Statement, nearest_steps, weight_of
from server.domain.estimators.perplexity import NATS_PER_BIT
from server.domain.play.betting import STAKE_STEPS
from server.domain.play.duels import CURRENT_QUESTION, EVEN, TAIL_STEPS
from server.domain.play.rounds import Mode
from server.domain.scores.passage_scores import Form
from server.domain.study import interchange
from server.domain.study.columns import Codes, bet_columns, judged_columns, tries_columns
from server.domain.sums.contributions import (
    HEAD,
    QUESTIONS,
    TRIED,
    WHOLE,
    bet_contributions,
    judged_contributions,
    tail_contribution,
    tried_contributions,
)
from server.domain.sums.pools import Where, add_answers
from server.domain.sums.side_pools import DUELLED, duel_numbers
from server.domain.sums.whole_numbers import Numbers, Sums, add, fixed
from server.services.play.duels import duel_of, losses_of, pay_of
from server.services.research.records import Names, bet_record, guess_record, judgement_record
from server.services.statistics.sum_keys import BETS, CALIBRATION, DUELS, ROWS
from server.store.exports import judgements_of, stream_bets, stream_guesses, stream_judgements
from server.store.rows import AnswerRow, BetAnswer, JudgementAnswer
from server.store.statistics.rollups import Duels

CONFIDENCE_STEPS = tuple(step for step in TAIL_STEPS if step > EVEN)

Found = Mapping[int, Sums]  # by player
Answer = TypeVar("Answer", bound=AnswerRow)
Statements = list[tuple[Sums, Statement]]  # whose sums, and what was stated


def add_bets(session: Session, found: Found, players: Collection[int], names: Names) -> None:
    """Add the bets of some players, and what they staked beside what came true."""
    for (model_id, unit), rows in _first_sight(stream_bets(session, players)).items():
        records = [interchange.row_from_record(bet_record(row, names)) for row in rows]
        bets = cast("list[interchange.StudyBet]", records)
        columns = bet_columns(bets, Codes(), names.models[model_id], None)
        statements: Statements = []
        answers = zip(map(_where, rows), bet_contributions(columns), strict=True)
        add_answers(found.__getitem__, (HEAD, model_id, unit), answers)
        for row in rows:
            mine = found[row.player_id]
            add(mine, (ROWS, model_id, unit), (1,))
            statements += [(mine, stated) for stated in staked(row)]
        _add_statements((BETS, model_id, unit), statements, STAKE_STEPS)


def add_tries(session: Session, found: Found, players: Collection[int], names: Names) -> None:
    """Add the positions that some players tried."""
    tried = stream_guesses(session, Mode.TRIES, players)
    for (model_id, unit), rows in _first_sight(tried).items():
        records = [interchange.row_from_record(guess_record(row, names)) for row in rows]
        guesses = cast("list[interchange.StudyGuess]", records)
        outcomes = tried_contributions(tries_columns(guesses, Codes()))
        places = dict.fromkeys(_where(row) for row in rows)  # in the columns' order
        answers = zip(places, outcomes, strict=True)
        add_answers(found.__getitem__, (TRIED, model_id, unit), answers)
        for row in rows:
            add(found[row.player_id], (ROWS, model_id, unit), (1,))


def add_judged(
    session: Session, found: Found, players: Collection[int]
) -> dict[int, dict[Duels, int]]:
    """Add the preferences that some players stated, and return what they judged.

    The number says what was judged in these duels: another one, where that changed.
    """
    judgements: dict[int, dict[Duels, list[str]]] = defaultdict(lambda: defaultdict(list))
    given = (row for row in stream_judgements(session, players) if answers_today_s(row))
    for (model_id, unit), rows in _first_sight(given).items():
        statements: Statements = []
        shown = [row for row in rows if row.asked]
        answers = ((_where(row), _duelled(row)) for row in shown)
        add_answers(found.__getitem__, (DUELLED, model_id, unit), answers)
        for row in rows:
            mine = found[row.player_id]
            duels = Duels(row.scored_passage_id, row.unit, row.form)
            judgements[row.player_id][duels].append(
                f"{row.position} {row.target_share!r} {row.asked}"
            )
            add(mine, (ROWS, model_id, unit), (1,))
            statements += [(mine, stated) for stated in preferred(row)]
        _add_statements((DUELS, model_id, unit), statements, CONFIDENCE_STEPS)
    return {
        player: {duels: _number(lines) for duels, lines in judged.items()}
        for player, judged in judgements.items()
    }


def _duelled(row: JudgementAnswer) -> Numbers:
    losses, (earned, model_earned) = losses_of(row), pay_of(row)
    pay = earned * NATS_PER_BIT, model_earned * NATS_PER_BIT
    return duel_numbers((losses.person_nats, losses.model_nats), pay)


def answers_today_s(judgement: JudgementAnswer) -> bool:
    """Tell whether a judgement answers the question that is asked today: others count nowhere."""
    return bool(judgement.question_version == CURRENT_QUESTION)


def staked(bet: BetAnswer) -> list[Statement]:
    """Return what a bet stated of each option and of something else, and whether that came."""
    options = [Statement(share, text == bet.target_option) for text, share, _ in bet.stakes]
    return [*options, Statement(bet.other, bet.target_option is None)]


def preferred(judgement: JudgementAnswer) -> list[Statement]:
    """Return how sure a judgement was of what it preferred, whether it was right, and its weight.

    The weight is what it was paid by: so counted, the author's word comes up as often as it fits,
    however often the model draws the other.
    """
    share = judgement.target_share
    if not judgement.asked or share == EVEN:
        return []
    weight = weight_of(duel_of(judgement).weight(CURRENT_QUESTION))
    return [Statement(max(share, 1 - share), share > EVEN, weight)]


def duel_parts(session: Session, duels: Collection[Duels], names: Names) -> dict[Duels, Sums]:
    """Return what all judgements of some duels contribute: what one is worth the others decide."""
    found = judgements_of(session, duels)
    return {key: _duel_part(key, rows, names) for key, rows in found.items()}


def _duel_part(duels: Duels, rows: list[JudgementAnswer], names: Names) -> Sums:
    sums: Sums = {}
    if not rows:
        return sums
    is_tail, unit, model_id = duels.form == Form.TAIL, duels.unit, rows[0].model_id
    block = HEAD if is_tail else WHOLE
    records = [interchange.row_from_record(judgement_record(row, names)) for row in rows]
    comparisons = cast("list[interchange.StudyComparison]", records)
    columns = judged_columns(comparisons, Codes(), names.models[model_id], None)
    judged = judged_contributions(columns)
    numbers = [tail_contribution(each) if is_tail else each for each in judged.each]
    answers = zip(map(_where, rows), numbers, strict=True)
    add_answers(lambda _: sums, (block, model_id, unit), answers)
    for question in judged.questions:
        add(sums, (QUESTIONS, block, model_id, unit), question)
    return sums


def _first_sight(rows: Iterable[Answer]) -> dict[tuple[int, str], list[Answer]]:
    """Gather by model and unit the rows that count, on passages new to their player."""
    found: dict[tuple[int, str], list[Answer]] = defaultdict(list)
    for row in rows:
        if row.counts and not row.repeated:
            found[row.model_id, row.unit].append(row)
    return found


def _where(row: AnswerRow) -> Where:
    return row.player_id, row.scored_passage_id, row.position


def _add_statements(
    key: tuple[str, int, str], statements: Statements, steps: tuple[float, ...]
) -> None:
    shares = np.array([stated.share for _, stated in statements], dtype=np.float64)
    nearest = nearest_steps(shares, steps).tolist()
    for step, (mine, (share, right, weight)) in zip(nearest, statements, strict=True):
        if weight:
            numbers = (1, weight, weight**2, weight * right, weight * fixed(share))
            add(mine, (CALIBRATION, *key, step), numbers)


def _number(lines: list[str]) -> int:
    return zlib.crc32("\n".join(sorted(lines)).encode())
