"""What never changes is made once for all tests of a process or a run, not for each of them."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from apiflask import APIFlask
from filelock import FileLock
from jinja2.bccache import Bucket, BytecodeCache

from server import local_models
from server.domain.inside.trace import PassageTrace
from server.domain.scores.models import BUNDLED
from server.domain.scores.passage_scores import Outcome, PassageScores
from server.lm.source import ModelSource, find_source
from server.store.scoring import scores
from server.store.scoring.blobs import vocabulary_from_blob

if TYPE_CHECKING:
    from server.lm.inside.tracing import PassageTracer
    from server.lm.score import PassageScorer

VOCABULARIES = 8

Answer = TypeVar("Answer")


class Compiled(BytecodeCache):
    """Templates as compiled for an earlier application of this process."""

    _of: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (kept := self._of.get(bucket.key)) is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._of[bucket.key] = bucket.bytecode_to_string()


class Shared:
    """Answers that one process of tests works out, and the others read: here is where they lie."""

    folder: ClassVar[Path]

    @classmethod
    def answer(cls, question: tuple[object, ...], work_out: Callable[[], Answer]) -> Answer:
        """Return the answer to a question that is the same in all processes."""
        file = cls.folder / hashlib.sha256(pickle.dumps(question)).hexdigest()
        with FileLock(file.with_suffix(".lock")):
            if not file.exists():
                file.write_bytes(pickle.dumps(work_out()))
        answer: Answer = pickle.loads(file.read_bytes())
        return answer


class Remembered:
    """A model that gives again what it said before of the same texts: each database asks them."""

    def __init__(self, scorer: PassageScorer) -> None:
        self.identity = scorer.identity
        self.vocabulary = scorer.vocabulary
        self.count_tokens = scorer.count_tokens
        self._scorer = scorer

    def score(self, texts: Sequence[str]) -> Iterator[tuple[int, Outcome]]:
        question = ("score", self.identity, tuple(texts))
        return iter(Shared.answer(question, lambda: tuple(self._scorer.score(texts))))

    def continued(self, token_ids: Sequence[int]) -> list[float]:
        question = ("continued", self.identity, tuple(token_ids))
        return Shared.answer(question, lambda: self._scorer.continued(token_ids))


class RememberedTracer:
    """The same of a model that is looked into."""

    def __init__(self, tracer: PassageTracer) -> None:
        self.identity, self.lens_name, self._tracer = tracer.identity, tracer.lens_name, tracer

    def trace(self, scores: PassageScores) -> PassageTrace | str:
        question = ("trace", self.identity, self.lens_name, scores)
        return Shared.answer(question, lambda: self._tracer.trace(scores))


def keep_templates(app: APIFlask) -> None:
    """Let an application use what others have compiled."""
    app.jinja_env.bytecode_cache = Compiled()


def keep_vocabularies() -> None:
    """Index the same stored vocabulary once; the query that reads it is still made each time."""
    scores.__dict__["vocabulary_from_blob"] = lru_cache(VOCABULARIES)(vocabulary_from_blob)


_hashed = lru_cache(find_source)


def _found(model: str, revision: str, beginning: str = "") -> ModelSource:
    find = _hashed if model == BUNDLED else find_source
    return find(model, revision, beginning)


def keep_bundled_source() -> None:
    """Read the bundled model's files once to tell its revision; other folders may change."""
    local_models.__dict__["find_source"] = _found
