"""What a Dask worker does: it holds one model, and scores shards of passages with it.

The scheduler reads this module too, so nothing here imports torch before a shard is scored.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from distributed import get_worker

from server.domain.errors import PerplexedError
from server.domain.scores.models import BUNDLED, PACKAGES, ModelIdentity, Precision, model_label
from server.domain.scores.passage_scores import Outcome
from server.lm.source import ModelSource, ModelUnavailable, find_source, require_reachable

if TYPE_CHECKING:
    from server.lm.score import PassageScorer


class WorkerUnfit(PerplexedError):
    """A worker may not score, or cannot; the message names it and says why."""


def hash_of_code(server: Path) -> str:
    """Return a hash of all code in `server` that scores: other code may give other scores."""
    digest = hashlib.sha256()
    for path in sorted([*(server / "domain").rglob("*.py"), *(server / "lm").rglob("*.py")]):
        digest.update(path.relative_to(server).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


# Read when the process starts to score: what is on the disk later is not what runs.
CODE = hash_of_code(Path(__file__).parents[1])


@dataclass(frozen=True)
class Wanted:
    """The model that every worker must hold, and the code that it must run."""

    model: str  # `bundled`, a name on the hub or of a package, or an absolute path
    commit: str  # of the hub's repository; empty elsewhere
    beginning: str  # the token chosen to stand before texts; empty leaves it to the model
    identity: ModelIdentity
    precision: Precision  # one for all: the machine's own choice would mix them
    code: str


def wanted_on_workers(source: ModelSource, identity: ModelIdentity, precision: Precision) -> Wanted:
    """Return what a worker needs to score as the model at `source`, of this identity, does here."""
    model = source.name
    if not source.on_hub and model != BUNDLED and model not in PACKAGES:
        model = str(Path(source.location, source.gguf_file or "").absolute())
    return Wanted(model, source.commit or "", source.beginning, identity, precision, CODE)


_models: dict[Wanted, PassageScorer] = {}
_one_shard_at_a_time = threading.Lock()


def score_shard(wanted: Wanted, texts: Sequence[str]) -> list[tuple[int, Outcome]]:
    """Return each text's index with what the wanted model says of it.

    The model is loaded at the worker's first shard. One shard is scored at a time, on as many
    cores as the worker has threads, so that a worker that dies has only one to lose.
    Raises WorkerUnfit where model, tokenizer or code differs here.
    """
    import torch

    with _one_shard_at_a_time:
        if wanted not in _models:
            _models.clear()  # before the next one is loaded: they may not fit beside each other
            _models[wanted] = _load(wanted)
        # A setting of the calling thread; Dask tells numerical libraries to use one core.
        torch.set_num_threads(get_worker().state.nthreads)
        return list(_models[wanted].score(texts))


def _load(wanted: Wanted) -> PassageScorer:
    from server.lm.forward import chosen_precision
    from server.lm.load import load_model
    from server.lm.score import PassageScorer

    _require_same("runs the code", CODE, wanted.code)
    expected, label = wanted.identity, model_label(wanted.identity.name)
    try:
        source = find_source(wanted.model, wanted.commit, wanted.beginning)
        _require_same(f"has {label} at revision", source.revision, expected.revision)
        require_reachable(source)
        precision = chosen_precision(wanted.precision, passages=0)
        loaded = load_model(source)
    except ModelUnavailable as error:
        raise WorkerUnfit(f"{_this_worker()} cannot load {label}. {error}") from error
    tokenizer = loaded.identity.tokenizer_fingerprint
    _require_same(f"reads {label} by the tokenizer", tokenizer, expected.tokenizer_fingerprint)
    beginning = loaded.identity.beginning
    _require_same(f"reads {label} after the token", beginning, expected.beginning)
    return PassageScorer(loaded, precision, compiled=precision is Precision.BFLOAT16)


def _require_same(has: str, here: str, wanted: str) -> None:
    if here != wanted:
        raise WorkerUnfit(f"{_this_worker()} {has} {here}; this command needs {wanted}.")


def _this_worker() -> str:
    return f"The worker {get_worker().address}"
