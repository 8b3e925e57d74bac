"""Read the OpenWebText sample and repair what its rebuilding broke.

The sample holds one document after another, separated by a line with a single NUL character.
Characters outside ASCII were lost: each stands as U+FFFD, usually two for one.
"""

from __future__ import annotations

import lzma
import re
from pathlib import Path

VALIDATION_DOCUMENTS = 200
_SEPARATOR = "\n\0\n"
_LOST = "\ufffd+"

# In order: the first rule that fits a run of lost characters decides what they were.
_REPAIRS = (
    (re.compile(rf"(?<=[A-Za-z]){_LOST}(?=[A-Za-z])"), "'"),
    (re.compile(rf"(?<=\d){_LOST}(?=\d)"), "-"),
    (re.compile(rf"(?<= ){_LOST}(?= )"), "-"),
    (re.compile(rf"(?<![^\s(\[\"'—-]){_LOST}(?=[\w$#@\[(.…])"), '"'),
    (re.compile(rf"(?<=[\w.,!?;:…)%]){_LOST}(?=[\s).,;:!?\]—-]|$)"), '"'),
    (re.compile(_LOST), ""),
)


def repaired(text: str) -> str:
    r"""Return `text` with lost characters guessed from their neighbours, or dropped.

    >>> repaired("isn\ufffd\ufffdt it \ufffd\ufffdgood\ufffd\ufffd?")
    'isn\'t it "good"?'
    """
    for pattern, replacement in _REPAIRS:
        text = pattern.sub(replacement, text)
    return text


def read_documents(path: Path) -> list[str]:
    """Return the repaired, non-empty documents of the sample (.txt or .txt.xz), in order."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8", newline="\n") as file:
        documents = file.read().split(_SEPARATOR)
    return [text for text in (repaired(document).strip() for document in documents) if text]


def split_documents(documents: list[str]) -> tuple[list[str], list[str]]:
    """Return (training, validation): the last 200 documents are never trained on."""
    return documents[:-VALIDATION_DOCUMENTS], documents[-VALIDATION_DOCUMENTS:]
