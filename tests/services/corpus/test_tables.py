"""Parquet files as others write them: types of every kind, bad cells, odd columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from server.domain.errors import InvalidInput
from server.services.corpus.files import file_source
from server.services.corpus.sources import Columns, Start, Unreadable

TEXTS = [f"{number} – a text" for number in range(4)]


def utf8_unchecked(cells: Sequence[bytes]) -> pa.StringArray:
    """Return the bytes as strings, as a careless writer does: nobody looks whether they are."""
    as_bytes = pa.array(cells, pa.binary())
    _, offsets, data = as_bytes.buffers()
    assert offsets is not None
    assert data is not None
    return pa.StringArray.from_buffers(len(as_bytes), offsets, data)


def written(folder: Path, **columns: object) -> Path:
    path = folder / "web.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def read(path: Path, text: str = "text") -> list[object]:
    return [entry.record for entry in file_source(path).entries(Start(columns=Columns(text=text)))]


def refusal(path: Path, text: str = "text") -> str:
    with pytest.raises(InvalidInput) as caught:
        read(path, text)
    return str(caught.value)


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    ids=str,
)
def test_text_is_read_from_every_type_that_may_hold_it(tmp_path: Path, kind: pa.DataType) -> None:
    cells = [text.encode() for text in TEXTS] if kind in (pa.binary(), pa.large_binary()) else TEXTS
    column = pa.array([*cells, None]).cast(kind)
    assert read(written(tmp_path, text=column)) == [{"text": text} for text in [*TEXTS, None]]


@pytest.mark.parametrize("column", ["text", "title", "lang"])
def test_a_cell_that_is_not_utf_8_costs_its_row_alone(tmp_path: Path, column: str) -> None:
    columns = {"text": pa.array(TEXTS), "title": pa.array(TEXTS), "lang": pa.array(TEXTS)}
    bad = utf8_unchecked([b"caf\xe9", *(text.encode() for text in TEXTS[1:])])
    found = read(written(tmp_path, **{**columns, column: bad}))
    assert found[0] == Unreadable(f"{column}: not UTF-8 text")
    assert found[1:] == [{"text": text, "title": text, "lang": text} for text in TEXTS[1:]]


def test_columns_that_nobody_asked_for_are_not_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        text=TEXTS,
        author=utf8_unchecked([b"\xe9"] * 4),
        when=pa.array([1, 2, 3, 4], pa.timestamp("ns")),
        source=pa.array([{"name": "x"}] * 4),
        licence=pa.array([4.0] * 4),
    )
    assert read(path) == [{"text": text} for text in TEXTS]


def test_damage_in_a_column_that_nobody_asked_for_does_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path, text=TEXTS, author=[letter * 500 for letter in "abcd"])
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(1)
    content = bytearray(path.read_bytes())
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    content[start : start + chunk.total_compressed_size] = bytes(chunk.total_compressed_size)
    path.write_bytes(content)
    assert read(path) == [{"text": text} for text in TEXTS]
    assert f"{path} is damaged" in refusal(path, "author")


def test_a_list_of_languages_is_read(tmp_path: Path) -> None:
    languages = [["eng_Latn", "deu_Latn"]] * 4
    found = read(written(tmp_path, text=TEXTS, lang=languages))
    assert found == [{"text": text, "lang": ["eng_Latn", "deu_Latn"]} for text in TEXTS]


def test_of_two_columns_with_one_name_the_first_is_read(tmp_path: Path) -> None:
    path = tmp_path / "web.parquet"
    pq.write_table(pa.table([TEXTS, ["x"] * 4], names=["text", "text"]), path)
    assert read(path) == [{"text": text} for text in TEXTS]


@pytest.mark.parametrize(
    ("columns", "listed"),
    [
        ({"content": TEXTS, "n": [1, 2, 3, 4]}, "content (string), n (int64)"),
        ({"text": [{"en": "a"}] * 4}, "text (struct<en: string>)"),
        ({"text": [["a", "b"]] * 4}, "text (list<element: string>)"),
        ({"text": [1, 2, 3, 4]}, "text (int64)"),
        ({"text": pa.nulls(4)}, "text (null)"),
    ],
)
def test_without_a_column_of_text_those_found_are_listed(
    tmp_path: Path, columns: dict[str, object], listed: str
) -> None:
    path = written(tmp_path, **columns)
    assert refusal(path) == (
        f"{path}: no text in a column 'text'. Its columns are: {listed}. "
        "Name the one that holds the text with --text-column."
    )


def test_many_columns_are_not_all_listed(tmp_path: Path) -> None:
    path = written(tmp_path, **{f"column_{number}": TEXTS for number in range(100)})
    assert len(refusal(path)) < 800
