"""A worker's preload: writes down each passage that it scores, and takes its time over it."""

from __future__ import annotations

import gc
import hashlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from server.domain.scores.passage_scores import Outcome
from server.lm.score import PassageScorer

gc.disable()  # it imports torch, scores a few passages, and is gone
PAUSE_S = 0.05
DEADLY = "deadly"  # a file of this name in the folder kills whoever scores
_score = PassageScorer.score


def _counted(self: PassageScorer, texts: Sequence[str]) -> Iterator[tuple[int, Outcome]]:
    folder = Path(os.environ["COUNTED"])
    for index, outcome in _score(self, texts):
        if (folder / DEADLY).exists():
            os.kill(os.getpid(), signal.SIGKILL)
        with (folder / str(os.getpid())).open("a") as file:
            file.write(hashlib.sha256(texts[index].encode()).hexdigest() + "\n")
        time.sleep(PAUSE_S)
        yield index, outcome


def dask_setup(worker: object) -> None:
    PassageScorer.score = _counted  # type: ignore[method-assign]
