"""Where a model comes from: the hub, a folder, or the bundled one; found out without torch."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

from server.domain.errors import PerplexedError
from server.domain.scores.models import BUNDLED, is_folder, model_name

BUNDLED_FOLDER = Path(__file__).with_name("bundled")
HUB_TIMEOUT_S = 3.0
_IDENTIFYING_FILES = ("config.json", "tokenizer.json", "*.safetensors", "pytorch_model*.bin")


class ModelUnavailable(PerplexedError):
    """The wanted model cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class ModelSource:
    """A model's name and revision, and the folder or hub name to load it from."""

    name: str
    revision: str
    location: str
    on_hub: bool


def find_source(model: str, revision: str) -> ModelSource:
    """Return the source of `model`: `bundled`, a folder's path, or a hub name at `revision`.

    Raises ModelUnavailable where the folder holds no model. The hub is not asked here.
    """
    if model == BUNDLED:
        return _folder_source(BUNDLED, BUNDLED_FOLDER)
    if is_folder(model):
        return _folder_source(model_name(model), Path(model))
    return ModelSource(model, revision, model, on_hub=True)


def require_reachable(source: ModelSource, timeout_s: float = HUB_TIMEOUT_S) -> None:
    """Raise ModelUnavailable unless `source` is on this machine or the hub answers in time."""
    if is_on_machine(source):
        return
    problem = _ask_hub(source, timeout_s)
    if problem is not None:
        raise ModelUnavailable(
            f"The model {source.name} is not on this machine and could not be fetched: {problem}. "
            "Check the network, or set MODEL to a folder or to 'bundled'."
        )


def is_on_machine(source: ModelSource) -> bool:
    """Tell whether the model can be loaded without asking the hub."""
    return not source.on_hub or _is_cached(source)


def _folder_source(name: str, folder: Path) -> ModelSource:
    files = sorted(path for pattern in _IDENTIFYING_FILES for path in folder.glob(pattern))
    if not any(path.name == "config.json" for path in files):
        raise ModelUnavailable(
            f"The folder {folder} holds no model: there is no config.json in it."
        )
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return ModelSource(name, digest.hexdigest()[:40], str(folder), on_hub=False)


def _is_cached(source: ModelSource) -> bool:
    from huggingface_hub import try_to_load_from_cache

    names = ("config.json", "model.safetensors", "tokenizer.json")
    cached = [try_to_load_from_cache(source.location, n, revision=source.revision) for n in names]
    return all(isinstance(path, str) for path in cached)


def _ask_hub(source: ModelSource, timeout_s: float) -> str | None:
    """Return why the hub does not give the model, or None where it does.

    A thread, because a name look-up that hangs obeys no time-out of the HTTP client.
    """
    answer = [f"the hub did not answer within {timeout_s:.0f} seconds"]

    def ask() -> None:
        from huggingface_hub import HfApi

        try:
            HfApi().model_info(source.location, revision=source.revision, timeout=timeout_s)
        except Exception as error:  # any failure means the same: no model from there
            answer[0] = f"the hub did not give it ({type(error).__name__})"
        else:
            answer.clear()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_s)
    return answer[0] if answer else None
