"""Scores and vocabularies as bytes: safetensors inside, compressed where that pays."""

from __future__ import annotations

import json
import zlib
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from server.domain.scores.models import Precision
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.tokens import Vocabulary

LARGEST_VOCABULARY_BYTES = 64 * 1024 * 1024  # ten times that of the largest tokenizers
_PRECISION = "precision"


def scores_to_blob(scores: PassageScores) -> bytes:
    """Return every array of `scores` as one safetensors blob; its header holds the precision."""
    arrays = {name: np.ascontiguousarray(array) for name, array in scores.arrays().items()}
    return save(arrays, metadata={_PRECISION: scores.precision})


def scores_from_blob(blob: bytes) -> PassageScores:
    """Return the scores that `scores_to_blob` wrote."""
    return PassageScores.from_arrays(load(blob), precision_of(blob))


def precision_of(blob: bytes) -> Precision:
    """Read the header's precision: its length in eight bytes, then JSON. Old ones have none."""
    length = int.from_bytes(blob[:8], "little")
    metadata = json.loads(blob[8 : 8 + length]).get("__metadata__", {})
    return Precision(metadata.get(_PRECISION, Precision.FLOAT32))


def vocabulary_to_blob(vocabulary: Vocabulary) -> bytes:
    """Return the token bytes of `vocabulary`, joined and compressed, with each one's end.

    How often tokens are continued comes with them where it is known.
    """
    ends = np.cumsum([len(piece) for piece in vocabulary.pieces], dtype=np.int32)
    arrays: dict[str, NDArray[Any]] = {
        "ends": ends,
        "bytes": np.frombuffer(b"".join(vocabulary.pieces), dtype=np.uint8),
    }
    if vocabulary.continued:
        arrays["continued"] = np.frombuffer(vocabulary.continued, dtype=np.uint8)
    return zlib.compress(save(arrays), 9)


def vocabulary_from_blob(blob: bytes) -> Vocabulary:
    """Return the vocabulary that `vocabulary_to_blob` wrote; raise ValueError for one too large."""
    unpacking = zlib.decompressobj()
    plain = unpacking.decompress(blob, LARGEST_VOCABULARY_BYTES)
    if not unpacking.eof:
        raise ValueError("the vocabulary is cut short or too large")
    arrays = load(plain)
    joined, ends = arrays["bytes"].tobytes(), [0, *arrays["ends"].tolist()]
    pieces = tuple(joined[start:end] for start, end in pairwise(ends))
    continued = arrays["continued"].tobytes() if "continued" in arrays else b""
    if len(continued) not in (0, len(pieces)):
        raise ValueError("the vocabulary does not say of each token how often it is continued")
    return Vocabulary(pieces, continued)
