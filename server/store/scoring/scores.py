"""Queries on models and their scores of passages."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, undefer

from server.domain.scores.models import ModelIdentity
from server.domain.scores.passage_scores import Form, PassageScores
from server.domain.text.tokens import Unit, Vocabulary
from server.store.rooms.room_tables import RoomPlayerRow, RoomRow
from server.store.scoring.blobs import (
    scores_from_blob,
    scores_to_blob,
    vocabulary_from_blob,
    vocabulary_to_blob,
)
from server.store.tables import LanguageModelRow, PassageRow, RoundRow, ScoredPassageRow

_LAST_DRAW_NUMBER = select(func.max(ScoredPassageRow.draw_number)).where(
    ScoredPassageRow.model_id == bindparam("model_id")
)


def find_scored(session: Session, passage_id: int, model_id: int) -> ScoredPassageRow | None:
    """Return the model's scores of the passage."""
    query = select(ScoredPassageRow).where(
        ScoredPassageRow.passage_id == passage_id, ScoredPassageRow.model_id == model_id
    )
    return session.scalars(query).one_or_none()


def find_model(session: Session, name: str, revision: str) -> LanguageModelRow | None:
    """Return the newest model row of this name and revision."""
    query = (
        select(LanguageModelRow)
        .where(LanguageModelRow.name == name, LanguageModelRow.revision == revision)
        .order_by(LanguageModelRow.id.desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def models_by_id(session: Session) -> dict[int, LanguageModelRow]:
    """Return all models."""
    return {row.id: row for row in session.scalars(select(LanguageModelRow))}


def ensure_model(
    session: Session, identity: ModelIdentity, vocabulary: Vocabulary, now: datetime
) -> LanguageModelRow:
    """Return the row of exactly this model, added where it is new.

    The stored vocabulary learns from `vocabulary` which tokens are continued.
    """
    row = session.scalars(
        select(LanguageModelRow).where(
            LanguageModelRow.name == identity.name,
            LanguageModelRow.revision == identity.revision,
            LanguageModelRow.tokenizer_fingerprint == identity.tokenizer_fingerprint,
        )
    ).one_or_none()
    if row is not None and vocabulary.continued:
        stored = load_vocabulary(session, row.id)
        keep_vocabulary(session, row.id, stored.with_continued_of(vocabulary))
    if row is None:
        row = LanguageModelRow(
            name=identity.name,
            revision=identity.revision,
            tokenizer_fingerprint=identity.tokenizer_fingerprint,
            parameters=identity.parameters,
            window_tokens=identity.window_tokens,
            beginning=identity.beginning,
            vocabulary_size=vocabulary.answers(Unit.TOKENS),
            word_answers=vocabulary.answers(Unit.WORDS),
            vocabulary=vocabulary_to_blob(vocabulary),
            created_at=now,
        )
        session.add(row)
        session.flush()
    return row


def keep_vocabulary(session: Session, model_id: int, vocabulary: Vocabulary) -> None:
    """Store a model's vocabulary in place of the one it has: of the same tokens, better known."""
    session.execute(
        update(LanguageModelRow)
        .where(LanguageModelRow.id == model_id)
        .values(vocabulary=vocabulary_to_blob(vocabulary))
    )


def tokenizers_of(session: Session, name: str, revision: str) -> dict[str, int]:
    """Return the tokenizer fingerprints under which this model is stored, with the rows' ids."""
    query = select(LanguageModelRow.tokenizer_fingerprint, LanguageModelRow.id).where(
        LanguageModelRow.name == name, LanguageModelRow.revision == revision
    )
    return dict(session.execute(query).all())


def question_counts(scores: PassageScores | None) -> dict[str, int]:
    """Return how much a scored passage has to ask, by column; 0 for one that is left out."""
    return {
        "asked_words": len(scores.asked_words) if scores else 0,
        "asked_tokens": len(scores.asked_tokens) if scores else 0,
        "tail_words": len(scores.words_tail.positions) if scores else 0,
        "tail_tokens": len(scores.tokens_tail.positions) if scores else 0,
        "mixed_words": len(scores.mixed_words) if scores else 0,
    }


def add_scores(
    session: Session, passage_id: int, model_id: int, scores: PassageScores, now: datetime
) -> None:
    """Store one model's scores of one passage, which rounds may draw unless it is retired."""
    row = _scored_row(passage_id, model_id, scores, now)
    retired = select(PassageRow.retired).where(PassageRow.id == passage_id)
    row.draw_number = None if session.scalar(retired) else next_draw_number(session, model_id)
    session.add(row)


def add_private_scores(
    session: Session, passage_id: int, model_id: int, scores: PassageScores, now: datetime
) -> ScoredPassageRow:
    """Store one model's scores of a player's own text, which is never drawn."""
    row = _scored_row(passage_id, model_id, scores, now)
    session.add(row)
    session.flush()
    return row


def _scored_row(
    passage_id: int, model_id: int, scores: PassageScores, now: datetime
) -> ScoredPassageRow:
    return ScoredPassageRow(
        passage_id=passage_id,
        model_id=model_id,
        draw_number=None,
        **question_counts(scores),
        left_out=None,
        scores=scores_to_blob(scores),
        created_at=now,
    )


def next_draw_number(session: Session, model_id: int) -> int:
    """Return the number after the model's last; others who add scores wait until the commit."""
    lock_model(session, model_id)
    return last_draw_number(session, model_id) + 1


def lock_model(session: Session, model_id: int) -> None:
    """Let others who lock this model wait until the commit."""
    session.execute(
        select(LanguageModelRow.id).where(LanguageModelRow.id == model_id).with_for_update()
    )


def last_draw_number(session: Session, model_id: int) -> int:
    """Return how many passages rounds against this model are drawn from: numbers begin with 1."""
    return session.scalars(_LAST_DRAW_NUMBER, {"model_id": model_id}).one() or 0


def leave_out(session: Session, passage_id: int, model_id: int, reason: str, now: datetime) -> None:
    """Record that the model cannot score the passage, so that it is not tried again."""
    session.add(
        ScoredPassageRow(
            passage_id=passage_id,
            model_id=model_id,
            draw_number=None,
            **question_counts(None),
            left_out=reason,
            scores=b"",
            created_at=now,
        )
    )


def newest_scoring_model(
    session: Session, name: str, revision: str | None, stand_ins: tuple[str, ...] = ()
) -> LanguageModelRow | None:
    """Return the newest model of this name, and revision unless None, that has scored a passage.

    Where there is none, the newest of the first of the `stand_ins` that has.
    """
    named = {"name": name} if revision is None else {"name": name, "revision": revision}
    query = _newest_scoring(stand_ins, has_revision=revision is not None)
    return session.scalars(query, named).one_or_none()


@cache
def _newest_scoring(stand_ins: tuple[str, ...], *, has_revision: bool) -> Select[LanguageModelRow]:
    row = LanguageModelRow
    scored = select(ScoredPassageRow.id).where(ScoredPassageRow.model_id == row.id, is_drawn())
    wanted = row.name == bindparam("name")
    if has_revision:
        wanted &= row.revision == bindparam("revision")
    # Each name by itself, since a model may stand in for another revision of its own.
    others = [row.name == name for name in stand_ins]
    order = case(*((is_it, place) for place, is_it in enumerate([wanted, *others])))
    query = select(row).where(or_(wanted, *others), scored.exists())
    return query.order_by(order, row.id.desc()).limit(1)


def load_scores(session: Session, scored_passage_id: int) -> PassageScores:
    """Read the scores of one scored passage."""
    query = select(ScoredPassageRow.scores).where(ScoredPassageRow.id == scored_passage_id)
    return scores_from_blob(session.scalars(query).one())


def load_vocabulary(session: Session, model_id: int) -> Vocabulary:
    """Read a model's vocabulary."""
    query = (
        select(LanguageModelRow)
        .where(LanguageModelRow.id == model_id)
        .options(undefer(LanguageModelRow.vocabulary))
    )
    return vocabulary_from_blob(session.scalars(query).one().vocabulary)


def answer_counts(session: Session) -> dict[tuple[int, str], int]:
    """Return how many different answers each model knows in each unit."""
    model = LanguageModelRow
    rows = session.execute(select(model.id, model.vocabulary_size, model.word_answers))
    counts: dict[tuple[int, str], int] = {}
    for model_id, tokens, words in rows:
        counts |= {(model_id, Unit.TOKENS.value): tokens, (model_id, Unit.WORDS.value): words}
    return counts


def has_seen(session: Session, player_id: int, scored_passage_id: int) -> bool:
    """Tell whether the player met this passage before, against whichever model."""
    asked = {"player_id": player_id, "scored_passage_id": scored_passage_id}
    return session.scalars(_seen(), asked).one_or_none() is not None


@cache
def _seen() -> Select[int]:
    """Select a scored passage that a player met; written once, which takes longer than to read."""
    player_id: BindParameter[int] = bindparam("player_id")
    scored_passage_id: BindParameter[int] = bindparam("scored_passage_id")
    return select(ScoredPassageRow.id).where(
        ScoredPassageRow.id == scored_passage_id, has_played(player_id)
    )


def has_played(player_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """Tell whether the player has had a round on a scored passage, against any model.

    A few look-ups by index, however much the player has played.
    """
    same = aliased(ScoredPassageRow)
    played = select(RoundRow.id).where(
        RoundRow.scored_passage_id == same.id, RoundRow.player_id == player_id
    )
    in_a_round = (
        select(same.id)
        .where(same.passage_id == ScoredPassageRow.passage_id, played.exists())
        .exists()
    )
    in_a_room = (
        select(RoomPlayerRow.id)
        .join(RoomRow, RoomRow.id == RoomPlayerRow.room_id)
        .where(
            RoomPlayerRow.player_id == player_id,
            RoomRow.passage_id == ScoredPassageRow.passage_id,
        )
        .exists()
    )
    return in_a_round | in_a_room


def is_drawn() -> ColumnElement[bool]:
    """Tell whether rounds are drawn from a scored passage."""
    return ScoredPassageRow.draw_number.is_not(None)


def asked_count(unit: Unit) -> InstrumentedAttribute[int]:
    """Return the column that says how many positions rounds in `unit` ask."""
    return ScoredPassageRow.asked_words if unit is Unit.WORDS else ScoredPassageRow.asked_tokens


def duel_count(unit: Unit, form: Form) -> InstrumentedAttribute[int]:
    """Return the column that says how many duels of this kind there are."""
    if form is Form.WHOLE:
        return asked_count(unit)
    return ScoredPassageRow.tail_words if unit is Unit.WORDS else ScoredPassageRow.tail_tokens
