"""Queries on models and their scores of passages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, undefer

from server.domain.scores.models import ModelIdentity
from server.domain.scores.passage_scores import Form, PassageScores
from server.domain.text.tokens import Unit, Vocabulary
from server.store.scoring.blobs import (
    scores_from_blob,
    scores_to_blob,
    vocabulary_from_blob,
    vocabulary_to_blob,
)
from server.store.tables import LanguageModelRow, RoundRow, ScoredPassageRow


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
    """Return the row of exactly this model, added where it is new."""
    row = session.scalars(
        select(LanguageModelRow).where(
            LanguageModelRow.name == identity.name,
            LanguageModelRow.revision == identity.revision,
            LanguageModelRow.tokenizer_fingerprint == identity.tokenizer_fingerprint,
        )
    ).one_or_none()
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
    }


def add_scores(
    session: Session, passage_id: int, model_id: int, scores: PassageScores, now: datetime
) -> None:
    """Store one model's scores of one passage, which rounds may draw from now on."""
    row = _scored_row(passage_id, model_id, scores, now)
    row.draw_number = next_draw_number(session, model_id)
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
    session.execute(
        select(LanguageModelRow.id).where(LanguageModelRow.id == model_id).with_for_update()
    )
    return last_draw_number(session, model_id) + 1


def last_draw_number(session: Session, model_id: int) -> int:
    """Return how many passages rounds against this model are drawn from: numbers begin with 1."""
    last = select(func.max(ScoredPassageRow.draw_number))
    return session.scalars(last.where(ScoredPassageRow.model_id == model_id)).one() or 0


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
    session: Session, name: str, revision: str | None
) -> LanguageModelRow | None:
    """Return the newest model of this name, and revision unless None, that has scored a passage."""
    scored = select(ScoredPassageRow.id).where(
        ScoredPassageRow.model_id == LanguageModelRow.id, _is_drawn()
    )
    query = select(LanguageModelRow).where(LanguageModelRow.name == name, scored.exists())
    if revision is not None:
        query = query.where(LanguageModelRow.revision == revision)
    return session.scalars(query.order_by(LanguageModelRow.id.desc()).limit(1)).one_or_none()


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


def pick_scored_passage(
    session: Session,
    model_id: int,
    column: InstrumentedAttribute[int],
    fraction: float,
    player_id: int | None = None,
) -> int | None:
    """Pick one of the model's passages whose number of questions in `column` is above 0.

    `fraction`, in [0, 1), says where among them; with a player, one that they have not played.
    Returns the scored passage's id, or None where there is none. The cost does not grow with the
    number of passages: draw numbers are dense, so the first one at or after a place will do, and
    past the last one the first of all.
    """
    last = last_draw_number(session, model_id)
    number = ScoredPassageRow.draw_number
    # Written out, not bound: only then can a database use the index of counts above 0.
    playable = [ScoredPassageRow.model_id == model_id, _is_drawn(), column > literal_column("0")]
    if player_id is not None:
        playable.append(~has_played(player_id))
    query = select(ScoredPassageRow.id).where(*playable).order_by(number).limit(1)
    place = 1 + int(fraction * last)
    after = session.scalars(query.where(number >= place)).one_or_none()
    return after or session.scalars(query.where(number < place)).one_or_none()


def longest_ago_played(session: Session, model_id: int, unit: Unit, player_id: int) -> int | None:
    """Return the id of the scored passage that the player has not seen for longest."""
    query = (
        select(RoundRow.scored_passage_id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .where(
            RoundRow.player_id == player_id,
            RoundRow.model_id == model_id,
            _is_drawn(),
            asked_count(unit) > 0,
        )
        .group_by(RoundRow.scored_passage_id)
        .order_by(func.max(RoundRow.started_at), RoundRow.scored_passage_id)
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def has_seen(session: Session, player_id: int, scored_passage_id: int) -> bool:
    """Tell whether the player had a round on this passage before, against whichever model."""
    query = select(ScoredPassageRow.id).where(
        ScoredPassageRow.id == scored_passage_id, has_played(player_id)
    )
    return session.scalars(query).one_or_none() is not None


def has_played(player_id: int) -> ColumnElement[bool]:
    """Tell whether the player has had a round on a scored passage, against any model.

    Two look-ups by index, however much the player has played.
    """
    same = aliased(ScoredPassageRow)
    played = select(RoundRow.id).where(
        RoundRow.scored_passage_id == same.id, RoundRow.player_id == player_id
    )
    return (
        select(same.id)
        .where(same.passage_id == ScoredPassageRow.passage_id, played.exists())
        .exists()
    )


def _is_drawn() -> ColumnElement[bool]:
    return ScoredPassageRow.draw_number.is_not(None)


def asked_count(unit: Unit) -> InstrumentedAttribute[int]:
    """Return the column that says how many positions rounds in `unit` ask."""
    return ScoredPassageRow.asked_words if unit is Unit.WORDS else ScoredPassageRow.asked_tokens


def duel_count(unit: Unit, form: Form) -> InstrumentedAttribute[int]:
    """Return the column that says how many duels of this kind there are."""
    if form is Form.WHOLE:
        return asked_count(unit)
    return ScoredPassageRow.tail_words if unit is Unit.WORDS else ScoredPassageRow.tail_tokens
