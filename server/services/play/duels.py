"""A duel: two tokens, one of them the author's; a judgement says how well the first fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from server.domain.estimators.perplexity import bits
from server.domain.play.duels import (
    CURRENT_QUESTION,
    EVEN,
    Duel,
    Question,
    duel,
    duel_positions,
    pay_bits,
    practice_part,
    read_share,
    steps,
    target_is_first,
)
from server.domain.play.rounds import Mode, next_position
from server.services.contract.answers import JudgementView
from server.services.contract.results import ResultView
from server.services.contract.rounds import AskedView
from server.services.play.figures import losses_view, means_in_bits
from server.services.play.played import (
    Losses,
    Marks,
    PlayedRound,
    answer_columns,
    other_answer,
    other_mode,
    require_asked,
)
from server.services.statistics.components import SiteSpread
from server.store.rows import JudgementAnswer
from server.store.tables import JudgementRow, RoundRow


@dataclass(frozen=True)
class Judgement:
    """The share, between 0 and 1, that the first of the two tokens gets."""

    position: int
    first: float


def settled(row: RoundRow) -> list[int]:
    """Return the positions whose target is revealed, ascending."""
    return [judgement.position for judgement in _given(row)]


def positions(played: PlayedRound) -> list[int]:
    """Return all positions that the round asks, ascending."""
    return _asked_and_even(played)[0]


def ask(played: PlayedRound, view: AskedView) -> None:
    """Add the two tokens, and the shares that a page offers."""
    question = _question(played, view.position)
    pair = (question.target, question.rival)
    first = target_is_first(played.row.seed, view.position)
    view.pair = pair if first else (pair[1], pair[0])
    view.steps = list(steps(played.form))


def record(played: PlayedRound, answer: object, asked_now: int | None, now: datetime) -> bool:
    """Record the share of the first token; return False where the same one is already recorded.

    Positions before the next asked one whose rival is the target itself are recorded as even.
    Raises InvalidInput for a share that is not allowed, Conflict where another judgement is
    recorded, and for a position that is not asked now.
    """
    if not isinstance(answer, Judgement):
        raise other_mode(played.mode, Mode.GUESS)
    share = read_share(answer.first)
    is_first = target_is_first(played.row.seed, answer.position)
    target_share = share if is_first else 1.0 - share
    for judgement in _given(played.row):
        if judgement.position == answer.position:
            if judgement.target_share != target_share:
                raise other_answer(answer.position, "judgement")
            return False
    asked, even = _asked_and_even(played)
    require_asked(answer.position, asked_now)
    _append(played, answer.position, target_share, now)
    following = next_position(asked, len(_given(played.row)))
    recorded = {judgement.position for judgement in played.row.judgements}
    for position in even:
        if position not in recorded and (following is None or position < following):
            _append(played, position, EVEN, now)
    return True


def marks(row: RoundRow) -> list[Marks]:
    """Return the marks of every settled position: who gave the author's token more than half."""
    return [_marks(judgement) for judgement in _given(row)]


def losses(row: RoundRow) -> list[Losses]:
    """Return both sides' losses at every settled position."""
    return [losses_of(judgement) for judgement in _given(row)]


def reveals(played: PlayedRound) -> Sequence[JudgementView]:
    """Return what is shown of every settled position, ascending."""
    return [_view(judgement) for judgement in _given(played.row)]


def conclude(played: PlayedRound, result: ResultView, spread: SiteSpread) -> None:
    """Add both sides' mean losses and what they earned."""
    result.losses = losses_view(losses(played.row), spread.duels)
    result.pay = means_in_bits([pay_of(row) for row in _given(played.row)], spread.pay)


def _given(row: RoundRow) -> list[JudgementRow]:
    """Return the judgements that the player gave; those recorded as even were never asked."""
    return [judgement for judgement in row.judgements if judgement.asked]


def _asked_and_even(played: PlayedRound) -> tuple[list[int], list[int]]:
    """Return the positions that are asked, and those whose rival is the target itself."""
    asked, even = duel_positions(played.reading, played.form, played.row.draw or 0)
    return (practice_part(asked), []) if played.row.practice else (asked, even)


def _question(played: PlayedRound, position: int) -> Duel:
    return duel(played.at(position), played.form, played.row.draw or 0)


def _append(played: PlayedRound, position: int, target_share: float, now: datetime) -> None:
    row, question = played.row, _question(played, position)
    judgement = JudgementRow(
        **answer_columns(row, position, now),
        scored_passage_id=row.scored_passage_id,
        form=played.form,
        question_version=_question_of(row),
        practice=row.practice,
        asked=not question.same,
        target=question.target,
        rival=question.rival,
        target_share=target_share,
        target_logprob_nats=question.target_logprob_nats,
        rival_logprob_nats=question.rival_logprob_nats,
    )
    if question.drawn:
        judgement.target_drawn_logprob_nats, judgement.rival_drawn_logprob_nats = question.drawn
    if question.same:
        judgement.elapsed_ms = 0
    played.add(judgement)


def _question_of(row: RoundRow) -> int:
    """Return which question is asked: a round begun with an earlier one stays with it."""
    return next((judged.question_version for judged in row.judgements), CURRENT_QUESTION)


def duel_of(row: JudgementRow | JudgementAnswer) -> Duel:
    """Return the duel that a judgement answers."""
    target_drawn, rival_drawn = row.target_drawn_logprob_nats, row.rival_drawn_logprob_nats
    drawn = None
    if target_drawn is not None and rival_drawn is not None:
        drawn = target_drawn, rival_drawn
    return Duel(
        row.target,
        row.rival,
        row.target_logprob_nats,
        row.rival_logprob_nats,
        same=not row.asked,
        drawn=drawn,
    )


def pay_of(row: JudgementRow | JudgementAnswer) -> tuple[float, float]:
    """Return what a judgement earned, and what the model's share would have, in bits."""
    question, asked = duel_of(row), Question(row.question_version)
    person, model = (
        pay_bits(question, share, asked) for share in (row.target_share, question.model_share)
    )
    return person, model


def _marks(row: JudgementRow) -> Marks:
    right, model_right = row.target_share > EVEN, duel_of(row).model_share > EVEN
    return Marks(row.position, right, model_right, -row.target_logprob_nats)


def losses_of(row: JudgementRow | JudgementAnswer) -> Losses:
    """Return what the author's word cost both sides, of the two that a duel shows."""
    model_share = max(duel_of(row).model_share, 1e-300)
    return Losses(-math.log(row.target_share), -math.log(model_share))


def _view(row: JudgementRow) -> JudgementView:
    marked, both, (earned, model_earned) = _marks(row), losses_of(row), pay_of(row)
    shown = duel_of(row)
    return JudgementView(
        position=row.position,
        target=row.target,
        rival=row.rival,
        share=row.target_share,
        right=marked.right,
        model_share=shown.model_share,
        drawn_share=shown.drawn_share,
        model_right=marked.model_right,
        loss_bits=bits(both.person_nats),
        model_loss_bits=bits(both.model_nats),
        question_version=row.question_version,
        weight=shown.weight(Question(row.question_version)),
        pay_bits=earned,
        model_pay_bits=model_earned,
    )
