"""Let a model score the passages that it has not scored yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy.orm import Session

from server.domain.models import ModelIdentity
from server.domain.scores import PassageScores
from server.domain.tokens import Vocabulary
from server.store.engine import writing
from server.store.passages import unscored_passages
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

    def score(self, texts: Sequence[str]) -> Iterator[tuple[int, PassageScores | str]]:
        """Yield each text's index with its scores, or with a sentence that says why not."""
        ...


@dataclass
class Scored:
    """How many passages were scored, and why others were not."""

    added: int = 0
    left_out: list[str] = field(default_factory=list)


def has_unscored(session: Session, name: str, revision: str) -> bool:
    """Tell whether the model of this name and revision has passages left to score."""
    model = find_model(session, name, revision)
    return bool(unscored_passages(session, model.id if model else None))


def has_scored_all(session: Session, name: str) -> bool:
    """Tell whether a model of this name, which need not be at hand, has scored every passage."""
    model = newest_scoring_model(session, name, None)
    return model is not None and not unscored_passages(session, model.id)


def score_all(session: Session, scorer: Scorer, advance: Callable[[int, int], None]) -> Scored:
    """Score every passage that this model has not scored; `advance(done, total)` reports progress.

    Committed in portions, so that an interrupted run goes on where it was.
    """
    now = datetime.now(UTC)
    with writing(session):
        model = ensure_model(session, scorer.identity, scorer.vocabulary, now)
        model_id = model.id
    passages = [(row.id, row.title, row.text) for row in unscored_passages(session, model_id)]
    scored, total = Scored(), len(passages)
    for start in range(0, total, PASSAGES_PER_COMMIT):
        portion = passages[start : start + PASSAGES_PER_COMMIT]
        outcomes = []
        for outcome in scorer.score([text for _, _, text in portion]):
            outcomes.append(outcome)
            advance(start + len(outcomes), total)
        with writing(session):
            for index, scores in outcomes:
                passage_id, title, _ = portion[index]
                if isinstance(scores, str):
                    scored.left_out.append(f"{title}: {scores}")
                    leave_out(session, passage_id, model_id, scores, now)
                else:
                    add_scores(session, passage_id, model_id, scores, now)
                    scored.added += 1
    return scored
