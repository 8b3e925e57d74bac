"""Models by name: how the wanted one is written, and what pages call it."""

from __future__ import annotations

import os.path
from dataclasses import dataclass
from enum import StrEnum

GPT2 = "openai-community/gpt2"
BUNDLED = "bundled"
_FOLDER = "folder:"
_LABELS = {GPT2: "GPT-2", BUNDLED: "Minnow"}


class Precision(StrEnum):
    """The numbers that a model's layers multiply; all else is float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True)
class ModelIdentity:
    """Which model spoke: name, revision and tokenizer fingerprint together are unique."""

    name: str
    revision: str
    tokenizer_fingerprint: str
    parameters: int
    window_tokens: int


def is_folder(model: str) -> bool:
    """Tell whether `model` is written as a folder's path: it begins with / or a dot."""
    return model.startswith(("/", "."))


def model_name(model: str) -> str:
    """Return the name under which `model` is recorded; a folder goes by its last part.

    >>> model_name("openai-community/gpt2"), model_name("/srv/models/mine/")
    ('openai-community/gpt2', 'folder:mine')
    """
    if not is_folder(model):
        return model
    return _FOLDER + (os.path.basename(os.path.abspath(model)) or "root")  # noqa: PTH100, PTH119


def model_label(name: str) -> str:
    """Return the short name that pages use."""
    return _LABELS.get(name, name.removeprefix(_FOLDER).rsplit("/", 1)[-1])
