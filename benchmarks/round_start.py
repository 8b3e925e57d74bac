"""What starting a round costs in a small corpus and in a large one, on SQLite and PostgreSQL.

    python -m benchmarks.round_start [--database KIND] [SCORED_PASSAGES ...]

Prints the median time of a start by kind of round, for a new player and for one who has played half
a thousand passages, and the ratio of the largest corpus to the smallest. Both take turns, so that
other load on the machine slows both. The scores in memory are those of one passage.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Engine, create_engine, text, update
from sqlalchemy.orm import Session

from benchmarks.databases import KINDS, empty_database
from server.commands.passages import BUNDLED_PASSAGES
from server.domain.play.rounds import Mode
from server.domain.scores.models import BUNDLED
from server.domain.scores.passage_scores import PassageScores
from server.lm.load import load_model
from server.lm.score import PassageScorer
from server.lm.source import find_source
from server.services.corpus.import_files_whole import import_passages
from server.services.play.choosing import RoundWish
from server.services.play.home import home_view
from server.services.play.library import ScoreLibrary
from server.services.play.opponents import OpponentChoice, current_opponent
from server.services.play.rounds import RoundService
from server.store.engine import configure, engine_options, normalised_url, writing
from server.store.players import add_player
from server.store.scoring.scores import add_scores, ensure_model
from server.store.tables import Base, PassageRow, RoundRow, ScoredPassageRow

SIZES = (1_000, 400_000)
PLAYED = 500  # passages that the seasoned player has played
TURNS, STARTS_A_TURN = 4, 8
SEASONED = "the seasoned player"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
MOST_ALLOWED = 1.5
_FILLER_BYTES = 256

_COPIES = """
WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO passages (id, content_hash, text, title, source, licence, genre, created_at)
SELECT n, 'copy ' || n, '', title, source, licence, genre, created_at
FROM numbers, passages WHERE passages.id = 1
"""
_COPIED_SCORES = """
WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO scored_passages (id, passage_id, model_id, draw_number, asked_words, asked_tokens,
    tail_words, tail_tokens, mixed_words, scores, created_at)
SELECT n, n, model_id, n, asked_words, asked_tokens, tail_words, tail_tokens, mixed_words, :scores,
    created_at
FROM numbers, scored_passages WHERE scored_passages.id = 1
"""


class OnePassage(ScoreLibrary):
    """A library in which every passage has the same scores: those of a large corpus fill a disk."""

    def __init__(self, scores: PassageScores) -> None:
        super().__init__()
        self._one = scores

    def scores(self, _session: Session, _scored: ScoredPassageRow) -> PassageScores:
        """Return the only scores there are."""
        return self._one


@dataclass
class Corpus:
    """A database with so many scored passages, and the milliseconds that starts took in it."""

    size: int
    engine: Engine
    library: OnePassage
    choice: OpponentChoice
    elapsed_ms: dict[str, list[float]] = field(default_factory=dict)

    def start(self, wish: RoundWish, player: str | None) -> Callable[[Session], object]:
        """Return what starts a round of this kind."""
        return lambda session: RoundService(session, self.library, self.choice).start(
            player, wish, datetime.now(UTC)
        )

    def measure(self, name: str, work: Callable[[Session], object]) -> None:
        """Time some calls, each in a session of its own, as in requests."""
        for _ in range(STARTS_A_TURN):
            with Session(self.engine) as session:
                began = time.perf_counter()
                work(session)
                self.elapsed_ms.setdefault(name, []).append(1000 * (time.perf_counter() - began))
                # An unanswered round would be returned at the next start.
                session.execute(update(RoundRow).values(finished_at=NOW).where(_IS_OPEN))
                session.commit()

    def take_turn(self) -> None:
        """Measure every kind of start."""
        daily, duel = RoundWish(daily=True), RoundWish(Mode.DUEL)
        self.measure("guess, new player", self.start(RoundWish(), None))
        self.measure("daily, new player", self.start(daily, None))
        self.measure("first duel, new player", self.start(duel, None))
        self.measure(f"guess, {PLAYED} passages played", self.start(RoundWish(), SEASONED))
        self.measure(f"duel, {PLAYED} passages played", self.start(duel, SEASONED))
        self.measure("home page and /readyz", self.look_at_home)

    def look_at_home(self, session: Session) -> None:
        """Ask what the first page and /readyz ask of the corpus."""
        home_view(session, current_opponent(session, self.choice), self.choice)


_IS_OPEN = RoundRow.finished_at.is_(None)


def filled(engine: Engine, size: int, scorer: PassageScorer) -> Corpus:
    """Fill an empty database with copies of one scored passage, and with what one player did."""
    Base.metadata.create_all(engine)
    identity = scorer.identity
    with Session(engine) as session:
        import_passages(session, [BUNDLED_PASSAGES], NOW)
        with writing(session):
            session.execute(text("DELETE FROM passages WHERE id > 1"))
            passage = session.get_one(PassageRow, 1)
            scores = scorer.score_text(passage.text)
            model = ensure_model(session, identity, scorer.vocabulary, NOW)
            add_scores(session, passage.id, model.id, scores, NOW)
            session.flush()
            session.execute(text(_COPIES), {"count": size})
            filler = {"count": size, "scores": b"\0" * _FILLER_BYTES}
            session.execute(text(_COPIED_SCORES), filler)
            player = add_player(session, SEASONED, NOW)
            session.add_all(_played(player.id, model.id, number, size) for number in range(PLAYED))
        session.execute(text("ANALYZE"))  # PostgreSQL does it by itself after a while
        session.commit()
    choice = OpponentChoice(identity.name, identity.revision, fallback_allowed=False)
    return Corpus(size, engine, OnePassage(scores), choice)


def _played(player_id: int, model_id: int, number: int, size: int) -> RoundRow:
    """Return a finished round, a duel every second time."""
    is_duel = number % 2 == 0
    return RoundRow(
        public_id=f"played {number}",
        player_id=player_id,
        model_id=model_id,
        scored_passage_id=1 + number * (size // PLAYED),  # all over the corpus, as players meet it
        mode="duel" if is_duel else "guess",
        form="tail" if is_duel else None,
        draw=0 if is_duel else None,
        unit="words",
        assisted=False,
        repeated=False,
        practice=number == 0,
        seed="",
        started_at=NOW,
        started_on=NOW.date(),
        asked_at=NOW,
        finished_at=NOW,
    )


def compare(kind: str, sizes: list[int], scorer: PassageScorer) -> float:
    """Print the medians on one kind of database, and return the largest ratio."""
    with ExitStack() as stack:
        corpora = []
        for size in sizes:
            url = normalised_url(stack.enter_context(empty_database(kind)))
            engine = create_engine(**engine_options(url))
            stack.callback(engine.dispose)
            configure(engine)
            corpora.append(filled(engine, size, scorer))
        for corpus in corpora:
            corpus.take_turn()
            corpus.elapsed_ms.clear()  # what is read for the first time is read for all
        for _ in range(TURNS):
            for corpus in corpora:
                corpus.take_turn()
    ratios = []
    for name in corpora[0].elapsed_ms:
        medians = [statistics.median(corpus.elapsed_ms[name]) for corpus in corpora]
        ratios.append(medians[-1] / medians[0])
        shown = " ".join(f"{median:9.2f}" for median in medians)
        print(f"{kind:>10}  {name:<28} {shown}   {ratios[-1]:5.2f}", flush=True)
    return max(ratios)


def main(kinds: Sequence[str], sizes: list[int]) -> int:
    """Print the table; return 1 where a large corpus costs more than a small one, else 0."""
    scorer = PassageScorer(load_model(find_source(BUNDLED, "")))
    titles = " ".join(f"{size:>9,}" for size in sizes)
    print(f"{'ms to start a round at':>40} {titles}   ratio")
    worst = max(compare(kind, sizes, scorer) for kind in kinds)
    print(f"The largest ratio is {worst:.2f}; at most {MOST_ALLOWED} is wanted.")
    return int(worst > MOST_ALLOWED)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", choices=KINDS, action="append", help="this kind alone")
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES, metavar="SCORED_PASSAGES")
    chosen = parser.parse_args()
    sys.exit(main(chosen.database or KINDS, list(chosen.sizes)))
