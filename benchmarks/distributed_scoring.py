"""Score the same passages here and on one and two workers; print passages and tokens a second.

    python -m benchmarks.distributed_scoring [OPTION...]

Starts a Dask scheduler and its workers, one thread each, on this machine, and lets the ways take
turns, so that other load on the machine strikes all of them. Scoring and storing are timed, not
loading the model. Works in a folder of its own and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle

import psutil
import torch
from distributed import Client
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from server.commands.passages import BUNDLED_PASSAGES
from server.domain.scores.models import Precision
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.passages import Passage
from server.lm.cluster import ClusterScorer, connected
from server.lm.known import KnownModel
from server.lm.load import load_model
from server.lm.score import PassageScorer
from server.lm.source import ModelSource, find_source
from server.services.scoring import scoring
from server.services.scoring.scoring import ScoredShard, score_all, score_in_shards
from server.store.engine import configure, engine_options
from server.store.passages import add_passages
from server.store.tables import Base

PORT = "18790"
ADDRESS = f"tcp://127.0.0.1:{PORT}"


@contextmanager
def process(*command: str) -> Iterator[None]:
    """Run a Dask process beside this one."""
    running = subprocess.Popen(
        [sys.executable, "-m", "dask", *command, "--no-dashboard"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        running.kill()
        running.wait()


@contextmanager
def workers(count: int) -> Iterator[None]:
    """Run that many workers of one thread each."""
    options = ("--nthreads", "1", "--no-nanny", "--local-directory", tempfile.gettempdir())
    with ExitStack() as running:
        for _ in range(count):
            running.enter_context(process("worker", ADDRESS, *options))
        with Client(ADDRESS, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=300)
        yield


@contextmanager
def filled(url: str, texts: list[str]) -> Iterator[Session]:
    """Yield a session on a database with these passages, none of them scored."""
    engine = create_engine(**engine_options(url))
    configure(engine)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        passages = [Passage(text, f"Passage {n}") for n, text in enumerate(texts)]
        add_passages(session, passages, datetime.now(UTC))
        session.commit()
        yield session
    engine.dispose()


def texts_of(count: int) -> list[str]:
    """Return distinct texts: the bundled ones, beginning a word later in each round."""
    lines = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()
    bundled = [json.loads(line)["text"] for line in lines]
    rounds = range(-(-count // len(bundled)))
    return [" ".join(text.split()[later:]) for later in rounds for text in bundled][:count]


@dataclass(frozen=True)
class Taken:
    """What one way of scoring took."""

    wall_s: float
    cpu_s: float  # of this process, the scheduler and all workers


def taken_by(score: Callable[[], object]) -> Taken:
    """Return what something takes."""
    wall_s, cpu_s = time.perf_counter(), _cpu_s()
    score()
    return Taken(time.perf_counter() - wall_s, _cpu_s() - cpu_s)


def _cpu_s() -> float:
    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))


def spread(source: ModelSource, url: str, texts: list[str]) -> Taken:
    """Return what the workers take, each of which has loaded the model before."""
    with connected(ADDRESS) as client:
        known = KnownModel(source)
        scorer = ClusterScorer(client, ADDRESS, source, Precision.FLOAT32, known)
        for _ in range(2):  # so that every worker has loaded it
            list(scorer.score_shards(iter([[text] for text in texts[:4]])))
        with filled(url, texts) as session:
            return taken_by(lambda: score_in_shards(session, scorer, _quietly))


def alone(local: PassageScorer, url: str, texts: list[str], threads: int) -> Taken:
    """Return what this process takes."""
    torch.set_num_threads(threads)
    list(local.score(texts[:4]))
    with filled(url, texts) as session:
        return taken_by(lambda: score_all(session, local, _quietly))


def stored(local: PassageScorer, url: str, texts: list[str]) -> Taken:
    """Return what storing alone takes, in shards as above."""
    ready = [scores for _, scores in local.score(texts[:16]) if isinstance(scores, PassageScores)]
    with filled(url, texts) as session:
        scorer = Ready(local, ready)
        return taken_by(lambda: score_in_shards(session, scorer, _quietly))


class Ready:
    """Workers that take no time: they give scores that were made before, again and again."""

    def __init__(self, local: PassageScorer, scores: list[PassageScores]) -> None:
        self.identity, self.vocabulary = local.identity, local.vocabulary
        self.count_tokens = local.count_tokens
        self._scores = scores

    def score_shards(self, shards: Iterator[Sequence[str]]) -> Iterator[ScoredShard]:
        """Yield scores at once."""
        for number, texts in enumerate(shards):
            yield number, list(zip(range(len(texts)), cycle(self._scores), strict=False))


def _quietly(_done: int, _total: int) -> None: ...


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="bundled", help="`bundled` or a folder")
    parser.add_argument("--passages", type=int, default=256)
    parser.add_argument("--shard", type=int, default=16, help="passages in a shard")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--database", help="instead of a SQLite file; its tables are dropped")
    options = parser.parse_args()
    scoring.PASSAGES_PER_COMMIT = options.shard
    source = find_source(options.model, "")
    local, texts = PassageScorer(load_model(source)), texts_of(options.passages)
    tokens = sum(local.count_tokens(text) for text in texts)
    print(f"{len(texts)} passages, {tokens:,} tokens", flush=True)

    def report(way: str, taken: Taken) -> None:
        print(
            f"{way:15} {len(texts) / taken.wall_s:8.2f} passages/s {tokens / taken.wall_s:8.0f} "
            f"tokens/s {taken.cpu_s / len(texts) * 1000:8.1f} ms of CPU a passage",
            flush=True,
        )

    with tempfile.TemporaryDirectory() as folder, process("scheduler", "--port", PORT):
        url = options.database or f"sqlite:///{folder}/scores.sqlite3"
        for _ in range(options.repeats):
            report("here, 1 thread", alone(local, url, texts, 1))
            for count in (1, 2):
                with workers(count):
                    report(f"{count} workers", spread(source, url, texts))
            report("storing alone", stored(local, url, texts))


if __name__ == "__main__":
    main()
