"""Text and JSON files of every kind: read as they are meant, or refused in a sentence."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import InvalidInput
from server.services.corpus import files
from server.services.corpus.files import file_source
from server.services.corpus.sources import Start, Unreadable

TEXT = "The road was closed again and nobody could say when it would open, " * 5
RECORDS = [{"text": f"{number} {TEXT}", "title": f"Road {number}"} for number in range(6)]
LINES = "\n".join(json.dumps(record) for record in RECORDS).encode()
ARRAY = json.dumps(RECORDS, indent=2).encode()
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def zstandard(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read(path: Path) -> list[object]:
    return [entry.record for entry in file_source(path).entries()]


def refusal(path: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.jsonl", LINES),
        ("CAPITALS.JSONL", LINES),
        ("lines.ndjson", LINES),
        ("lines.json", LINES),
        ("mark.jsonl", BYTE_ORDER_MARK + LINES),
        ("windows.jsonl", LINES.replace(b"\n", b"\r\n") + b"\r\n"),
        ("old_mac.jsonl", LINES.replace(b"\n", b"\r")),
        ("blank.jsonl", LINES.replace(b"\n", b"\n\n \n")),
        ("array.json", ARRAY),
        ("array.jsonl", BYTE_ORDER_MARK + ARRAY),
        ("packed.jsonl.gz", gzip.compress(LINES, mtime=0)),
        ("PACKED.JSONL.GZ", gzip.compress(LINES, mtime=0)),
        (
            "two_members.jsonl.gz",
            gzip.compress(LINES[:700], mtime=0) + gzip.compress(LINES[700:], mtime=0),
        ),
        ("packed.jsonl.zst", zstandard(LINES)),
        ("array.json.zst", zstandard(ARRAY)),
        ("packed_in_secret.jsonl", gzip.compress(LINES, mtime=0)),
        ("not_packed.jsonl.gz", LINES),
    ],
)
def test_json_is_read_whatever_it_is_wrapped_in(tmp_path: Path, name: str, content: bytes) -> None:
    assert read(written(tmp_path, name, content)) == RECORDS


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("An_old-essay.txt", TEXT.encode()),
        ("An_old-essay.TXT", BYTE_ORDER_MARK + TEXT.encode()),
        ("An_old-essay.txt.gz", gzip.compress(TEXT.encode(), mtime=0)),
        ("An_old-essay.Txt.Zst", zstandard(TEXT.encode())),
    ],
)
def test_a_text_file_is_one_passage(tmp_path: Path, name: str, content: bytes) -> None:
    expected = {"title": "An old essay", "text": TEXT}
    assert read(written(tmp_path, name, content)) == [expected]


def tar(content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("x.jsonl")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.zip", b"PK\x03\x04", "this kind of file is not read; allowed are .txt, .jsonl"),
        ("x.tar.gz", gzip.compress(tar(LINES), mtime=0), "this kind of file is not read"),
        ("x.csv", b"text\n", "a folder of other files, such as .csv, can be read with --dataset"),
        ("x.parquet.gz", gzip.compress(b"PAR1", mtime=0), "this kind of file is not read"),
        ("zip.jsonl", b"PK\x03\x04", "is a zip archive, whatever its name says; allowed are"),
        ("xz.txt", b"\xfd7zXZ\x00", "is an xz file"),
        ("parquet.jsonl", b"PAR1", "is a Parquet file"),
        ("tar.jsonl", tar(LINES), "is a tar archive"),
        ("tar.jsonl.gz", gzip.compress(tar(LINES), mtime=0), "is a tar archive"),
        ("mark.jsonl", LINES.decode().encode("utf-16"), "UTF-16 or UTF-32; save it as UTF-8"),
        ("no_mark.txt", TEXT.encode("utf-16-le"), "UTF-16 or UTF-32; save it as UTF-8"),
        ("wide.json", LINES.decode().encode("utf-32"), "UTF-16 or UTF-32; save it as UTF-8"),
        ("cut.jsonl.gz", gzip.compress(LINES, mtime=0)[:-9], "cannot be read: Truncated"),
        ("cut.jsonl.zst", zstandard(LINES)[:-9], "cannot be read: Truncated"),
        ("array.json", ARRAY[:-3], "begins like a JSON array but is none: Expecting"),
        ("array.jsonl", b"[1]\n[2]", "begins like a JSON array but is none: Extra data"),
        ("object.json", json.dumps({"data": RECORDS}, indent=1).encode(), "one JSON object over"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    assert sentence in refusal(written(tmp_path, name, content))


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    assert "is a folder; it can be read with --dataset" in refusal(tmp_path / "folder.jsonl")
    assert "there is no such file" in refusal(tmp_path / "missing.jsonl")


def test_an_array_beyond_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST_ARRAY_BYTES", len(ARRAY) - 1)
    assert "write more as JSON Lines" in refusal(written(tmp_path, "array.json", ARRAY))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "caf\xe9"}', "not UTF-8 text"),
        (b"{", "not JSON"),
        (b'"a text"', "not a JSON object"),
    ],
)
def test_a_bad_line_costs_itself_alone(tmp_path: Path, line: bytes, reason: str) -> None:
    first, *rest = read(written(tmp_path, "x.jsonl", line + b"\n" + LINES))
    assert isinstance(first, Unreadable)
    assert first.reason == reason
    assert rest == RECORDS


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.jsonl.gz"])
def test_reading_goes_on_behind_any_record(tmp_path: Path, name: str) -> None:
    content = {"x.json": ARRAY, "x.jsonl.gz": gzip.compress(LINES, mtime=0)}.get(name, LINES)
    source = file_source(written(tmp_path, name, content))
    whole = list(source.entries())
    for number, entry in enumerate(whole, start=1):
        assert list(source.entries(Start(entry.position))) == whole[number:]


@given(st.binary(max_size=200), st.sampled_from(["x.jsonl", "x.json", "x.txt", "x.jsonl.gz"]))
def test_any_bytes_are_records_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    path = written(tmp_path_factory.mktemp("any"), name, content)
    try:
        found = read(path)
    except InvalidInput as error:
        sentence = str(error)
    else:
        assert all(isinstance(record, dict | Unreadable) for record in found)
        return
    assert str(path) in sentence
