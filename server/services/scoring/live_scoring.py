"""Score texts while their players wait: one at a time, with a short queue and bounded patience."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from server.domain.errors import LiveScoringUnavailable
from server.domain.scores.passage_scores import PassageScores

PATIENCE_S = 20.0
WAITING_TEXTS = 3
_RETRY_AFTER_S = 10


class TextScorer(Protocol):
    """A loaded model, as live scoring sees it."""

    def score_text(self, text: str) -> PassageScores:
        """Return the scores of one text; raise InvalidInput where it cannot be scored."""
        ...


class Models(Protocol):
    """Where models come from."""

    def why_not(self, name: str, revision: str) -> str | None:
        """Return why this model cannot be loaded, as a sentence; None where it can."""
        ...

    def load(self, name: str, revision: str) -> TextScorer:
        """Return the model, loaded at the first call; raise LiveScoringUnavailable."""
        ...


class LiveScoring:
    """A thread of its own that loads the model at the first text and scores one text at a time.

    Each waiting text holds one of the web server's threads, so only a few may wait: the others
    are there for play. The thread begins with the first text, since threads outlive no fork.
    """

    def __init__(self, models: Models, patience_s: float = PATIENCE_S) -> None:
        self._models, self._patience_s = models, patience_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live-scoring")
        self._places = threading.BoundedSemaphore(1 + WAITING_TEXTS)
        self._known_problems: dict[tuple[str, str], str | None] = {}

    def why_not(self, name: str, revision: str) -> str | None:
        """Return why this model cannot score here, as a sentence; None where it can.

        Found out once for each model: weights come and go with a new start of the service.
        """
        key = (name, revision)
        if key not in self._known_problems:
            self._known_problems[key] = self._models.why_not(name, revision)
        return self._known_problems[key]

    def score(self, name: str, revision: str, text: str) -> PassageScores:
        """Return the model's scores of `text`.

        Raises LiveScoringUnavailable where the model is not here, where too many texts wait, or
        where it takes too long; and InvalidInput where the text itself cannot be scored.
        """
        if problem := self.why_not(name, revision):
            raise LiveScoringUnavailable(problem)
        if not self._places.acquire(blocking=False):
            raise LiveScoringUnavailable(
                "Several texts are waiting for the model already. Please try again in "
                f"{_RETRY_AFTER_S} seconds.",
                _RETRY_AFTER_S,
            )
        future = self._thread.submit(self._score_now, name, revision, text)
        future.add_done_callback(lambda _: self._places.release())
        return self._result(future)

    def _score_now(self, name: str, revision: str, text: str) -> PassageScores:
        return self._models.load(name, revision).score_text(text)

    def _result(self, future: Future[PassageScores]) -> PassageScores:
        try:
            return future.result(timeout=self._patience_s)
        except TimeoutError:
            future.cancel()  # nobody waits for it any more, if it has not begun
            raise LiveScoringUnavailable(
                "The model is busy or still being loaded. Please try again in "
                f"{_RETRY_AFTER_S} seconds.",
                _RETRY_AFTER_S,
            ) from None
