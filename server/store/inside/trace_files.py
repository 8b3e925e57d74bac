"""Files of traces: one model's, by the content hashes of the passages, as one Parquet file."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from server.domain.errors import PerplexedError

VERSION = 1
_HEADER = b"perplexed.traces"
_FIELDS: list[pa.Field[Any]] = [
    pa.field("content_hash", pa.string(), nullable=False),
    pa.field("trace", pa.binary(), nullable=False),
]
_SCHEMA = pa.schema(_FIELDS)


class TraceFileRejected(PerplexedError):
    """The file cannot be loaded here; the message says why."""


def write_trace_file(path: Path, name: str, revision: str, traces: list[tuple[str, bytes]]) -> None:
    """Write a model's traces, whole or not at all; an existing file is replaced at the end."""
    header = json.dumps({"version": VERSION, "model": name, "revision": revision})
    schema = _SCHEMA.with_metadata({_HEADER: header.encode()})
    rows = [{"content_hash": content_hash, "trace": blob} for content_hash, blob in traces]
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            unfinished = Path(folder) / path.name
            # The traces are compressed already.
            table = pa.Table.from_pylist(rows, schema)
            pq.write_table(table, unfinished, compression="none", write_page_checksum=True)
            unfinished.replace(path)
    except OSError as error:
        raise TraceFileRejected(f"{path}: {error.strerror or error}.") from error


def read_trace_file(path: Path) -> tuple[str, str, dict[str, bytes]]:
    """Return a file's model, its revision, and the traces by content hash.

    Raises TraceFileRejected where it is not a file of traces, or damaged.
    """
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        header = json.loads((table.schema.metadata or {})[_HEADER])
        if header["version"] != VERSION or not table.schema.equals(_SCHEMA):
            raise TraceFileRejected(f"{path} is no file of traces of version {VERSION}.")
        traces = {row["content_hash"]: bytes(row["trace"]) for row in table.to_pylist()}
        return str(header["model"]), str(header["revision"]), traces
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise TraceFileRejected(f"{path} is no file of traces, or damaged.") from error
