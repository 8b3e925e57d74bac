"""Importing passages: all of them, or a sentence for each that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from apiflask import APIFlask

from server.application import db
from server.store.passages import unscored_passages
from tests.databases import on_sqlite

TEXT = "The road was closed again and nobody could say when it would open, " * 5


@pytest.fixture
def imported(empty_app: APIFlask) -> ImportCommand:
    return ImportCommand(empty_app)


class ImportCommand:
    """`flask passages import`, as an operator types it."""

    def __init__(self, app: APIFlask) -> None:
        self.app = app

    def __call__(self, *arguments: Path | str) -> tuple[int, str]:
        args = ["passages", "import", *map(str, arguments)]
        result = self.app.test_cli_runner().invoke(args=args)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    def count(self) -> int:
        with self.app.app_context():
            return len(unscored_passages(db.session, None))


def line(**fields: object) -> str:
    return json.dumps({"text": TEXT, "title": "The road"} | fields, ensure_ascii=False)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@on_sqlite
def test_a_text_file_is_one_passage_named_after_the_file(
    imported: ImportCommand, tmp_path: Path
) -> None:
    code, output = imported(write(tmp_path / "the_closed-road.txt", TEXT))
    assert code == 0
    assert "1 passage added, 0 known already." in output
    assert "scores build" in output
    assert imported.count() == 1


def test_a_jsonl_file_is_a_passage_a_line(imported: ImportCommand, tmp_path: Path) -> None:
    lines = [line(text=f"{number} {TEXT}", source="Me", genre="test") for number in range(3)]
    assert imported(write(tmp_path / "x.jsonl", *lines, ""))[0] == 0
    assert imported.count() == 3


def test_duplicates_by_content_are_skipped_in_one_file_and_across_calls(
    imported: ImportCommand, tmp_path: Path
) -> None:
    file = write(
        tmp_path / "x.jsonl", line(), line(title="Another title"), line(text=TEXT + "\r\n")
    )
    assert "1 passage added, 2 known already." in imported(file)[1]
    assert "0 passages added, 3 known already." in imported(file)[1]
    assert imported.count() == 1


HUGE_NUMBER = f'{{"text": {"9" * 5_000}}}'
DEEP = "[" * 100_000


@on_sqlite
@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        (HUGE_NUMBER, "not JSON (Exceeds the limit"),
        (DEEP, "not JSON (maximum recursion depth"),
        (line(title=""), "title: A passage needs a title"),
        (line(title=7), "title: This must be text"),
        (line(text="too short"), "text: It has 2 words; 30 to 5,000 are allowed"),
        (line(author="x"), "author: Unknown field"),
        (line(text=TEXT + "\0"), "text: The character U+0000 is not allowed"),
        (json.dumps({"title": "x"}), "text: It has 0 words"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_half_imported(
    imported: ImportCommand, tmp_path: Path, bad: str, problem: str
) -> None:
    file = write(tmp_path / "x.jsonl", line(), bad, line(text="More " + TEXT))
    code, output = imported(file)
    assert code == 1
    assert f"{file}, line 2" in output
    assert problem in output
    assert "Nothing was imported." in output
    assert imported.count() == 0


@on_sqlite
def test_every_bad_line_of_every_file_is_named(imported: ImportCommand, tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", "{", line(), "{")
    second = write(tmp_path / "b.txt", "short")
    third = write(tmp_path / "c.pdf", "x")
    binary = tmp_path / "d.txt"
    binary.write_bytes(b"\xff\xfe")
    code, output = imported(first, second, third, binary, tmp_path / "missing.txt")
    assert code == 1
    for place in ("a.jsonl, line 1", "a.jsonl, line 3", "b.txt", "c.pdf", "d.txt", "missing.txt"):
        assert place in output
    assert "not UTF-8" in output
    assert imported.count() == 0


@on_sqlite
def test_problems_alike_are_told_once_with_their_first_places(
    imported: ImportCommand, tmp_path: Path
) -> None:
    file = write(tmp_path / "pile.jsonl", *[line(meta={"pile_set_name": "Books3"})] * 7)
    output = imported(file)[1]
    assert output.count("meta: Unknown field; allowed are text, title") == 1
    assert f"{file}, line 5 and 2 more: meta" in output
    assert "With --in-batches other fields are ignored" in output


@on_sqlite
def test_many_problems_are_counted_not_listed(imported: ImportCommand, tmp_path: Path) -> None:
    file = write(tmp_path / "x.jsonl", *(line(**{f"column{number}": 1}) for number in range(30)))
    output = imported(file)[1]
    assert "column19" in output
    assert "column20" not in output
    assert "There are 10 problems more." in output


@on_sqlite
@pytest.mark.parametrize("name", ["empty.jsonl", "empty.json.gz"])
def test_a_file_without_records_is_named(
    imported: ImportCommand, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"\n")
    for options in ([], ["--in-batches"]):
        code, output = imported(*options, tmp_path / name)
        assert code == 1
        assert f"{name}: there are no records in it." in output
