"""Scoring on several machines: a real scheduler, and workers that are processes of their own."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dask
import pytest
import torch
from apiflask import APIFlask
from click.testing import Result
from distributed import LocalCluster
from sqlalchemy import select

from server import create_app
from server.application import db
from server.commands.passages import BUNDLED_PASSAGES
from server.config import ROOT
from server.domain.scores.models import Precision
from server.lm import cluster as clusters
from server.lm.cluster import ClusterScorer, connected
from server.lm.known import KnownModel
from server.lm.source import BUNDLED_FOLDER, find_source
from server.lm.worker import WorkerUnfit, hash_of_code
from server.services.corpus.import_files_whole import import_passages
from server.services.scoring import scoring
from server.store.tables import PassageRow, ScoredPassageRow
from tests.conftest import fill, settings_for
from tests.databases import SqliteFiles
from tests.lm.conftest import write_checkpoint
from tests.system.cluster import Cluster
from tests.system.processes import free_port
from tests.waiting import PATIENCE_S

SHORT_PASSAGES = 15
PARTS = 4  # of the one that is longer
PASSAGES_PER_SHARD = 3
NOT_SOURCE = shutil.ignore_patterns("*.safetensors", "__pycache__")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model, whose window of 64 tokens cuts every passage."""
    return write_checkpoint(tmp_path_factory.mktemp("model") / "tiny", BUNDLED_FOLDER)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler; workers are started as tests want them."""
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def passages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 15 texts that fit into the model's window, and a longer one."""
    lines = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()[: SHORT_PASSAGES + 1]
    records = [json.loads(line) for line in lines]
    for record in records[:-1]:
        record["text"] = " ".join(record["text"].split()[:30])
    path = tmp_path_factory.mktemp("passages") / "texts.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return path


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster for one test, whose scheduler gives up with the first worker that dies."""
    started = Cluster(tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    yield started
    started.stop()


@pytest.fixture
def databases(sqlite_files: SqliteFiles) -> SqliteFiles:
    """One kind of database is enough here."""
    return sqlite_files


@pytest.fixture(autouse=True)
def _in_small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "PASSAGES_PER_COMMIT", PASSAGES_PER_SHARD)


@pytest.fixture
def waiting(empty_app: APIFlask, passages: Path) -> APIFlask:
    """An application whose passages wait to be scored."""
    with empty_app.app_context():
        import_passages(db.session, [passages], datetime.now(UTC))
    return empty_app


@pytest.fixture(scope="module")
def scored_here(sqlite_files: SqliteFiles, passages: Path, model: Path) -> dict[str, bytes]:
    """All scores as this process alone makes them, on one thread as the workers do.

    Another number of threads adds up in another order, which shows in the last digits.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with sqlite_files.copy(
        sqlite_files.template("empty", lambda url: fill(url, None, None))
    ) as url:
        app = create_app(settings_for(url))
        with app.app_context(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(scoring, "PASSAGES_PER_COMMIT", PASSAGES_PER_SHARD)
            import_passages(db.session, [passages], datetime.now(UTC))
            assert build(app, model).exit_code == 0
            scores = stored(app)
            db.engine.dispose()
    torch.set_num_threads(threads)
    return scores


def build(app: APIFlask, model: Path, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=["scores", "build", "--model", str(model), *options])


def stored(app: APIFlask) -> dict[str, bytes]:
    """Return the scores of every passage, by content hash; empty for what was cut."""
    query = select(PassageRow.content_hash, ScoredPassageRow.scores).join(ScoredPassageRow.passage)
    with app.app_context():
        rows = db.session.execute(query).all()
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def test_workers_say_what_one_process_says_to_the_byte(
    waiting: APIFlask, cluster: Cluster, model: Path, scored_here: dict[str, bytes]
) -> None:
    first, second = cluster.workers(2)
    built = build(waiting, model, "--scheduler", cluster.address)
    assert built.exit_code == 0, built.output
    assert stored(waiting) == scored_here
    assert f"so it was cut at sentence ends into {PARTS} passages." in built.output
    assert f"tiny scored {SHORT_PASSAGES + PARTS} passages." in built.output
    assert cluster.counted(first)
    assert cluster.counted(second)
    again = build(waiting, model, "--scheduler", cluster.address)
    assert again.output == "tiny has scored every passage already.\n"


def test_a_worker_killed_half_way_loses_nothing_and_repeats_at_most_its_shard(
    waiting: APIFlask, cluster: Cluster, model: Path, scored_here: dict[str, bytes]
) -> None:
    victim, survivor = cluster.workers(2)
    before = {worker: len(cluster.counted(worker)) for worker in (victim, survivor)}

    def kill_in_the_middle_of_a_shard() -> None:
        half_way = before[victim] + PASSAGES_PER_SHARD + 2
        while len(cluster.counted(victim)) < half_way:
            time.sleep(0.005)
        victim.kill()

    killer = threading.Thread(target=kill_in_the_middle_of_a_shard, daemon=True)
    killer.start()
    built = build(waiting, model, "--scheduler", cluster.address)
    killer.join(timeout=PATIENCE_S)
    victim.join(PATIENCE_S)
    assert victim.exitcode == -signal.SIGKILL
    assert built.exit_code == 0, built.output
    assert stored(waiting) == scored_here
    counted = [text for worker in before for text in cluster.counted(worker)[before[worker] :]]
    assert 1 <= len(counted) - len(set(counted)) <= PASSAGES_PER_SHARD


def when_some_are_scored(cluster: Cluster, happen: Callable[[], object]) -> threading.Thread:
    """Let something happen once the only worker has scored a shard, and is in the next ones."""
    (worker,) = cluster.workers(1)
    before = len(cluster.counted(worker))

    def wait() -> None:
        while len(cluster.counted(worker)) < before + 2 * PASSAGES_PER_SHARD + 2:
            time.sleep(0.005)
        happen()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_a_scheduler_that_dies_is_named_and_the_same_command_goes_on(
    waiting: APIFlask,
    cluster: Cluster,
    doomed: Cluster,
    model: Path,
    scored_here: dict[str, bytes],
) -> None:
    killer = when_some_are_scored(doomed, doomed.kill_scheduler)
    with dask.config.set({"distributed.comm.timeouts.connect": "2s"}):
        built = build(waiting, model, "--scheduler", doomed.address)
    killer.join(timeout=PATIENCE_S)
    assert built.exit_code == 1
    assert f"Error: The scheduler {doomed.address} has gone. What was scored is stored" in (
        built.output
    )
    scored = stored(waiting)
    assert 0 < len(scored) < len(scored_here)
    assert scored.items() <= scored_here.items()
    cluster.workers(1)  # of another scheduler: what was scored is in the database
    assert build(waiting, model, "--scheduler", cluster.address).exit_code == 0
    assert stored(waiting) == scored_here


@pytest.fixture
def heeding_ctrl_c() -> Iterator[None]:
    """Python's own answer to SIGINT, which a shell's background jobs are started without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_ctrl_c")
def test_ctrl_c_loses_nothing_that_was_scored(
    waiting: APIFlask, cluster: Cluster, model: Path, scored_here: dict[str, bytes]
) -> None:
    main = threading.main_thread().ident
    assert main is not None
    interrupter = when_some_are_scored(cluster, lambda: signal.pthread_kill(main, signal.SIGINT))
    built = build(waiting, model, "--scheduler", cluster.address)
    interrupter.join(timeout=PATIENCE_S)
    assert built.exit_code == 1
    assert "Aborted!" in built.output
    scored = stored(waiting)
    assert 0 < len(scored) < len(scored_here)
    assert scored.items() <= scored_here.items()
    assert build(waiting, model, "--scheduler", cluster.address).exit_code == 0
    assert stored(waiting) == scored_here


def test_passages_that_kill_their_workers_are_given_up_with_a_sentence(
    waiting: APIFlask, doomed: Cluster, model: Path
) -> None:
    doomed.workers(1)
    doomed.make_passages_deadly()
    built = build(waiting, model, "--scheduler", doomed.address)
    assert built.exit_code == 1
    sentence = "Error: Every worker that tried to score the same passages died, the last at tcp://"
    assert sentence in built.output
    assert stored(waiting) == {}


@pytest.mark.parametrize("file", ["domain/errors.py", "domain/play/guessing.py", "lm/score.py"])
def test_a_change_in_any_room_that_scores_changes_the_code_s_hash(
    tmp_path: Path, file: str
) -> None:
    for floor in ("domain", "lm"):
        shutil.copytree(ROOT / "server" / floor, tmp_path / floor, ignore=NOT_SOURCE)
    assert hash_of_code(tmp_path) == hash_of_code(ROOT / "server")
    (tmp_path / file).write_text("# other code\n")
    assert hash_of_code(tmp_path) != hash_of_code(ROOT / "server")


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"code": "0" * 12}, "runs the code "),
        ({"model": "/nowhere/tiny"}, "cannot load tiny. The folder /nowhere/tiny holds no model"),
        ({"identity": {"revision": "0" * 40}}, "has tiny at revision "),
        ({"identity": {"tokenizer_fingerprint": "0" * 64}}, "reads tiny by the tokenizer "),
    ],
)
def test_a_worker_with_other_code_or_another_model_is_refused_by_name(
    cluster: Cluster, model: Path, other: dict[str, Any], sentence: str
) -> None:
    cluster.workers(1)
    source = find_source(str(model), "")
    with connected(cluster.address) as client:
        known = KnownModel(source)
        scorer = ClusterScorer(client, cluster.address, source, Precision.FLOAT32, known)
        if identity := other.get("identity"):
            other = {"identity": replace(scorer.identity, **identity)}
        scorer.wanted = replace(scorer.wanted, **other)
        with pytest.raises(WorkerUnfit) as refused:
            list(scorer.score_shards(iter([["One text."], ["Another text."]])))
    assert str(refused.value).startswith("The worker tcp://127.0.0.1:")
    assert sentence in str(refused.value)


def test_a_scheduler_that_does_not_answer_is_named(
    waiting: APIFlask, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "CONNECT_WITHIN_S", 1.0)
    address = f"tcp://127.0.0.1:{free_port()}"
    built = build(waiting, model, "--scheduler", address)
    assert built.exit_code == 1
    assert f"Error: No Dask scheduler answered at {address} within 1 second" in built.output


def test_a_scheduler_without_workers_is_given_some_time(
    waiting: APIFlask, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(clusters, "WITHOUT_WORKERS_S", 0.5)
    with LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as alone:
        built = build(waiting, model, "--scheduler", alone.scheduler_address)
    assert built.exit_code == 1
    assert f"Error: The scheduler {alone.scheduler_address} has had no worker for" in built.output


def test_a_missing_package_is_named(
    waiting: APIFlask, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "server.lm.cluster")
    built = build(waiting, model, "--scheduler", "tcp://127.0.0.1:9")
    assert built.exit_code == 1
    assert "Dask is not installed here: pip install -r requirements-distributed.txt" in built.output
