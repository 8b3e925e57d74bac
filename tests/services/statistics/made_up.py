"""Made-up play: rows and marks as the game writes them, with whatever in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from server.domain.scores.passage_scores import Form
from server.domain.text.tokens import Vocabulary
from server.store.engine import configure, writing
from server.store.players import add_player, delete_player
from server.store.scoring.blobs import vocabulary_to_blob
from server.store.statistics.rollup_tables import StatisticsRow
from server.store.statistics.rollups import mark_player
from server.store.tables import (
    Base,
    BetRow,
    GuessRow,
    JudgementRow,
    LanguageModelRow,
    PassageRow,
    PlayerRow,
    RoundRow,
    ScoredPassageRow,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PASSAGES, MODELS, PLAYERS = 3, 2, 4
WORDS = ("time", "people", "way")
KINDS = ("guess", "assisted", "bet", "tries", "tail", "whole", "practice", "daily")
POSITIONS = (20, 21, 22, 23)
# Whether a round counts, and from when: most do, some never, some from the next fold or much later.
WAITS = (*[(True, None)] * 5, (False, None), (False, NOW), (False, NOW + timedelta(days=9_999)))


@dataclass(frozen=True)
class Round:
    """One round that somebody plays to its end; `seed` decides what is answered."""

    player: int
    kind: str
    passage: int
    model: int
    unit: str
    repeated: bool
    fast: bool
    skips: bool
    seed: int


@dataclass(frozen=True)
class Flag:
    """The operator flags a player, or takes the flag away."""

    player: int
    flagged: bool


@dataclass(frozen=True)
class Delete:
    """A player deletes all that is theirs."""

    player: int


def memory_engine() -> Engine:
    """A database in memory with all tables, and with models and passages."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    configure(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session, writing(session):
        session.add(StatisticsRow(id=1, begun_at=NOW, document=None))
        add_passages(session)
    return engine


def add_passages(session: Session) -> None:
    for number in range(MODELS):
        session.add(_model(number))
    for number in range(PASSAGES):
        text = {"text": "", "title": "", "source": "", "licence": "", "genre": f"genre {number}"}
        session.add(PassageRow(**text, content_hash=f"{number:<064}", created_at=NOW))
    session.flush()
    for model_id in session.scalars(select(LanguageModelRow.id)).all():
        for passage_id in session.scalars(select(PassageRow.id)).all():
            asked = {"asked_words": 4, "asked_tokens": 4, "tail_words": 4, "tail_tokens": 4}
            keys = {"passage_id": passage_id, "model_id": model_id}
            session.add(ScoredPassageRow(**keys, **asked, scores=b"", created_at=NOW))


def _model(number: int) -> LanguageModelRow:
    letters = [chr(ord("a") + letter) for letter in range(10)]
    words = [first + second for first in letters for second in letters]
    pieces = tuple(f" {word}".encode() for word in [*words, words[number].upper(), "42"])
    return LanguageModelRow(
        name=f"model {number}",
        revision="1",
        tokenizer_fingerprint="1",
        parameters=1,
        window_tokens=64,
        created_at=NOW,
        vocabulary_size=len(pieces),
        word_answers=len(pieces),
        vocabulary=vocabulary_to_blob(Vocabulary(pieces)),
    )


def happen(session: Session, what: Round | Flag | Delete) -> None:
    """Let something happen, in a transaction of its own."""
    with writing(session):
        player = _player(session, what.player)
        if isinstance(what, Round):
            _play(session, what, player)
        elif isinstance(what, Flag):
            player.flagged = what.flagged
        if isinstance(what, Delete):
            delete_player(session, player.id)
        else:
            mark_player(session, player.id)


def _player(session: Session, number: int) -> PlayerRow:
    name = f"player {number}"
    known = session.scalars(select(PlayerRow).where(PlayerRow.public_id == name)).one_or_none()
    return known or add_player(session, name, NOW)


def _play(session: Session, what: Round, player: PlayerRow) -> None:
    draw = np.random.default_rng(what.seed)
    scored = session.scalars(
        select(ScoredPassageRow)
        .join(ScoredPassageRow.passage)
        .where(PassageRow.content_hash == f"{what.passage:<064}")
        .order_by(ScoredPassageRow.model_id)
    ).all()[what.model]
    mode = {"assisted": "guess", "daily": "guess"}.get(what.kind, what.kind)
    duel = what.kind in ("tail", "whole", "practice")
    day = NOW - timedelta(days=int(draw.integers(0, 40)))
    row = RoundRow(
        player_id=player.id,
        model_id=scored.model_id,
        scored_passage_id=scored.id,
        public_id=uuid4().hex,
        mode="duel" if duel else mode,
        unit=what.unit,
        assisted=what.kind == "assisted",
        repeated=what.repeated,
        practice=what.kind == "practice",
        draw_kind="mixed" if what.kind == "daily" else "uniform",
        form=_form(what.kind),
        seed="",
        started_at=day,
        started_on=day.date(),
        asked_at=day,
    )
    row.counts, row.counts_from = WAITS[int(draw.integers(len(WAITS)))]
    session.add(row)
    session.flush()
    for position in POSITIONS[: draw.integers(1, len(POSITIONS) + 1)]:
        if duel:
            session.add(_judgement(row, what, position, draw))
        else:
            _guess(session, row, what, position, draw)


def _form(kind: str) -> str | None:
    return {"tail": "tail", "whole": "whole", "practice": "tail"}.get(kind)


def _answer(row: RoundRow, what: Round, position: int) -> dict[str, object]:
    return {
        "round_id": row.id,
        "player_id": row.player_id,
        "model_id": row.model_id,
        "unit": row.unit,
        "position": position,
        "answered_at": row.started_at,
        "answered_on": row.started_on,
        "elapsed_ms": 100 if what.fast else 2_000,
    }


def _guess(
    session: Session, row: RoundRow, what: Round, position: int, draw: np.random.Generator
) -> None:
    attempts = int(draw.integers(1, 6)) if what.kind == "tries" and not what.skips else 1
    solved = bool(draw.random() < 0.5) and not what.skips
    nats = {"target_loss_nats": draw.exponential(3.0), "entropy_nats": draw.exponential(3.0)}
    model_is_right = bool(draw.random() < 0.4)
    for attempt in range(1, attempts + 1):
        is_right = solved and attempt == attempts
        session.add(
            GuessRow(
                **_answer(row, what, position),
                mode=row.mode,
                assisted=row.assisted,
                repeated=row.repeated,
                draw_kind=row.draw_kind,
                attempt=attempt,
                skipped=what.skips,
                is_right=is_right,
                text=None if what.skips else "time" if is_right else f"no{attempt}",
                target=" time",
                target_rank=3,
                model_is_right=model_is_right,
                model_guess=" time" if model_is_right else " way",
                **nats,
            )
        )
    if what.kind == "bet" and draw.random() < 0.9:  # else its player has still to bet
        session.add(_bet(row, what, position, draw))


def _bet(row: RoundRow, what: Round, position: int, draw: np.random.Generator) -> BetRow:
    shares, given = draw.dirichlet(np.ones(4)), draw.dirichlet(np.ones(4))
    words = WORDS if row.unit == "words" else [f"␣{word}" for word in WORDS]
    stakes = [
        [w, float(s), float(np.log(g))] for w, s, g in zip(words, shares, given, strict=False)
    ]
    hit = bool(draw.random() < 0.6)
    logprob = stakes[0][2] if hit else float(np.log(given[3])) - 1
    return BetRow(
        **_answer(row, what, position),
        scored_passage_id=row.scored_passage_id,
        repeated=row.repeated,
        stakes=stakes,
        other=float(shares[3]),
        target=" time" if hit else " water",
        target_option=words[0] if hit else None,
        loss_nats=float(-np.log(shares[0])),
        target_logprob_nats=logprob,
    )


def _judgement(
    row: RoundRow, what: Round, position: int, draw: np.random.Generator
) -> JudgementRow:
    asked = bool(draw.random() < 0.8)
    share = float(draw.choice((0.03, 0.2, 0.35, 0.65, 0.9, 0.998))) if asked else 0.5
    rival = -6 - 4 * float(draw.random())
    # In the tail some scores were made before word frequency drew too, some after.
    is_mixed = row.form == Form.TAIL and draw.random() < 0.7
    return JudgementRow(
        **_answer(row, what, position),
        scored_passage_id=row.scored_passage_id,
        form=row.form,
        asked=asked,
        practice=row.practice,
        question_version=int(draw.choice((1, 2, 2))),
        target="time",
        rival="way",
        target_share=share,
        target_logprob_nats=-7.5 - position / 50,
        rival_logprob_nats=rival,
        target_drawn_logprob_nats=-6.5 - position / 40 if is_mixed else None,
        rival_drawn_logprob_nats=rival - 2 * float(draw.random()) if is_mixed else None,
    )


class Interrupted(Exception):
    """The database went away."""


@contextmanager
def interrupted(engine: Engine, at_statement: int) -> Iterator[None]:
    """Let the database go away at a statement, counted from 1."""
    left = at_statement

    def count(*_args: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Interrupted

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield
    except Interrupted:
        pass
    finally:
        event.remove(engine, "before_cursor_execute", count)
