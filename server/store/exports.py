"""All answers, one after the other, with what an export says about each; in constant memory.

Left out are practice, and texts of a player's own, which are the player's and nobody else's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.domain.play.duels import CURRENT_QUESTION
from server.store.rows import BetAnswer, GuessAnswer, JudgementAnswer
from server.store.statistics.first_guesses import is_settled
from server.store.statistics.rollups import Duels, players_whose_duels_count
from server.store.tables import (
    BetRow,
    GuessRow,
    JudgementRow,
    LanguageModelRow,
    PassageRow,
    PlayerRow,
    RoundRow,
    ScoredPassageRow,
)

ROWS_AT_ONCE = 1_000

_AROUND = (
    *(PlayerRow.public_id, PassageRow.content_hash, PassageRow.genre),
    *(RoundRow.repeated, RoundRow.scored_passage_id),
)
_ROUND_COUNTS = RoundRow.counts.label("counts")
Players = Collection[int] | None


def model_names(session: Session) -> dict[int, str]:
    """Return each model's name in an export, with its revision where several share the name.

    Models that share name and revision, but not the tokenizer, are told apart too.
    """
    rows = session.execute(
        select(
            LanguageModelRow.id,
            LanguageModelRow.name,
            LanguageModelRow.revision,
            LanguageModelRow.tokenizer_fingerprint,
        ).order_by(LanguageModelRow.id)
    ).all()
    by_name = Counter(name for _, name, _, _ in rows)
    by_revision = Counter((name, revision) for _, name, revision, _ in rows)
    names = {}
    for model_id, name, revision, fingerprint in rows:
        parts = [name] if by_name[name] == 1 else [name, revision[:12]]
        parts += [fingerprint[:12]] if by_revision[name, revision] > 1 else []
        names[model_id] = "@".join(parts)
    return names


def stream_guesses(
    session: Session, mode: str | None = None, players: Players = None
) -> Iterator[GuessAnswer]:
    """Yield guesses in the order they were made, those of one mode where it is named.

    With `players`, theirs alone, in any order; likewise in the functions below.
    """
    columns = (
        *(GuessRow.player_id, GuessRow.model_id, GuessRow.mode, GuessRow.unit, GuessRow.assisted),
        *(GuessRow.position, GuessRow.attempt, GuessRow.text, GuessRow.target),
        *(GuessRow.model_guess, GuessRow.target_rank, GuessRow.target_loss_nats),
        *(GuessRow.entropy_nats, GuessRow.draw_kind, GuessRow.elapsed_ms, GuessRow.answered_on),
        (RoundRow.counts.is_(True) & is_settled()).label("counts"),
    )
    query = _with_surroundings(columns, GuessRow.round_id)
    if mode is not None:
        query = query.where(GuessRow.mode == mode)
    return _streamed(session, _theirs(query, GuessRow, players))


def stream_bets(session: Session, players: Players = None) -> Iterator[BetAnswer]:
    """Yield bets in the order they were made."""
    columns = (
        *(BetRow.player_id, BetRow.model_id, BetRow.unit, BetRow.position, BetRow.stakes),
        *(BetRow.other, BetRow.target, BetRow.target_option, BetRow.loss_nats, _ROUND_COUNTS),
        *(BetRow.target_logprob_nats, BetRow.elapsed_ms, BetRow.answered_on),
    )
    query = _with_surroundings(columns, BetRow.round_id)
    return _streamed(session, _theirs(query, BetRow, players))


def stream_judgements(session: Session, players: Players = None) -> Iterator[JudgementAnswer]:
    """Yield judgements that count in the order they were made, even those that needed no asking."""
    return _streamed(session, _theirs(_judgements(), JudgementRow, players))


def judgements_of(session: Session, duels: Collection[Duels]) -> dict[Duels, list[JudgementAnswer]]:
    """Return the judgements of these duels that count: at first sight, of today's question."""
    passages = {group.scored_passage_id for group in duels}
    query = _judgements().where(
        JudgementRow.scored_passage_id.in_(passages),
        JudgementRow.player_id.in_(players_whose_duels_count()),
        JudgementRow.question_version == CURRENT_QUESTION,
        RoundRow.repeated.is_(False),
        RoundRow.counts.is_(True),
    )
    judgements: dict[Duels, list[JudgementAnswer]] = {group: [] for group in duels}
    for row in _streamed(session, query):
        group = Duels(row.scored_passage_id, row.unit, row.form)
        if group in judgements:
            judgements[group].append(row)
    return judgements


def _judgements() -> Select[Any]:
    columns = (
        *(JudgementRow.player_id, JudgementRow.model_id, JudgementRow.unit, JudgementRow.form),
        *(JudgementRow.asked, JudgementRow.position, JudgementRow.target, JudgementRow.rival),
        *(JudgementRow.question_version, _ROUND_COUNTS),
        *(JudgementRow.target_share, JudgementRow.target_logprob_nats),
        *(JudgementRow.target_drawn_logprob_nats, JudgementRow.rival_drawn_logprob_nats),
        *(JudgementRow.rival_logprob_nats, JudgementRow.elapsed_ms, JudgementRow.answered_on),
    )
    query = _with_surroundings(columns, JudgementRow.round_id)
    return query.where(JudgementRow.practice.is_(False))


def _theirs(query: Select[Any], table: Any, players: Players) -> Select[Any]:
    return (
        query.order_by(table.id) if players is None else query.where(table.player_id.in_(players))
    )


def _with_surroundings(
    columns: tuple[Any, ...], round_id: InstrumentedAttribute[int]
) -> Select[Any]:
    """Select an answer's columns with its player, its passage, and whether that was seen before."""
    return (
        select(*columns, *_AROUND)
        .join(RoundRow, RoundRow.id == round_id)
        .join(PlayerRow, PlayerRow.id == RoundRow.player_id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .join(PassageRow, PassageRow.id == ScoredPassageRow.passage_id)
        .where(PassageRow.owner_id.is_(None))
    )


def _streamed(session: Session, query: Select[Any]) -> Iterator[Any]:
    with session.execute(query.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        yield from rows
