"""Scores and vocabularies as bytes: safetensors inside, compressed where that pays."""

from __future__ import annotations

import zlib
from itertools import pairwise

import numpy as np
from safetensors.numpy import load, save

from server.domain.scores import PassageScores
from server.domain.tokens import Vocabulary

LARGEST_VOCABULARY_BYTES = 64 * 1024 * 1024  # ten times that of the largest tokenizers


def scores_to_blob(scores: PassageScores) -> bytes:
    """Return every array of `scores` as one safetensors blob."""
    arrays = scores.arrays()
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def scores_from_blob(blob: bytes) -> PassageScores:
    """Return the scores that `scores_to_blob` wrote."""
    return PassageScores.from_arrays(load(blob))


def vocabulary_to_blob(vocabulary: Vocabulary) -> bytes:
    """Return the token bytes of `vocabulary`, joined and compressed, with where each one ends."""
    ends = np.cumsum([len(piece) for piece in vocabulary.pieces], dtype=np.int32)
    joined = np.frombuffer(b"".join(vocabulary.pieces), dtype=np.uint8)
    return zlib.compress(save({"ends": ends, "bytes": joined}), 9)


def vocabulary_from_blob(blob: bytes) -> Vocabulary:
    """Return the vocabulary that `vocabulary_to_blob` wrote; raise ValueError for one too large."""
    unpacking = zlib.decompressobj()
    plain = unpacking.decompress(blob, LARGEST_VOCABULARY_BYTES)
    if not unpacking.eof:
        raise ValueError("the vocabulary is cut short, or too large")
    arrays = load(plain)
    joined, ends = arrays["bytes"].tobytes(), [0, *arrays["ends"].tolist()]
    return Vocabulary(tuple(joined[start:end] for start, end in pairwise(ends)))
