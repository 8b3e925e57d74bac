"""Score files: one model's scores of many passages as one Parquet file that travels."""

from __future__ import annotations

import base64
import json
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter
from safetensors import SafetensorError

from server.domain.errors import PerplexedError
from server.domain.scores.models import ModelIdentity
from server.domain.text.passages import Passage
from server.domain.text.tokens import Vocabulary
from server.store.scoring.blobs import vocabulary_from_blob, vocabulary_to_blob
from server.store.scoring.packing import packed, unpacked

# 2 packs the scores, which version 1 holds as databases do, in twice the bytes; 3 may have mixed
# positions, and knows which tokens are continued.
VERSION = 3
WITH_TRACES = 4  # version 3 with a column more: what the layers say; written where anything is kept
_READABLE = range(1, WITH_TRACES + 1)
_COMPRESSION_LEVEL = 9  # of zstd: higher ones take longer and save nothing more
ROWS_PER_GROUP = 64  # about 14 MB: what writing and reading hold in memory
_HEADER, _VOCABULARY = b"perplexed.scores", b"perplexed.vocabulary"
_LABELS = ("title", "source", "licence", "genre")
_TEXTS = [
    pa.field(name, pa.string(), nullable=False) for name in ("content_hash", "text", *_LABELS)
]
_SCORES: list[pa.Field[Any]] = [
    pa.field("cut_from", pa.string()),
    pa.field("left_out", pa.string()),
    pa.field("scores", pa.binary(), nullable=False),
]
_TRACE: pa.Field[Any] = pa.field("trace", pa.binary())
_SCHEMA = pa.schema([*_TEXTS, *_SCORES])
_SCHEMA_WITH_TRACES = pa.schema([*_TEXTS, *_SCORES, _TRACE])


class ScoreFileRejected(PerplexedError):
    """The file cannot be loaded here; the message says why."""


@dataclass(frozen=True)
class ScoreRecord:
    """One passage with its scores as `scores_to_blob` writes them, or why there are none.

    `cut_from` is the content hash of the longer passage that this is a part of, `trace_blob` the
    inside of the model as `trace_to_blob` writes it; empty where that is not kept.
    """

    content_hash: str
    passage: Passage
    cut_from: str | None
    left_out: str | None
    scores_blob: bytes
    trace_blob: bytes = b""


@dataclass(frozen=True)
class _Header:
    version: int
    model: ModelIdentity


class ScoreFile:
    """An open score file: which model spoke, with which tokens, about which passages."""

    def __init__(self, path: Path, parquet: pq.ParquetFile) -> None:
        """Read the header; raise ScoreFileRejected where it is not ours."""
        self._path, self._parquet = path, parquet
        metadata = parquet.schema_arrow.metadata or {}
        schemas = (_SCHEMA, _SCHEMA_WITH_TRACES)
        if _HEADER not in metadata or not any(map(parquet.schema_arrow.equals, schemas)):
            raise ScoreFileRejected(f"{path} is a Parquet file, but holds no scores.")
        version = json.loads(metadata[_HEADER])["version"]
        if version not in _READABLE:
            raise ScoreFileRejected(
                f"{path} is a score file of version {version}; this release reads "
                f"versions {_READABLE[0]} to {_READABLE[-1]}."
            )
        self._is_packed = version > 1
        self.identity = TypeAdapter(_Header).validate_json(metadata[_HEADER]).model
        _require_storable(self.identity)
        self.vocabulary: Vocabulary = vocabulary_from_blob(base64.b64decode(metadata[_VOCABULARY]))

    def __len__(self) -> int:
        return int(self._parquet.metadata.num_rows)

    def portions(self) -> Iterator[list[ScoreRecord]]:
        """Yield the records in the file's order, as many at a time as memory should hold.

        Raises ScoreFileRejected where a page's checksum is wrong, or a text is not UTF-8.
        Scores that cannot be unpacked are handed on as they are, to be refused with their passage.
        """
        try:
            for batch in self._parquet.iter_batches(ROWS_PER_GROUP):
                yield [_record(row, is_packed=self._is_packed) for row in batch.to_pylist()]
        except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
            raise ScoreFileRejected(f"{self._path} is damaged ({_first_line(error)}).") from error


@contextmanager
def open_score_file(path: Path) -> Iterator[ScoreFile]:
    """Open a score file for reading; raise ScoreFileRejected where it is not one, or cut short."""
    try:
        parquet = pq.ParquetFile(path, page_checksum_verification=True)
    except pa.ArrowInvalid as error:
        raise ScoreFileRejected(
            f"{path} is not a score file, or was cut short: a Parquet file's end is missing."
        ) from error
    except OSError as error:
        raise ScoreFileRejected(f"{path}: {error.strerror or _first_line(error)}.") from error
    with parquet:
        try:
            file = ScoreFile(path, parquet)
        except (ValueError, KeyError, TypeError, zlib.error, SafetensorError) as error:
            raise ScoreFileRejected(f"{path} has a header that cannot be read.") from error
        yield file


def write_score_file(
    path: Path,
    identity: ModelIdentity,
    vocabulary: Vocabulary,
    portions: Iterable[list[ScoreRecord]],
    *,
    with_traces: bool = False,
) -> None:
    """Write a score file, whole or not at all; an existing one is replaced at the end.

    `with_traces` keeps what the layers say, too, in a file that older releases cannot read.

    Raises ScoreFileRejected where nothing can be written there.
    """
    header = asdict(_Header(WITH_TRACES if with_traces else VERSION, identity))
    schema = (_SCHEMA_WITH_TRACES if with_traces else _SCHEMA).with_metadata(
        {
            _HEADER: json.dumps(header).encode(),
            _VOCABULARY: base64.b64encode(vocabulary_to_blob(vocabulary)),
        }
    )
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            unfinished = Path(folder) / path.name
            with pq.ParquetWriter(
                unfinished,
                schema,
                compression="zstd",
                compression_level=_COMPRESSION_LEVEL,
                write_page_checksum=True,
            ) as writer:
                for portion in portions:
                    rows = [_row(record) for record in portion]  # a schema takes what it names
                    writer.write_table(pa.Table.from_pylist(rows, schema))
            unfinished.replace(path)
    except OSError as error:
        raise ScoreFileRejected(f"{path}: {error.strerror or _first_line(error)}.") from error


def _require_storable(identity: ModelIdentity) -> None:
    """Raise ValueError where no database could hold this identity."""
    texts = (
        (identity.name, 200),
        (identity.revision, 64),
        (identity.tokenizer_fingerprint, 64),
        (identity.beginning, 200),
    )
    numbers = (identity.parameters, 2**63), (identity.window_tokens, 2**31)
    fits = all(text.isprintable() and len(text) <= longest for text, longest in texts)
    if not fits or not all(0 < number < end for number, end in numbers):
        raise ValueError(f"no database could hold {identity}")


def _row(record: ScoreRecord) -> dict[str, object]:
    return {
        "content_hash": record.content_hash,
        **asdict(record.passage),
        "cut_from": record.cut_from,
        "left_out": record.left_out,
        "scores": packed(record.scores_blob) if record.left_out is None else b"",
        "trace": record.trace_blob or None,
    }


def _record(row: dict[str, str], *, is_packed: bool) -> ScoreRecord:
    blob = bytes(row["scores"])  # type: ignore[arg-type]  # binary reads as bytes
    left_out: str | None = row["left_out"]
    if is_packed and left_out is None:
        with suppress(SafetensorError, KeyError, TypeError, ValueError):
            blob = unpacked(blob)
    return ScoreRecord(
        content_hash=row["content_hash"],
        passage=Passage(text=row["text"], **{label: row[label] for label in _LABELS}),
        cut_from=row["cut_from"],
        left_out=row["left_out"],
        scores_blob=blob,
        trace_blob=bytes(row.get("trace") or b""),  # type: ignore[arg-type]
    )


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
