"""A study's files are read row by row; what is malformed is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from server.services.research.study import UnreadableFile, read_rows
from tests.domain.rows import bet, comparison, guess, rows

RECORDS = [guess(), bet(), comparison()]
LINES = "\n".join(json.dumps(record) for record in RECORDS)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        f"{LINES}\n",
        LINES.replace("\n", "\r\n"),
        LINES.replace("\n", "\n\n  \n"),
        f"\ufeff{LINES}",
        gzip.compress(LINES.encode()),
        gzip.compress(f"\ufeff{LINES}\n".encode()),
    ],
    ids=["plain", "final line end", "windows", "empty lines", "mark", "gzip", "gzip with mark"],
)
def test_all_kinds_are_read_from_one_file_plain_or_packed(
    tmp_path: Path, content: str | bytes
) -> None:
    found = read_rows([written(tmp_path / "all.jsonl", content)])
    assert found.rows == rows(*RECORDS)
    assert found.problems == []


def test_several_files_are_read_as_one(tmp_path: Path) -> None:
    paths = [
        written(tmp_path / f"{number}.jsonl", json.dumps(record))
        for number, record in enumerate(RECORDS)
    ]
    assert read_rows(paths).rows == rows(*RECORDS)


def test_malformed_rows_are_named_by_file_and_line_and_the_others_are_read(tmp_path: Path) -> None:
    lines = [
        json.dumps(guess()),
        '{"player": "bob"',
        "[1, 2]",
        json.dumps(comparison(p_target=7)),
        '{"player": "\ud800"}'.encode("utf-8", "surrogatepass").decode("latin-1"),
        '{"p_target": NaN}',
        json.dumps({"player": "x"}),
        json.dumps(bet()),
    ]
    path = written(tmp_path / "rows.jsonl", "\n".join(lines))
    found = read_rows([path])
    assert found.rows == rows(guess(), bet())
    assert [problem.split(":")[0] for problem in found.problems] == [
        f"{path}, line 2",
        f"{path}, line 3",
        f"{path}, line 4, p_target",
        f"{path}, line 5, the row",
        f"{path}, line 6",
        f"{path}, line 7, the row",
    ]
    assert found.problems[2].endswith(": it must be a number from 0 to 1.")


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", b'{"player": "\xff\xfe"}\n')
    assert read_rows([path]).problems[0].startswith(f"{path}, line 1: not JSON (")


def test_a_damaged_archive_is_an_error_of_the_file(tmp_path: Path) -> None:
    packed = gzip.compress(LINES.encode() * 50)
    for damaged in (packed[:-20], packed[:12] + bytes(20) + packed[32:]):
        path = written(tmp_path / "rows.jsonl.gz", damaged)
        with pytest.raises(UnreadableFile, match=r"rows\.jsonl\.gz: "):
            read_rows([path])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"none\.jsonl: No such file or directory\."):
        read_rows([tmp_path / "none.jsonl"])
