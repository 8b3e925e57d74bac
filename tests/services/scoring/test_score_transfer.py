"""Scores that travel in a file: all of them, or a sentence that names what does not fit."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apiflask import APIFlask
from safetensors.numpy import save
from sqlalchemy import select
from sqlalchemy.orm import aliased

from server.application import db
from server.services.corpus.import_files_whole import import_passages
from server.services.scoring.scoring import score_all
from server.store.scoring.blobs import LARGEST_VOCABULARY_BYTES, scores_from_blob, scores_to_blob
from server.store.scoring.packing import packed, unpacked
from server.store.tables import LanguageModelRow, PassageRow, ScoredPassageRow
from tests.conftest import PASSAGES_PLAYED
from tests.databases import on_sqlite
from tests.services.corpus.test_import_files_whole import line, write
from tests.services.scoring.test_scoring import LONG

Rows = list[dict[str, Any]]


@dataclass
class Machine:
    """A machine with a database; commands are typed on it."""

    app: APIFlask

    def type(self, *arguments: str | Path) -> tuple[int, str]:
        result = self.app.test_cli_runner().invoke(args=["scores", *map(str, arguments)])
        return result.exit_code, result.output

    def holds(self) -> list[tuple[Any, ...]]:
        """Return every scored passage with its text, labels, model and scores."""
        passage, model = PassageRow, LanguageModelRow
        query = (
            select(passage.text, passage.title, passage.source, passage.licence, passage.genre)
            .add_columns(model.name, model.revision, model.tokenizer_fingerprint)
            .add_columns(ScoredPassageRow.left_out, ScoredPassageRow.scores)
            .add_columns(ScoredPassageRow.asked_words, ScoredPassageRow.asked_tokens)
            .join(ScoredPassageRow, ScoredPassageRow.passage_id == passage.id)
            .join(model, ScoredPassageRow.model_id == model.id)
            .order_by(passage.content_hash)
        )
        with self.app.app_context():
            return [tuple(row) for row in db.session.execute(query)]

    def draw_numbers(self) -> list[int | None]:
        """Return the numbers by which rounds draw passages, ascending."""
        with self.app.app_context():
            number = ScoredPassageRow.draw_number
            return list(db.session.scalars(select(number).order_by(number)))


@pytest.fixture
def scoring(app: APIFlask) -> Machine:
    """Where the bundled model has scored a few passages."""
    return Machine(app)


@pytest.fixture
def serving(empty_app: APIFlask) -> Machine:
    """Where nothing is stored yet."""
    return Machine(empty_app)


@pytest.fixture
def file(scoring: Machine, tmp_path: Path) -> Path:
    """What the scoring machine exports."""
    path = tmp_path / "minnow.scores"
    code, output = scoring.type("export", path)
    assert code == 0, output
    assert f"Minnow on {PASSAGES_PLAYED} passages: {path}" in output
    return path


def rewritten(path: Path, change: Callable[[Rows], None]) -> Path:
    """Change a file's rows as no export would."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, table.schema), path)
    return path


def with_header(path: Path, **changes: object) -> Path:
    """Change what a file says about its model."""
    table = pq.read_table(path)
    metadata = dict(table.schema.metadata)
    header = json.loads(metadata[b"perplexed.scores"])
    for name, value in changes.items():
        (header if name in header else header["model"])[name] = value
    metadata[b"perplexed.scores"] = json.dumps(header).encode()
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


def test_what_arrives_is_what_was_sent(scoring: Machine, serving: Machine, file: Path) -> None:
    code, output = serving.type("load", file)
    assert code == 0, output
    assert "scores of 6 passages loaded, 0 known already; 6 passages added." in output
    assert serving.holds() == scoring.holds()
    assert len(serving.holds()) == PASSAGES_PLAYED


def test_a_part_still_knows_what_it_was_cut_from(
    scoring: Machine, serving: Machine, tmp_path: Path, bundled_scorer: Any
) -> None:
    long, file = write(tmp_path / "long.jsonl", line(text=LONG)), tmp_path / "scores"
    with scoring.app.app_context():
        import_passages(db.session, [long], datetime.now(UTC))
        score_all(db.session, bundled_scorer, lambda done, total: None)
    scoring.type("export", file)
    assert serving.type("load", file)[0] == 0
    part, original = aliased(PassageRow), aliased(PassageRow)
    query = select(part.text, original.text).join(original, part.cut_from_id == original.id)
    with serving.app.app_context():
        found = db.session.execute(query.order_by(part.id)).all()
    assert {whole for _, whole in found} == {LONG}
    assert " ".join(text for text, _ in found) == LONG


def test_loading_twice_changes_nothing(serving: Machine, file: Path) -> None:
    serving.type("load", file)
    before = serving.holds()
    code, output = serving.type("load", file)
    assert code == 0
    assert "scores of 0 passages loaded, 6 known already; 0 passages added." in output
    assert serving.holds() == before


def test_what_is_missing_is_added_to_what_is_there(
    scoring: Machine, file: Path, serving: Machine
) -> None:
    shorter = rewritten(file, lambda rows: rows.__delitem__(slice(2, None)))
    assert "scores of 2 passages loaded" in serving.type("load", shorter)[1]
    scoring.type("export", file)
    assert "scores of 4 passages loaded, 2 known already" in serving.type("load", file)[1]
    assert serving.holds() == scoring.holds()
    assert serving.draw_numbers() == list(range(1, PASSAGES_PLAYED + 1))


@on_sqlite
def test_the_same_scores_make_the_same_file(scoring: Machine, file: Path) -> None:
    first = file.read_bytes()
    scoring.type("export", file)
    assert file.read_bytes() == first


def test_a_model_that_scored_nothing_has_nothing_to_export(
    serving: Machine, tmp_path: Path
) -> None:
    code, output = serving.type("export", tmp_path / "none")
    assert code == 1
    assert "bundled has scored no passage here" in output
    assert list(tmp_path.glob("**/none")) == []


@on_sqlite
def test_nothing_is_left_where_an_export_cannot_be_written(
    scoring: Machine, tmp_path: Path
) -> None:
    code, output = scoring.type("export", tmp_path / "nowhere" / "file")
    assert code == 1
    assert "No such file or directory" in output


def refused(machine: Machine, path: Path, *options: str) -> str:
    """Load a file that must be refused with a sentence, leaving nothing; return the sentence."""
    code, output = machine.type("load", path, *options)
    assert code == 1, output
    assert machine.holds() == []
    assert "Error: " in output
    assert str(path) in output
    return output.split("Error: ")[1]


def test_another_model_is_refused_by_name(file: Path, serving: Machine) -> None:
    assert "holds scores by bundled at revision" in refused(serving, file, "--model", "me/mine")
    renamed = with_header(file, name="me/mine", revision="one")
    answer = refused(serving, renamed, "--model", "me/mine", "--revision", "two")
    assert "by me/mine at revision one, and me/mine at revision two is wanted" in answer
    assert serving.type("load", renamed, "--model", "me/mine", "--revision", "one")[0] == 0


def test_another_tokenizer_is_refused_by_its_fingerprint(serving: Machine, file: Path) -> None:
    original = serving.type("load", file)
    assert original[0] == 0
    before = serving.holds()
    code, output = serving.type("load", with_header(file, tokenizer_fingerprint="f" * 64))
    assert code == 1
    assert f"the tokenizer of Minnow has the fingerprint {'f' * 64} there, and" in output
    assert before[0][7] in output
    assert serving.holds() == before


def damaged_scores(row: dict[str, Any], **arrays: Any) -> None:
    """Replace arrays inside a row's scores."""
    scores = scores_from_blob(unpacked(row["scores"]))
    changed = type(scores).from_arrays(scores.arrays() | arrays)
    row["scores"] = packed(scores_to_blob(changed))


def of_other_tokens(row: dict[str, Any]) -> None:
    ids = scores_from_blob(unpacked(row["scores"])).token_ids
    damaged_scores(row, token_ids=ids[::-1].copy())


def of_tokens_that_do_not_exist(row: dict[str, Any]) -> None:
    ids = scores_from_blob(unpacked(row["scores"])).token_ids.copy()
    ids[0] = np.iinfo(np.int32).max
    damaged_scores(row, token_ids=ids)


def asked_beyond_the_end(row: dict[str, Any]) -> None:
    asked = scores_from_blob(unpacked(row["scores"])).asked_words.copy()
    asked[-1] = 1_000_000
    damaged_scores(row, asked_words=asked)


def with_an_unknown_table(row: dict[str, Any]) -> None:
    arrays = scores_from_blob(unpacked(row["scores"])).arrays()
    row["scores"] = save(arrays | {"nobody.knows": np.zeros(1, dtype=np.float32)})


@on_sqlite
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda row: row.update(text="Another text."), "its text is not the one that was scored"),
        (lambda row: row.update(title="two\nlines"), "title: The character U+000A"),
        (lambda row: row.update(genre="x" * 201), "genre: At most 200 characters"),
        (lambda row: row.update(scores=b"nothing"), "its scores cannot be read"),
        (lambda row: row.update(left_out="x" * 201), "its reason is too long"),
        (lambda row: row.update(left_out="a\0b"), "no line of text"),
        (lambda row: row.update(cut_from="a\0b"), "named by no content hash"),
        (with_an_unknown_table, "its scores cannot be read"),
        (of_other_tokens, "their tokens do not join to its text"),
        (of_tokens_that_do_not_exist, "they hold tokens that the vocabulary does not have"),
        (asked_beyond_the_end, "the positions asked in words are not positions of it"),
    ],
)
def test_one_bad_passage_is_named_and_nothing_is_half_loaded(
    serving: Machine, file: Path, change: Callable[[dict[str, Any]], None], problem: str
) -> None:
    path = rewritten(file, lambda rows: change(rows[-1]))
    last = pq.read_table(path).to_pylist()[-1]
    answer = refused(serving, path)
    assert problem in answer
    assert f"({last['content_hash'][:12]})" in answer


def test_scores_that_ask_other_positions_than_those_here_are_refused(
    serving: Machine, file: Path
) -> None:
    serving.type("load", file)
    before = serving.holds()

    def ask_less(rows: Rows) -> None:
        scores = scores_from_blob(unpacked(rows[0]["scores"]))
        one_less = {
            n: a[1:]
            for n, a in scores.arrays().items()
            if n.startswith(("words_top", "words_whole."))
        }
        damaged_scores(rows[0], asked_words=scores.asked_words[1:], **one_less)

    code, output = serving.type("load", rewritten(file, ask_less))
    assert code == 1
    assert "scored here already, with other positions asked" in output
    assert serving.holds() == before


@on_sqlite
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
def test_a_file_that_was_cut_short_is_refused(serving: Machine, file: Path, kept: float) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * kept)])
    assert "is not a score file, or was cut short" in refused(serving, file)


@on_sqlite
def test_a_file_with_a_flipped_bit_is_refused(serving: Machine, file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert "is damaged" in refused(serving, file)


@on_sqlite
def test_foreign_files_are_refused(serving: Machine, tmp_path: Path) -> None:
    text, table = tmp_path / "text", tmp_path / "table"
    text.write_text("Nothing of ours. " * 100)
    pq.write_table(pa.table({"text": ["a"]}), table)
    assert "is not a score file" in refused(serving, text)
    assert "is a Parquet file, but holds no scores" in refused(serving, table)
    assert "No such file or directory" in refused(serving, tmp_path / "missing")


@on_sqlite
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"version": 5}, "is a score file of version 5; this release reads versions 1 to 4"),
        ({"parameters": "many"}, "has a header that cannot be read"),
        ({"parameters": 2**63}, "has a header that cannot be read"),
        ({"tokenizer_fingerprint": "x" * 65}, "has a header that cannot be read"),
    ],
)
def test_a_header_of_another_kind_is_refused(
    serving: Machine, file: Path, changes: dict[str, object], problem: str
) -> None:
    assert problem in refused(serving, with_header(file, **changes))


@on_sqlite
def test_a_vocabulary_that_would_fill_the_memory_is_refused(serving: Machine, file: Path) -> None:
    bomb = zlib.compress(bytes(LARGEST_VOCABULARY_BYTES + 1), 1)
    table = pq.read_table(file)
    metadata = dict(table.schema.metadata) | {b"perplexed.vocabulary": base64.b64encode(bomb)}
    pq.write_table(table.replace_schema_metadata(metadata), file)
    assert "has a header that cannot be read" in refused(serving, file)


@on_sqlite
def test_a_file_of_the_first_version_is_still_read(scoring: Machine, file: Path) -> None:
    """It holds scores as databases do, and says nothing of what stands before texts."""
    table = pq.read_table(file)
    rows = table.to_pylist()
    for row in rows:
        row["scores"] = unpacked(row["scores"])
    metadata = dict(table.schema.metadata)
    header = json.loads(metadata[b"perplexed.scores"])
    header["version"] = 1
    del header["model"]["beginning"]
    metadata[b"perplexed.scores"] = json.dumps(header).encode()
    old = file.with_name("old.scores")
    pq.write_table(
        pa.Table.from_pylist(rows, table.schema.with_metadata(metadata)), old, compression="zstd"
    )
    assert file.stat().st_size < old.stat().st_size
    _, output = scoring.type("load", old)
    assert "6 known already" in output
