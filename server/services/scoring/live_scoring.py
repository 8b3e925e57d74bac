"""Score texts while their players wait: one at a time, with a short queue and bounded patience."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from server.domain.errors import LiveScoringUnavailable
from server.domain.scores.models import ModelIdentity
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.tokens import Vocabulary

PATIENCE_S = 20.0
WAITING_TEXTS = 3
_RETRY_AFTER_S = 10


class TextScorer(Protocol):
    """A loaded model, as live scoring sees it."""

    @property
    def identity(self) -> ModelIdentity:
        """Which model this is."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        ...

    def score_text(self, text: str) -> PassageScores:
        """Return the scores of one text; raise InvalidInput where it cannot be scored."""
        ...


@dataclass(frozen=True)
class ReadText:
    """A text's scores, and the model that read it."""

    reader: TextScorer
    scores: PassageScores


class Models(Protocol):
    """Where models come from."""

    def stand_in(self) -> tuple[str, str]:
        """Return name and revision of the model that reads where the playing one is not here."""
        ...

    def why_not(self, name: str, revision: str) -> str | None:
        """Return why this model cannot be loaded, as a sentence; None where it can."""
        ...

    def load(self, name: str, revision: str) -> TextScorer:
        """Return the model, loaded at the first call; raise LiveScoringUnavailable."""
        ...


class LiveScoring:
    """A thread of its own that loads the model once it is wanted and scores one text at a time.

    Each waiting text holds one of the web server's threads, so only a few may wait: the others
    are there for play. The thread begins with the first use, since threads outlive no fork.
    """

    def __init__(self, models: Models, patience_s: float = PATIENCE_S) -> None:
        self._models, self._patience_s = models, patience_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live-scoring")
        self._places = threading.BoundedSemaphore(1 + WAITING_TEXTS)
        self._known_problems: dict[tuple[str, str], str | None] = {}
        self._begun: set[tuple[str, str]] = set()

    def why_not(self, name: str, revision: str) -> str | None:
        """Return why this model cannot score here, as a sentence; None where it can.

        Found out once for each model: weights come and go with a new start of the service.
        """
        key = (name, revision)
        if key not in self._known_problems:
            self._known_problems[key] = self._models.why_not(name, revision)
        return self._known_problems[key]

    def reader(self, name: str, revision: str) -> tuple[str, str]:
        """Return name and revision of who reads texts: the playing model, or what stands in."""
        return self._models.stand_in() if self.why_not(name, revision) else (name, revision)

    def load_ahead(self, name: str, revision: str) -> None:
        """Begin to load the model, if it can score here and nothing has begun to; return at once.

        What goes wrong with it is told to whoever sends a text.
        """
        key = (name, revision)
        if self.why_not(name, revision) is None and key not in self._begun:
            self._begun.add(key)
            self._thread.submit(self._models.load, name, revision)

    def score(self, name: str, revision: str, text: str) -> ReadText:
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

    def _score_now(self, name: str, revision: str, text: str) -> ReadText:
        reader = self._models.load(name, revision)
        return ReadText(reader, reader.score_text(text))

    def _result(self, future: Future[ReadText]) -> ReadText:
        try:
            return future.result(timeout=self._patience_s)
        except TimeoutError:
            future.cancel()  # nobody waits for it any more, if it has not begun
            raise LiveScoringUnavailable(
                "The model is busy or still being loaded. Please try again in "
                f"{_RETRY_AFTER_S} seconds.",
                _RETRY_AFTER_S,
            ) from None
