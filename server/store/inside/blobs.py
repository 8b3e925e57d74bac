"""Traces as bytes: one safetensors blob, compressed, since many of its bytes are zero.

Version 1 was compressed by zlib and knew no heads that are left out; it is still read.
"""

from __future__ import annotations

import json
import lzma
import zlib

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from server.domain.inside.trace import PassageTrace

VERSION = "2"
READABLE = frozenset({"1", VERSION})
LARGEST_TRACE_BYTES = 64 * 1024 * 1024  # a hundred times that of long passages of large models
# Numbers of two and four bytes: their first bytes are alike, and so are their second ones.
_XZ = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 2**20, "lc": 0, "lp": 1, "pb": 1}]
_XZ_BEGINS = b"\xfd7zXZ\x00"
_MOST_MEMORY = 16 * 1024 * 1024  # that unpacking may take besides what it unpacks
_VERSION, _LENS = "version", "lens"


class TraceUnreadable(ValueError):
    """These bytes are no trace of the version that this release reads."""


def trace_to_blob(trace: PassageTrace) -> bytes:
    """Return every array of a trace as one blob; its header holds the version and the lens."""
    arrays = {name: np.ascontiguousarray(array) for name, array in trace.arrays().items()}
    plain = save(arrays, metadata={_VERSION: VERSION, _LENS: trace.lens})
    return lzma.compress(plain, filters=_XZ)


def trace_from_blob(blob: bytes) -> PassageTrace:
    """Return the trace that `trace_to_blob` wrote, here or in an earlier version.

    Raises TraceUnreadable for other bytes.
    """
    plain = plain_safetensors(blob)
    try:
        header = _header(plain)
        if header[_VERSION] not in READABLE:
            raise TraceUnreadable(f"a trace of version {header[_VERSION]}, and not {VERSION}")
        return PassageTrace.from_arrays(load(plain), header[_LENS])
    except TraceUnreadable:
        raise
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise TraceUnreadable(f"these bytes are no trace ({type(error).__name__})") from error


def plain_safetensors(blob: bytes) -> bytes:
    """Return the safetensors inside a blob; raise TraceUnreadable where there are none."""
    newer = blob.startswith(_XZ_BEGINS)
    unpacking = lzma.LZMADecompressor(memlimit=_MOST_MEMORY) if newer else zlib.decompressobj()
    try:
        plain = unpacking.decompress(blob, LARGEST_TRACE_BYTES)
    except (zlib.error, lzma.LZMAError) as error:
        raise TraceUnreadable("these bytes are not compressed") from error
    if not unpacking.eof:
        raise TraceUnreadable("the trace is cut short or too large")
    return plain


def _header(plain: bytes) -> dict[str, str]:
    """Read the metadata: its length in eight bytes, then JSON."""
    length = int.from_bytes(plain[:8], "little")
    metadata: dict[str, str] = json.loads(plain[8 : 8 + length])["__metadata__"]
    return metadata
