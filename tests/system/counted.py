"""A worker's preload: writes down each passage that it scores, and takes its time over it."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from server.domain.scores import Outcome
from server.lm.score import PassageScorer

PAUSE_S = 0.05
_score = PassageScorer.score


def _counted(self: PassageScorer, texts: Sequence[str]) -> Iterator[tuple[int, Outcome]]:
    for index, outcome in _score(self, texts):
        with Path(os.environ["COUNTED"], str(os.getpid())).open("a") as file:
            file.write(hashlib.sha256(texts[index].encode()).hexdigest() + "\n")
        time.sleep(PAUSE_S)
        yield index, outcome


def dask_setup(worker: object) -> None:
    PassageScorer.score = _counted  # type: ignore[method-assign]
