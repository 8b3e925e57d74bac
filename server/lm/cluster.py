"""Spread shards of passages over the workers of a Dask scheduler, a bounded number at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from queue import Empty, SimpleQueue

from distributed import CancelledError, Client, Future, KilledWorker

from server.domain.errors import PerplexedError
from server.domain.scores.models import ModelIdentity, Precision
from server.domain.scores.passage_scores import Outcome
from server.domain.text.tokens import Vocabulary
from server.lm.known import KnownModel
from server.lm.source import ModelSource
from server.lm.worker import score_shard, wanted_on_workers

CONNECT_WITHIN_S = 10.0
WITHOUT_WORKERS_S = 60.0
LOOK_EVERY_S = 2.0
# One is scored while the next one waits.
SHARDS_PER_WORKER = 2

Outcomes = list[tuple[int, Outcome]]


class ClusterFailed(PerplexedError):
    """The scheduler or its workers failed; the message says how."""


@contextmanager
def connected(scheduler: str) -> Iterator[Client]:
    """Yield a client of the scheduler at an address such as tcp://10.0.0.5:8786.

    Raises ClusterFailed where none answers there in time.
    """
    try:
        client = Client(scheduler, timeout=CONNECT_WITHIN_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterFailed(
            f"No Dask scheduler answered at {scheduler} within {CONNECT_WITHIN_S:.0f} seconds. "
            "Start one with `dask scheduler`; the address is in its first lines."
        ) from error
    with client:
        yield client


class ClusterScorer:
    """The workers of one scheduler, each holding the model that is known here but not loaded."""

    def __init__(
        self,
        client: Client,
        scheduler: str,
        source: ModelSource,
        precision: Precision,
        known: KnownModel,
    ) -> None:
        self._client, self._scheduler, self._known = client, scheduler, known
        self.wanted = wanted_on_workers(source, known.identity, precision)
        self._in_flight: dict[Future[Outcomes], int] = {}
        self._done: SimpleQueue[tuple[Future[Outcomes], Outcomes | BaseException]] = SimpleQueue()

    @property
    def identity(self) -> ModelIdentity:
        """Which model this is."""
        return self._known.identity

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        return self._known.vocabulary

    def count_tokens(self, text: str) -> int:
        """Return how many tokens the model reads `text` as."""
        return self._known.count_tokens(text)

    def score_shards(self, shards: Iterator[Sequence[str]]) -> Iterator[tuple[int, Outcomes]]:
        """Yield each shard's number with what the model says of its texts, as they are done.

        At most two shards per worker are on their way: memory does not grow with the corpus.
        A shard whose worker dies goes to another one. Raises WorkerUnfit where a worker has
        another model or other code, ClusterFailed where the workers cannot go on.
        """
        numbered = enumerate(shards)
        try:
            while True:
                room = SHARDS_PER_WORKER * max(1, self._workers()) - len(self._in_flight)
                for number, texts in islice(numbered, max(0, room)):
                    self._submit(number, texts)
                if not self._in_flight:
                    return
                yield self._next_done()
        finally:
            self._client.cancel(list(self._in_flight))
            self._in_flight.clear()

    def _submit(self, number: int, texts: Sequence[str]) -> None:
        future = self._client.submit(score_shard, self.wanted, texts, pure=False)
        self._in_flight[future] = number
        future.add_done_callback(self._fetch)

    def _fetch(self, future: Future[Outcomes]) -> None:
        """Take a finished shard at once, on Dask's thread: until then it dies with its worker."""
        try:
            self._done.put((future, future.result()))
        except BaseException as error:  # whatever it is, the main thread raises it
            self._done.put((future, error))

    def _next_done(self) -> tuple[int, Outcomes]:
        future, result = self._wait()
        number = self._in_flight.pop(future)
        if isinstance(result, BaseException):
            raise self._failure(result) from result
        return number, result

    def _wait(self) -> tuple[Future[Outcomes], Outcomes | BaseException]:
        last_seen = time.monotonic()
        while True:
            try:
                return self._done.get(timeout=LOOK_EVERY_S)
            except Empty:
                if self._workers():
                    last_seen = time.monotonic()
                elif time.monotonic() - last_seen > WITHOUT_WORKERS_S:
                    raise ClusterFailed(
                        f"The scheduler {self._scheduler} has had no worker for "
                        f"{WITHOUT_WORKERS_S:.0f} seconds. Start some with `dask worker "
                        f"{self._scheduler} --nthreads 1`, then this command again: "
                        "it goes on where it was."
                    ) from None

    def _workers(self) -> int:
        try:
            return len(self._client.nthreads())
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: BaseException) -> BaseException:
        """Return the error with a sentence for what went wrong with a shard."""
        if isinstance(error, PerplexedError):
            return error
        if isinstance(error, CancelledError | OSError):
            return ClusterFailed(
                f"The scheduler {self._scheduler} has gone. What was scored is stored; "
                "start it and its workers, then this command again: it goes on where it was."
            )
        if isinstance(error, KilledWorker):
            return ClusterFailed(
                "Every worker that tried to score the same passages died, the last at "
                f"{error.last_worker.address}. Too little memory is the usual reason; the worker's "
                "log says. What was scored is stored."
            )
        return ClusterFailed(
            f"A worker failed: {type(error).__name__}: {error}. Do the scheduler and all workers "
            "run in the project's folder, with this version of it and what it requires?"
        )
