"""What never changes is made once for all tests of a process, and not for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, ClassVar

from apiflask import APIFlask
from jinja2.bccache import Bucket, BytecodeCache

from server import local_models
from server.domain.scores.models import BUNDLED
from server.domain.scores.passage_scores import Outcome
from server.lm.source import ModelSource, find_source
from server.store.scoring import scores
from server.store.scoring.blobs import vocabulary_from_blob

if TYPE_CHECKING:
    from server.lm.score import PassageScorer

VOCABULARIES = 8


class Compiled(BytecodeCache):
    """Templates as compiled for an earlier application of this process."""

    _of: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (kept := self._of.get(bucket.key)) is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._of[bucket.key] = bucket.bytecode_to_string()


class Remembered:
    """A model that gives again what it said before of the same texts: each database asks them."""

    def __init__(self, scorer: PassageScorer) -> None:
        self.identity = scorer.identity
        self.vocabulary = scorer.vocabulary
        self.count_tokens = scorer.count_tokens
        self._said = cache(lambda texts: tuple(scorer.score(texts)))
        self._continued = cache(lambda token_ids: scorer.continued(token_ids))

    def score(self, texts: Sequence[str]) -> Iterator[tuple[int, Outcome]]:
        return iter(self._said(tuple(texts)))

    def continued(self, token_ids: Sequence[int]) -> list[float]:
        return list(self._continued(tuple(token_ids)))


remembered = cache(Remembered)


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
