"""Datasets that the `datasets` library reads, from folders; the hub itself is not asked."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apiflask import APIFlask

from server.application import db
from server.domain.errors import InvalidInput
from server.domain.text.corpus import Wanted
from server.services.corpus.hub import HubDataset
from server.services.corpus.import_in_batches import RECORDS_PER_BATCH, CorpusImport
from server.services.corpus.sources import BEGINNING, Entry, Start, Unreadable
from tests.databases import on_sqlite
from tests.services.corpus.test_import_files_whole import TEXT, line, write
from tests.services.corpus.test_import_in_batches import position_of, texts
from tests.services.corpus.test_tables import utf8_unchecked


def dataset(folder: Path, split: str = "train") -> HubDataset:
    return HubDataset(str(folder), None, split)


def read(folder: Path, split: str = "train") -> list[object]:
    return [entry.record for entry in dataset(folder, split).entries()]


def refusal(folder: Path, split: str = "train") -> str:
    with pytest.raises(InvalidInput) as caught:
        read(folder, split)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


RECORDS = [{"text": f"{number} {TEXT}", "title": "The road"} for number in range(6)]
LINES = "\n".join(json.dumps(record) for record in RECORDS)


def test_a_folder_of_csv_or_of_packed_lines_is_read(tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    datasets.Dataset.from_list(RECORDS).to_csv(tmp_path / "csv" / "x.csv")
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "x.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    assert read(tmp_path / "csv") == read(tmp_path / "packed") == RECORDS


def test_a_saved_dataset_is_read(tmp_path: Path) -> None:
    whole = datasets.Dataset.from_list(RECORDS)
    whole.save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"train": whole, "test": whole}).save_to_disk(tmp_path / "two")
    assert read(tmp_path / "one") == read(tmp_path / "two", "test") == RECORDS


def test_a_bad_cell_costs_its_row_alone(tmp_path: Path) -> None:
    cells = [b"caf\xe9", *(record["text"].encode() for record in RECORDS)]
    table = pa.table({"text": utf8_unchecked(cells), "when": pa.array([1] * 7, pa.timestamp("ns"))})
    pq.write_table(table, tmp_path / "train.parquet")
    first, *rest = read(tmp_path)
    assert first == Unreadable("text: not UTF-8 text")
    assert rest == [{"text": record["text"]} for record in RECORDS]


def test_files_that_do_not_fit_together_are_named(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", line(id=0))
    write(tmp_path / "b.jsonl", line(id="b0", extra=[1]))
    assert f"cannot be read at {tmp_path / 'b.jsonl'}: Couldn't cast" in refusal(tmp_path)
    write(tmp_path / "b.jsonl", '{"text": "cut sho')
    assert f"cannot be read at {tmp_path / 'b.jsonl'}: JSON parse error" in refusal(tmp_path)


def test_splits_and_columns_found_are_named(tmp_path: Path) -> None:
    assert "doesn't contain any data files" in refusal(tmp_path)
    write(tmp_path / "test.jsonl", json.dumps({"content": TEXT}))
    assert "Available splits: ['test']" in refusal(tmp_path)
    assert "Its columns are: content (string)." in refusal(tmp_path, "test")


def in_three_files(folder: Path, rows_per_file: int) -> list[str]:
    rows = [f"{number} {TEXT}".strip() for number in range(3 * rows_per_file)]
    for number in range(3):
        part = rows[number * rows_per_file : (number + 1) * rows_per_file]
        write(folder / f"{number}.jsonl", *(json.dumps({"text": text}) for text in part))
    return rows


def test_reading_goes_on_from_a_bookmark_at_any_row(tmp_path: Path) -> None:
    in_three_files(tmp_path, 400)
    whole = list(dataset(tmp_path).entries())
    for entry in (whole[0], whole[498], whole[499], whole[500], whole[900], whole[-1]):
        bookmark = json.loads(json.dumps(entry.bookmark))  # as the database keeps it
        rest = list(dataset(tmp_path).entries(Start(entry.position, bookmark=bookmark)))
        assert [found.record for found in rest] == [
            found.record for found in whole[entry.position :]
        ]


class Stopped(HubDataset):
    """A dataset at whose 1,801st row somebody presses Ctrl-C."""

    def entries(self, start: Start = BEGINNING) -> Iterator[Entry]:
        for entry in super().entries(start):
            if entry.position == 1_801:
                raise KeyboardInterrupt
            yield entry


@on_sqlite
def test_an_interrupted_import_opens_no_file_again_that_it_has_read(
    empty_app: APIFlask, tmp_path: Path
) -> None:
    rows = in_three_files(tmp_path, 700)

    def run(source: HubDataset) -> None:
        with empty_app.app_context():
            CorpusImport(source, Wanted()).run(db.session, lambda position, size: None)

    with pytest.raises(KeyboardInterrupt):
        run(Stopped(str(tmp_path), None, "train"))
    assert position_of(empty_app) == 3 * RECORDS_PER_BATCH
    spoilt = [json.dumps({"text": f"Another text. {row}"}) for row in rows[:700]]
    write(tmp_path / "0.jsonl", *spoilt)
    run(dataset(tmp_path))
    assert texts(empty_app) == rows
    assert position_of(empty_app) is None
