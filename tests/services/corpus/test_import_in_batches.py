"""A corpus in batches: what is unfit is dropped and counted, and an interruption loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from server.application import db
from server.domain.text.corpus import Tally, Wanted
from server.lm.source import find_source
from server.lm.tokenizing import TokenReader
from server.services.corpus.files import JsonLines, file_source
from server.services.corpus.import_in_batches import RECORDS_PER_BATCH, CorpusImport, Reader
from server.services.corpus.near_duplicates import similarity
from server.services.corpus.sources import BEGINNING, Entry, Source, Start, Unreadable
from server.store.tables import ImportRow, PassageRow
from tests.databases import on_sqlite
from tests.services.corpus.test_import_files_whole import (
    HUGE_NUMBER,
    TEXT,
    ImportCommand,
    line,
    write,
)

FRENCH = "La route était encore fermée et personne ne savait quand elle serait ouverte. " * 5
NUMBERS = "3.14159 26535 8979 323 84626 43383 2795 0288 4197 1693 9937 5105 8209 7494 " * 5
EVERYTHING = Wanted()


@pytest.fixture
def imported(empty_app: APIFlask) -> ImportCommand:
    return ImportCommand(empty_app)


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    """A Parquet file of 7 rows in groups of 3, with a column that nobody asked for."""
    rows = [{"text": f"{number} {TEXT}", "url": "x", "language": "en"} for number in range(7)]
    path = tmp_path / "web.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=3)
    return path


def run(
    app: APIFlask, source: Source, wanted: Wanted = EVERYTHING, reader: Reader | None = None
) -> Tally:
    with app.app_context():
        job = CorpusImport(source, wanted, reader=reader)
        return job.run(db.session, lambda position, size: None)


def texts(app: APIFlask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(PassageRow.text).order_by(PassageRow.id)))


@on_sqlite
def test_a_parquet_file_is_a_passage_a_row(imported: ImportCommand, parquet: Path) -> None:
    code, output = imported(parquet)
    assert code == 0, output
    assert "7 records read: 7 passages added, 0 known already, 0 dropped." in output
    assert "7 records read: 0 passages added, 7 known already" in imported(parquet)[1]


@on_sqlite
@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_a_dataset_is_read_by_its_name(
    imported: ImportCommand, parquet: Path, tmp_path: Path, suffix: str
) -> None:
    folder = tmp_path / "dataset"
    folder.mkdir()
    if suffix == "parquet":
        parquet.rename(folder / "train.parquet")
    else:
        write(folder / "train.jsonl", *(line(text=f"{number} {TEXT}") for number in range(7)))
    runner = imported.app.test_cli_runner()
    result = runner.invoke(args=["passages", "import", "--dataset", str(folder), "--genre", "web"])
    assert "7 records read: 7 passages added" in result.output, result.exception
    missing = runner.invoke(args=["passages", "import", "--dataset", str(tmp_path / "none")])
    assert missing.exit_code == 1
    assert f"The dataset {tmp_path / 'none'} cannot be read" in missing.output


def test_what_is_unfit_is_dropped_and_named_by_reason(
    imported: ImportCommand, tmp_path: Path
) -> None:
    lines = [line(text=f"{number} {TEXT}") for number in range(3)]
    bad = [
        HUGE_NUMBER,
        "[]",
        line(text="short"),
        line(text=TEXT + "\0"),
        json.dumps({"title": "x"}),
    ]
    file = write(tmp_path / "x.jsonl", *lines, *bad, line(text=f"0 {TEXT}"), line(text="tiny"))
    result = imported.app.test_cli_runner().invoke(
        args=["passages", "import", "--in-batches", str(file)]
    )
    assert result.exit_code == 0, result.output
    assert "10 records read: 3 passages added, 1 known already, 6 dropped." in result.output
    assert f"2 shorter than 30 words: {file}, line 6, {file}, line 10\n" in result.output
    assert f"1 not JSON: {file}, line 4\n" in result.output
    assert f"1 not a JSON object: {file}, line 5\n" in result.output
    assert f"1 text: The character U+0000 is not allowed: {file}, line 7\n" in result.output
    assert f"1 no text: {file}, line 8\n" in result.output


@on_sqlite
@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--language", "en", "language is not en"),
        ("--word-share", "0.3", "share of word positions below 0.3"),
        ("--minimum-words", "70", "shorter than 70 words"),
        ("--maximum-words", "64", "longer than 64 words"),
    ],
)
def test_each_filter_drops_what_it_says(
    imported: ImportCommand, tmp_path: Path, option: str, value: str, reason: str
) -> None:
    unfit = {"--language": FRENCH, "--word-share": NUMBERS, "--minimum-words": TEXT}
    fit = TEXT + TEXT if option == "--minimum-words" else "Just so: " + TEXT[: len(TEXT) // 2]
    file = write(
        tmp_path / "x.jsonl", line(text=fit), line(text=unfit.get(option, TEXT)), line(text=fit)
    )
    result = imported.app.test_cli_runner().invoke(
        args=["passages", "import", option, value, str(file)]
    )
    assert "1 passage added, 1 known already, 1 dropped." in result.output, result.output
    assert f"1 {reason}: {file}, line 2" in result.output
    assert texts(imported.app) == [fit.strip()]


@on_sqlite
def test_a_stated_language_is_believed(empty_app: APIFlask, tmp_path: Path) -> None:
    file = write(tmp_path / "x.jsonl", line(language="fr-FR"), line(text="1 " + TEXT, lang="en"))
    assert run(empty_app, JsonLines(file), Wanted(language="fr")).added == 1


def test_near_duplicates_are_dropped_in_a_batch_and_across_imports(
    empty_app: APIFlask, tmp_path: Path
) -> None:
    words = [f"word{number}" for number in range(200)]
    near = [*words[:100], "other", *words[101:]]
    far = [*words[:100], *(f"else{number}" for number in range(100))]
    assert similarity(" ".join(words), " ".join(near)) == pytest.approx(191 / 201)
    first = write(tmp_path / "1.jsonl", *(line(text=" ".join(w)) for w in (words, near, far)))
    later = write(tmp_path / "2.jsonl", line(text=" ".join([*words[:150], "new", *words[151:]])))
    wanted = Wanted(near_duplicate=0.8)
    tally = run(empty_app, JsonLines(first), wanted)
    assert tally.dropped == {"near-duplicate": 1}
    assert tally.places == {"near-duplicate": [f"{first}, line 2"]}
    assert texts(empty_app) == [" ".join(words), " ".join(far)]
    assert run(empty_app, JsonLines(later), wanted).dropped == {"near-duplicate": 1}
    assert run(empty_app, JsonLines(later)).added == 1


@on_sqlite
def test_a_long_record_is_cut_to_the_wanted_tokens(empty_app: APIFlask, tmp_path: Path) -> None:
    reader = TokenReader(find_source("bundled", ""))
    file = write(tmp_path / "x.jsonl", line(text=TEXT * 90), line(text="字" * 9_000))
    tally = run(empty_app, JsonLines(file), Wanted(most_tokens=100), reader)
    found = texts(empty_app)
    assert (tally.read, tally.dropped) == (2, {})
    assert all(reader.count_tokens(text) <= 100 for text in found)
    assert min(len(text) for text in found) > 12


class Stopped(JsonLines):
    """A file at whose line 1,234 somebody presses Ctrl-C."""

    def entries(self, start: Start = BEGINNING) -> Iterator[Entry]:
        for entry in super().entries(start):
            if entry.place.endswith("line 1234"):
                raise KeyboardInterrupt
            yield entry


def test_an_interrupted_import_goes_on_exactly_where_it_was(
    empty_app: APIFlask, tmp_path: Path
) -> None:
    lines = [line(text=f"{number} {TEXT}") for number in range(2 * RECORDS_PER_BATCH + 700)]
    lines[7] = lines[1_300] = "{"
    file = write(tmp_path / "x.jsonl", *lines)
    with pytest.raises(KeyboardInterrupt):
        run(empty_app, Stopped(file))
    assert len(texts(empty_app)) == 2 * RECORDS_PER_BATCH - 1
    started = [entry.place for entry in JsonLines(file).entries(Start(position_of(empty_app)))]
    assert started[0] == f"{file}, line {2 * RECORDS_PER_BATCH + 1}"
    tally = run(empty_app, JsonLines(file))
    assert (tally.read, tally.added, tally.known) == (len(lines), len(lines) - 2, 0)
    assert tally.places == {"not JSON": [f"{file}, line 8", f"{file}, line 1301"]}
    assert len(set(texts(empty_app))) == len(lines) - 2
    assert position_of(empty_app) is None


def position_of(app: APIFlask) -> Any:
    with app.app_context():
        assert db.session.scalar(select(func.count(ImportRow.id))) in (0, 1)
        return db.session.scalar(select(ImportRow.position))


@on_sqlite
def test_another_wish_is_another_import(empty_app: APIFlask, tmp_path: Path) -> None:
    file = write(tmp_path / "x.jsonl", line())
    job = CorpusImport(JsonLines(file), Wanted())
    before = job.fingerprint
    assert before == CorpusImport(JsonLines(file), Wanted()).fingerprint
    assert before != replace(job, wanted=Wanted(language="en")).fingerprint
    write(file, line(), line())
    assert before != CorpusImport(JsonLines(file), Wanted()).fingerprint


@pytest.mark.parametrize("position", range(8))
def test_a_parquet_file_is_read_from_any_row_on(parquet: Path, position: int) -> None:
    entries = list(file_source(parquet).entries(Start(position)))
    assert [entry.position for entry in entries] == list(range(position + 1, 8))
    texts = [entry.record["text"] for entry in entries if not isinstance(entry.record, Unreadable)]
    assert texts == [f"{number} {TEXT}" for number in range(position, 7)]


@on_sqlite
def test_what_cannot_be_read_is_named(imported: ImportCommand, tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and no more")
    assert "broken.parquet is no Parquet file, or cut short" in imported(broken)[1]
    assert "there is no such file" in imported(tmp_path / "missing.parquet")[1]
    assert imported()[0] == 2


@on_sqlite
def test_labels_are_mended_and_absent_ones_come_from_options(
    imported: ImportCommand, tmp_path: Path
) -> None:
    titles = ["Two\n  lines", "long " * 50, " ", None, 7]
    file = write(
        tmp_path / "x.jsonl",
        *(line(text=f"{number} {TEXT}", title=title) for number, title in enumerate(titles)),
    )
    code, output = imported(file, "--source", "An archive")
    assert code == 0, output
    with imported.app.app_context():
        rows = db.session.scalars(select(PassageRow).order_by(PassageRow.id)).all()
        assert {row.source for row in rows} == {"An archive"}
        assert [row.title for row in rows] == [
            "Two lines",
            ("long " * 50)[:199] + "…",
            "x.jsonl, line 3",
            "x.jsonl, line 4",
            "x.jsonl, line 5",
        ]


@on_sqlite
@pytest.mark.parametrize("stated", ["eng", "English", "eng_Latn", "EN"])
@pytest.mark.parametrize("asked", ["en", "english"])
def test_a_language_may_be_stated_and_asked_in_many_ways(
    imported: ImportCommand, tmp_path: Path, stated: str, asked: str
) -> None:
    file = write(tmp_path / "x.jsonl", line(language=stated), line(language="Klingonish"))
    output = imported(file, "--language", asked)[1]
    assert "2 records read: 1 passage added, 0 known already, 1 dropped." in output
    assert "1 language: neither an ISO 639 code nor the English name of a language" in output
    code, output = imported(file, "--language", "Klingonish")
    assert code == 1
    assert "--language: 'Klingonish' is no language" in output


@on_sqlite
def test_without_texts_in_the_column_the_columns_found_are_listed(
    imported: ImportCommand, tmp_path: Path
) -> None:
    file = write(tmp_path / "x.jsonl", line(text=None, meta={"a": 1}), line(text=None, n=[1]))
    for column in ("text", "content"):
        code, output = imported(file, "--text-column", column, "--in-batches")
        assert code == 1
        assert f"{file}: no text in a column '{column}'" in output
        assert "text (nothing), title (text), meta (object), n (list)." in output
    assert imported(file, "--text-column", "title", "--minimum-words", "1")[0] == 0
