"""Let a model score the passages that it has not scored yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy.orm import Session

from server.domain.play.guessing import LIKELY_WORDS
from server.domain.scores.models import ModelIdentity
from server.domain.scores.passage_scores import Outcome, PassageScores, TooLong
from server.domain.text.passages import Passage
from server.domain.text.tokens import Vocabulary
from server.services.corpus.cutting import cut_passage
from server.store.engine import writing
from server.store.passages import (
    add_passages,
    count_unscored,
    known_hashes,
    unscored_passages,
)
from server.store.scoring.scores import (
    add_scores,
    ensure_model,
    find_model,
    keep_vocabulary,
    leave_out,
    load_vocabulary,
    newest_scoring_model,
)

PASSAGES_PER_COMMIT = 64
MOST_REMARKS = 100

Advance = Callable[[int, int], None]
ScoredShard = tuple[int, list[tuple[int, Outcome]]]


class Model(Protocol):
    """A model and its tokenizer, as scoring sees them."""

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


class Scorer(Model, Protocol):
    """A model that scores in this process."""

    def continued(self, token_ids: Sequence[int]) -> list[float]:
        """Return how probable it is after each word token that the model goes on with the word."""
        ...

    def score(self, texts: Sequence[str]) -> Iterator[tuple[int, Outcome]]:
        """Yield each text's index with its scores, or with what stands in their way."""
        ...


class ShardScorer(Model, Protocol):
    """A model that scores elsewhere, shard by shard."""

    def score_shards(self, shards: Iterator[Sequence[str]]) -> Iterator[ScoredShard]:
        """Yield each shard's number, counted from 0, with what the model says of each of its texts.

        In any order, while further shards are taken: a bounded number ahead.
        """
        ...


@dataclass
class Scored:
    """How many passages were scored, and why others were not, or not whole."""

    added: int = 0
    left_out: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    unnamed: int = 0  # how many more were left out or cut: a corpus of any size fits into memory


@dataclass(frozen=True)
class _Unscored:
    """A passage that waits to be scored, with its row's id."""

    id: int
    passage: Passage


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


def score_all(session: Session, scorer: Scorer, advance: Advance) -> Scored:
    """Score every passage that this model has not scored; `advance(done, total)` reports progress.

    A passage longer than the model's window is cut at sentence ends into passages that fit, which
    are scored in its place. Committed in portions, so that an interrupted run goes on where it was.
    """
    run = _Run(session, scorer, advance)
    for portion in run.portions():
        outcomes = []
        for outcome in scorer.score([waiting.passage.text for waiting in portion]):
            outcomes.append(outcome)
            run.report(len(outcomes))
        run.learn_continued(outcomes, scorer)
        run.store(portion, outcomes)
    return run.scored


def score_in_shards(session: Session, scorer: ShardScorer, advance: Advance) -> Scored:
    """Score as `score_all` does, many portions at a time, each committed as it comes back.

    What is committed is never scored again; whatever goes wrong loses only what was on its way.
    """
    run = _Run(session, scorer, advance)
    on_their_way: dict[int, list[_Unscored]] = {}

    def texts() -> Iterator[list[str]]:
        for number, portion in enumerate(run.portions()):
            on_their_way[number] = portion
            yield [waiting.passage.text for waiting in portion]

    while run.has_more():  # parts of what was cut come behind all else
        for number, outcomes in scorer.score_shards(texts()):
            run.store(on_their_way.pop(number), outcomes)
    return run.scored


class _Run:
    """One run over what a model has not scored: which portion is next, and what became of each."""

    def __init__(self, session: Session, model: Model, advance: Advance) -> None:
        self._session, self._model, self._advance = session, model, advance
        self._now = datetime.now(UTC)
        with writing(session):
            row = ensure_model(session, model.identity, model.vocabulary, self._now)
            self._model_id = row.id
        self._total = count_unscored(session, self._model_id)
        self._done = self._after_id = 0
        self.scored = Scored()

    def has_more(self) -> bool:
        """Tell whether a portion is left."""
        return bool(self._unscored(limit=1))

    def portions(self) -> Iterator[list[_Unscored]]:
        """Yield what is left, oldest first."""
        while portion := self._unscored(PASSAGES_PER_COMMIT):
            self._after_id = portion[-1].id
            yield portion

    def report(self, scored: int) -> None:
        """Report progress: so many of a portion are scored, and not stored yet."""
        done = self._done + scored
        self._advance(done, max(self._total, done))

    def learn_continued(self, outcomes: list[tuple[int, Outcome]], scorer: Scorer) -> None:
        """Ask the model which of the words it expects are beginnings of longer ones; commit that.

        What was asked of it before is known.
        """
        scores = [outcome for _, outcome in outcomes if isinstance(outcome, PassageScores)]
        vocabulary = load_vocabulary(self._session, self._model_id)
        self._session.rollback()
        expected = sorted(
            {
                token_id
                for each in scores
                for table in (each.words_top_ids, each.mixed_top_ids)
                for token_id in table[:, :LIKELY_WORDS].ravel().tolist()
                if not vocabulary.knows_whether_continued(token_id)
            }
        )
        if expected:
            shares = dict(zip(expected, scorer.continued(expected), strict=True))
            with writing(self._session):
                keep_vocabulary(self._session, self._model_id, vocabulary.with_continued(shares))

    def store(self, portion: list[_Unscored], outcomes: list[tuple[int, Outcome]]) -> None:
        """Commit what the model said of a portion."""
        with writing(self._session):
            for index, outcome in outcomes:
                self._store(portion[index], outcome)
        self._done += len(portion)
        self.report(0)

    def _unscored(self, limit: int) -> list[_Unscored]:
        rows = unscored_passages(self._session, self._model_id, self._after_id, limit)
        portion = [
            _Unscored(row.id, Passage(row.text, row.title, row.source, row.licence, row.genre))
            for row in rows
        ]
        # A transaction left open while a model scores would hold up the database's housekeeping.
        self._session.rollback()
        return portion

    def _store(self, waiting: _Unscored, outcome: Outcome) -> None:
        session, model_id, title = self._session, self._model_id, waiting.passage.title
        if isinstance(outcome, PassageScores):
            add_scores(session, waiting.id, model_id, outcome, self._now)
            self.scored.added += 1
            return
        reason = self._cut(waiting, outcome) if isinstance(outcome, TooLong) else outcome
        remarks = self.scored.cut if isinstance(outcome, TooLong) else self.scored.left_out
        if len(remarks) < MOST_REMARKS:
            remarks.append(f"{title}: {reason}")
        else:
            self.scored.unnamed += 1
        leave_out(session, waiting.id, model_id, reason, self._now)

    def _cut(self, waiting: _Unscored, outcome: TooLong) -> str:
        """Add the parts of a passage that is too long; return the reason to leave it out itself."""
        window = self._model.identity.window_tokens
        parts = cut_passage(waiting.passage, window, self._model.count_tokens)
        known = known_hashes(self._session, [part.content_hash for part in parts])
        new = {part.content_hash: part for part in parts if part.content_hash not in known}
        add_passages(self._session, list(new.values()), self._now, cut_from_id=waiting.id)
        return (
            f"it has {outcome.tokens:,} tokens and the model reads {window:,}, so it was cut at "
            f"sentence ends into {len(parts):,} passages."
        )
