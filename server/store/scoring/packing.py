"""Scores as score files hold them: the same numbers, to the last bit, in half the bytes.

Nearly all of a passage's scores are the thousand best tokens at its asked positions. Their
log-probabilities fall from left to right, so that as integers (the bits of a float32, whose order
is that of its size) they rise by a few thousand at each step: what is kept is the steps. All
numbers are kept byte by byte, the lowest bytes together, then the next; the highest are nearly all
zero, and the file's own compression takes those away.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from server.domain.scores.passage_scores import PassageScores
from server.store.scoring.blobs import precision_of, scores_from_blob, scores_to_blob

_FALLING = "top_logprob"  # how their names end
_FLOATS = ("logprob", "log_mass", "nats")  # likewise; all others are integers
_PRECISION = "precision"
_BYTES = 4  # every array holds int32 or float32

Bits = NDArray[np.uint32]


def packed(blob: bytes) -> bytes:
    """Return what a score file holds for scores that `scores_to_blob` wrote."""
    scores = scores_from_blob(blob)
    planes = {
        name: _planes(name, np.ascontiguousarray(array).view(np.uint32))
        for name, array in scores.arrays().items()
    }
    return save(planes, metadata={_PRECISION: scores.precision})


def unpacked(packed_scores: bytes) -> bytes:
    """Return the scores that `packed` wrote as `scores_to_blob` writes them, bit for bit.

    Raises SafetensorError, ValueError, TypeError or KeyError for bytes that it did not write.
    """
    arrays = {
        name: _numbers(name, planes).view(np.float32 if name.endswith(_FLOATS) else np.int32)
        for name, planes in load(packed_scores).items()
    }
    return scores_to_blob(PassageScores.from_arrays(arrays, precision_of(packed_scores)))


def _planes(name: str, numbers: Bits) -> NDArray[np.uint8]:
    """Return the bytes of all numbers, lowest first: shape (4, *that of the numbers)."""
    if name.endswith(_FALLING):
        numbers = np.diff(numbers, axis=-1, prepend=np.uint32(0))
    octets = numbers.astype("<u4")[..., np.newaxis].view(np.uint8)
    return np.ascontiguousarray(np.moveaxis(octets, -1, 0))


def _numbers(name: str, planes: NDArray[np.uint8]) -> Bits:
    if planes.dtype != np.uint8 or planes.shape[:1] != (_BYTES,):
        raise ValueError(f"{name} is not kept in four planes of bytes")
    octets = np.ascontiguousarray(np.moveaxis(planes, 0, -1))
    numbers: Bits = octets.view("<u4")[..., 0].astype(np.uint32)
    if name.endswith(_FALLING):
        numbers = numbers.cumsum(axis=-1, dtype=np.uint32)
    return np.ascontiguousarray(numbers)
