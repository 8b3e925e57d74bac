"""Let a model score the passages that it has not scored yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy.orm import Session

from server.domain.models import ModelIdentity
from server.domain.passages import Passage
from server.domain.scores import PassageScores, TooLong
from server.domain.tokens import Vocabulary
from server.services.cutting import cut_passage
from server.store.engine import writing
from server.store.passages import (
    add_passages,
    count_unscored,
    known_hashes,
    unscored_passages,
)
from server.store.scores import (
    add_scores,
    ensure_model,
    find_model,
    leave_out,
    newest_scoring_model,
)

PASSAGES_PER_COMMIT = 64


class Scorer(Protocol):
    """A loaded model, as scoring sees it."""

    @property
    def identity(self) -> ModelIdentity:
        """Which model this is."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return how many tokens the model reads `text` as."""
        ...

    def score(self, texts: Sequence[str]) -> Iterator[tuple[int, PassageScores | TooLong | str]]:
        """Yield each text's index with its scores, or with what stands in their way."""
        ...


@dataclass
class Scored:
    """How many passages were scored, and why others were not, or not whole."""

    added: int = 0
    left_out: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Unscored:
    """A passage that waits to be scored, with its row's id."""

    id: int
    passage: Passage


Outcome = PassageScores | TooLong | str


def has_unscored(session: Session, name: str, revision: str) -> bool:
    """Tell whether the model of this name and revision has passages left to score."""
    model = find_model(session, name, revision)
    return bool(unscored_passages(session, model.id if model else None, limit=1))


def count_left(session: Session, name: str, revision: str) -> int:
    """Return how many passages the model of this name and revision has left to score."""
    model = find_model(session, name, revision)
    return count_unscored(session, model.id if model else None)


def has_scored_all(session: Session, name: str) -> bool:
    """Tell whether a model of this name, which need not be at hand, has scored every passage."""
    model = newest_scoring_model(session, name, None)
    return model is not None and not unscored_passages(session, model.id, limit=1)


def score_all(session: Session, scorer: Scorer, advance: Callable[[int, int], None]) -> Scored:
    """Score every passage that this model has not scored; `advance(done, total)` reports progress.

    A passage longer than the model's window is cut at sentence ends into passages that fit, which
    are scored in its place. Committed in portions, so that an interrupted run goes on where it was.
    """
    now = datetime.now(UTC)
    with writing(session):
        model_id = ensure_model(session, scorer.identity, scorer.vocabulary, now).id
    scored, done, after_id = Scored(), 0, 0
    total = count_unscored(session, model_id)
    while portion := _portion(session, model_id, after_id):
        outcomes = []
        for outcome in scorer.score([waiting.passage.text for waiting in portion]):
            outcomes.append(outcome)
            advance(done + len(outcomes), max(total, done + len(outcomes)))
        with writing(session):
            for index, said in outcomes:
                _store(session, scorer, model_id, portion[index], said, now, scored)
        done, after_id = done + len(portion), portion[-1].id
    return scored


def _portion(session: Session, model_id: int, after_id: int) -> list[_Unscored]:
    rows = unscored_passages(session, model_id, after_id, PASSAGES_PER_COMMIT)
    return [
        _Unscored(row.id, Passage(row.text, row.title, row.source, row.licence, row.genre))
        for row in rows
    ]


def _store(
    session: Session,
    scorer: Scorer,
    model_id: int,
    waiting: _Unscored,
    said: Outcome,
    now: datetime,
    scored: Scored,
) -> None:
    """Store what the model said of one passage."""
    if isinstance(said, PassageScores):
        add_scores(session, waiting.id, model_id, said, now)
        scored.added += 1
        return
    if isinstance(said, TooLong):
        window = scorer.identity.window_tokens
        parts = cut_passage(waiting.passage, window, scorer.count_tokens)
        known = known_hashes(session, [part.content_hash for part in parts])
        new = {part.content_hash: part for part in parts if part.content_hash not in known}
        add_passages(session, list(new.values()), now, cut_from_id=waiting.id)
        reason = (
            f"it has {said.tokens:,} tokens and the model reads {window:,}, so it was cut at "
            f"sentence ends into {len(parts):,} passages."
        )
        scored.cut.append(f"{waiting.passage.title}: {reason}")
    else:
        reason = said
        scored.left_out.append(f"{waiting.passage.title}: {reason}")
    leave_out(session, waiting.id, model_id, reason, now)
