"""Traces that travel: with scores, in a file of their own, and through migrations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from alembic.command import downgrade, upgrade
from alembic.config import Config
from apiflask import APIFlask
from safetensors.numpy import load
from sqlalchemy import create_engine, func, inspect, select

from server import create_app
from server.application import db
from server.config import ROOT
from server.domain.text.tokens import Unit
from server.store.engine import configure, migrating, normalised_url
from server.store.inside.blobs import trace_from_blob
from server.store.inside.traces import TraceRow
from server.store.tables import PassageRow, ScoredPassageRow
from tests.conftest import PASSAGES_PLAYED, close, settings_for
from tests.databases import on_sqlite
from tests.web.inside.conftest import small_url, traced_url

__all__ = ["small_url", "traced_url"]


@pytest.fixture
def looking(traced_url: str) -> Iterator[APIFlask]:
    """Where the bundled model was looked into."""
    app = create_app(settings_for(traced_url))
    yield app
    close(app)


def typed(app: APIFlask, *arguments: str | Path) -> str:
    result = app.test_cli_runner().invoke(args=[str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def refused(app: APIFlask, *arguments: str | Path) -> str:
    result = app.test_cli_runner().invoke(args=[str(one) for one in arguments])
    assert result.exit_code == 1
    return result.output


def traces(app: APIFlask) -> dict[str, bytes]:
    query = (
        select(PassageRow.content_hash, TraceRow.trace)
        .join(ScoredPassageRow, ScoredPassageRow.id == TraceRow.scored_passage_id)
        .join(PassageRow, PassageRow.id == ScoredPassageRow.passage_id)
    )
    with app.app_context():
        return dict(db.session.execute(query).all())


def test_traces_travel_with_scores_bit_for_bit(
    looking: APIFlask, empty_app: APIFlask, tmp_path: Path
) -> None:
    file = tmp_path / "minnow.scores"
    typed(looking, "scores", "export", file)
    output = typed(empty_app, "scores", "load", file)
    assert f"The inside of {PASSAGES_PLAYED} passages came along." in output
    assert traces(empty_app) == traces(looking)
    assert len(traces(empty_app)) == PASSAGES_PLAYED
    typed(empty_app, "scores", "load", file)  # again: nothing is new
    assert traces(empty_app) == traces(looking)


@on_sqlite
def test_scores_alone_are_written_as_before(app: APIFlask, tmp_path: Path) -> None:
    file = tmp_path / "plain.scores"
    typed(app, "scores", "export", file)
    assert "trace" not in pq.read_schema(file).names


def test_traces_reach_a_machine_that_has_the_scores_already(
    looking: APIFlask, app: APIFlask, tmp_path: Path
) -> None:
    file = tmp_path / "minnow.inside"
    assert f"on {PASSAGES_PLAYED} passages" in typed(looking, "inside", "export", file)
    assert f"{PASSAGES_PLAYED} passages loaded" in typed(app, "inside", "load", file)
    assert traces(app) == traces(looking)
    assert "0 passages loaded" in typed(app, "inside", "load", file)


@on_sqlite
def test_small_traces_travel_too_and_tell_what_they_leave_out(
    small_url: str, app: APIFlask, tmp_path: Path
) -> None:
    file, looked = tmp_path / "small.inside", create_app(settings_for(small_url))
    typed(looked, "inside", "export", file)
    kept = traces(looked)
    close(looked)
    assert f"{PASSAGES_PLAYED} passages loaded" in typed(app, "inside", "load", file)
    assert traces(app) == kept
    content_hash, blob = next(iter(kept.items()))
    position = str(trace_from_blob(blob).words.positions[0])
    place = ("--passage", content_hash, "--position", position)
    assert json.loads(typed(app, "inside", "show", *place, "--json"))["sentence"]
    refusal = refused(app, "inside", "show", *place, "--unit", "tokens")
    assert "Nothing is kept of this passage in tokens" in refusal


@on_sqlite
def test_traces_without_their_scores_are_refused(
    looking: APIFlask, empty_app: APIFlask, tmp_path: Path
) -> None:
    file = tmp_path / "minnow.inside"
    typed(looking, "inside", "export", file)
    assert "load those first" in refused(empty_app, "inside", "load", file)


@on_sqlite
def test_traces_of_other_positions_are_refused_whole(
    looking: APIFlask, app: APIFlask, tmp_path: Path
) -> None:
    file = tmp_path / "minnow.inside"
    typed(looking, "inside", "export", file)
    table = pq.read_table(file)
    rows = table.to_pylist()
    rows[0]["trace"], rows[1]["trace"] = rows[1]["trace"], rows[0]["trace"]
    pq.write_table(type(table).from_pylist(rows, table.schema), file)
    assert "speak of other positions" in refused(app, "inside", "load", file)
    assert traces(app) == {}


@on_sqlite
@pytest.mark.parametrize("content", [b"", b"PAR1 but not really PAR1"])
def test_other_files_are_refused(app: APIFlask, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other"
    file.write_bytes(content)
    assert "no file of traces" in refused(app, "inside", "load", file)


@on_sqlite
def test_a_position_is_shown_to_researchers_as_the_api_gives_it(looking: APIFlask) -> None:
    content_hash, blob = next(iter(traces(looking).items()))
    position = int(trace_from_blob(blob).words.positions[0])
    place = ("--passage", content_hash[:12], "--position", str(position))
    view = json.loads(typed(looking, "inside", "show", *place, "--json"))
    assert view["position"] == position
    assert len(view["layers"]) == 6
    assert view["sentence"] in typed(looking, "inside", "show", *place).replace("\n", " ")
    wrong = ("--passage", content_hash[:12], "--position", "0")
    assert "Positions kept of this passage are" in refused(looking, "inside", "show", *wrong)
    missing = ("--passage", "no such title", "--position", "1")
    assert "flask inside build" in refused(looking, "inside", "show", *missing)


@on_sqlite
def test_all_positions_are_exported_as_lines_and_as_arrays(
    looking: APIFlask, tmp_path: Path
) -> None:
    lines, arrays = tmp_path / "inside.jsonl", tmp_path / "inside.safetensors"
    typed(looking, "export", "inside", lines)
    typed(looking, "export", "inside", arrays)
    rows = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    stored = {name: trace_from_blob(blob) for name, blob in traces(looking).items()}
    expected = sum(len(t.words.positions) + len(t.tokens.positions) for t in stored.values())
    assert len(rows) == expected
    found = load(arrays.read_bytes())
    for name, trace in stored.items():
        assert np.array_equal(found[f"{name}/words.push"], trace.words.push)
    for row in rows[:20]:
        unit = stored[row["passage"]].words if row["unit"] == "words" else None
        if unit is not None:
            at = unit.positions.tolist().index(row["position"])
            assert [push for *_, push in row["pushes"]] == pytest.approx(unit.push[at].tolist())


@on_sqlite
def test_looking_for_small_traces_keeps_what_was_found_small(app: APIFlask, small_url: str) -> None:
    assert f"on {PASSAGES_PLAYED} passages" in typed(app, "inside", "build", "--small")
    looked = create_app(settings_for(small_url))
    assert traces(app).keys() == traces(looked).keys()
    for content_hash, blob in traces(looked).items():
        made = trace_from_blob(traces(app)[content_hash])
        assert not made.keeps(Unit.TOKENS)
        assert np.array_equal(made.columns, trace_from_blob(blob).columns)
    close(looked)


@on_sqlite
def test_looking_again_finds_nothing_left(looking: APIFlask) -> None:
    assert "was looked into on every passage already" in typed(looking, "inside", "build")


def test_a_populated_database_migrates_down_and_up_again(traced_url: str) -> None:
    engine = create_engine(normalised_url(traced_url))
    configure(engine)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    with migrating(engine) as connection:
        config.attributes["connection"] = connection
        downgrade(config, "0011")
        assert "traces" not in inspect(connection).get_table_names()
        kept = select(func.count()).select_from(ScoredPassageRow)
        assert connection.scalar(kept) == PASSAGES_PLAYED
        upgrade(config, "head")
        assert connection.scalar(select(func.count()).select_from(TraceRow)) == 0
    engine.dispose()


def test_a_passage_that_goes_takes_its_trace_along(looking: APIFlask, traced_url: str) -> None:
    close(looking)
    enforce = "PRAGMA foreign_keys = ON" if traced_url.startswith("sqlite") else "SELECT 1"
    engine = create_engine(normalised_url(traced_url))
    with engine.begin() as connection:
        connection.exec_driver_sql(enforce)
        connection.exec_driver_sql("DELETE FROM scored_passages")
        assert connection.scalar(select(func.count()).select_from(TraceRow)) == 0
    engine.dispose()
