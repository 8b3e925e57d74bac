"""Ask a model while players wait: one at a time, with a short queue and bounded patience."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

from cachetools import LRUCache

from server.domain.errors import LiveScoringUnavailable
from server.domain.inside.ablation import ContextEffects, Way
from server.domain.inside.presets import Gate
from server.domain.inside.swaps import SwapMaps, SwapPair
from server.domain.inside.trace import PassageTrace
from server.domain.inside.tree import NextToken, Path
from server.domain.scores.models import ModelIdentity
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.tokens import Vocabulary

PATIENCE_S = 20.0
WAITING_TEXTS = 3
_RETRY_AFTER_S = 10
_ANSWERS_KEPT = 256  # of looks inside; the largest, a tree, takes 0.2 MB

Answer = TypeVar("Answer")


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


class ModelInside(Protocol):
    """The inside of a loaded model; token ids are a text's own, whole."""

    @property
    def identity(self) -> ModelIdentity:
        """Which model this is."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        ...

    def read(self, text: str) -> list[int]:
        """Return the tokens that the model reads a text as."""
        ...

    def trace(self, text: str, position: int) -> tuple[PassageScores, PassageTrace]:
        """Return the scores of a text and what is inside the model at one position of it."""
        ...

    def context(
        self, token_ids: Sequence[int], position: int, way: Way, piece: int
    ) -> ContextEffects:
        """Return what one piece of the context does for the token at a position."""
        ...

    def tree(self, token_ids: Sequence[int], position: int) -> Mapping[Path, NextToken]:
        """Return the distributions of the tree of continuations at a position."""
        ...

    def swap(self, pair: SwapPair, gate: Gate | None = None) -> SwapMaps:
        """Return what swapping each part of two prompts' runs does; a gate reads them instead."""
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

    def has_lens(self, name: str, revision: str) -> bool:
        """Tell whether its layers can be read here."""
        ...

    def load(self, name: str, revision: str) -> TextScorer:
        """Return the model, loaded at the first call; raise LiveScoringUnavailable."""
        ...

    def look_into(self, name: str, revision: str) -> ModelInside:
        """Return the inside of the same; raise LiveScoringUnavailable where it has no known one."""
        ...


class LiveScoring:
    """A thread of its own that loads the model once it is wanted and reads one text at a time.

    Each waiting text holds one of the web server's threads, so only a few may wait: the others
    are there for play. The thread begins with the first use, since threads outlive no fork.
    """

    def __init__(
        self,
        models: Models,
        patience_s: float = PATIENCE_S,
        note_texts: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """Begin without a thread; `note_texts` is told how many texts there are, at each change."""
        self._models, self._patience_s, self._note_texts = models, patience_s, note_texts
        self._texts, self._counting = 0, threading.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live-scoring")
        self._places = threading.BoundedSemaphore(1 + WAITING_TEXTS)
        self._known_problems: dict[tuple[str, str], str | None] = {}
        self._begun: set[tuple[str, str]] = set()
        self._answers: LRUCache[Hashable, object] = LRUCache(_ANSWERS_KEPT)
        self._lock = threading.Lock()

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

    def has_lens(self, name: str, revision: str) -> bool:
        """Tell whether the layers of who reads texts can be read."""
        return self._models.has_lens(name, revision)

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
        return self._ask(name, revision, lambda: self._score_now(name, revision, text))

    def look(
        self,
        name: str,
        revision: str,
        question: Hashable,
        answer: Callable[[ModelInside], Answer],
    ) -> Answer:
        """Return what `answer` finds inside the model, asked once for each `question`.

        Raises LiveScoringUnavailable as `score` does, and where the model's parts are not known.
        """
        key = (name, revision, question)
        with self._lock:
            if key in self._answers:
                return cast("Answer", self._answers[key])
        found = self._ask(name, revision, lambda: answer(self._models.look_into(name, revision)))
        with self._lock:
            self._answers[key] = found
        return found

    def _ask(self, name: str, revision: str, work: Callable[[], Answer]) -> Answer:
        if problem := self.why_not(name, revision):
            raise LiveScoringUnavailable(problem)
        if not self._places.acquire(blocking=False):
            raise LiveScoringUnavailable(
                "Several texts are waiting for the model already. Please try again in "
                f"{_RETRY_AFTER_S} seconds.",
                _RETRY_AFTER_S,
            )
        self._count_texts(1)
        future = self._thread.submit(work)
        future.add_done_callback(lambda _: self._leave())
        return self._result(future)

    def _leave(self) -> None:
        self._places.release()
        self._count_texts(-1)

    def _count_texts(self, more: int) -> None:
        with self._counting:
            self._texts += more
            self._note_texts(self._texts)

    def _score_now(self, name: str, revision: str, text: str) -> ReadText:
        reader = self._models.load(name, revision)
        return ReadText(reader, reader.score_text(text))

    def _result(self, future: Future[Answer]) -> Answer:
        try:
            return future.result(timeout=self._patience_s)
        except TimeoutError:
            future.cancel()  # nobody waits for it any more, if it has not begun
            raise LiveScoringUnavailable(
                "The model is busy or still being loaded. Please try again in "
                f"{_RETRY_AFTER_S} seconds.",
                _RETRY_AFTER_S,
            ) from None
