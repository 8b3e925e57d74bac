"""The service as its operator runs it: real processes, real gunicorn."""

from __future__ import annotations

import gc
import json
import re
import shutil
import urllib.request
from pathlib import Path

import pytest
from apiflask import APIFlask

from server import commands
from server.commands.passages import BUNDLED_PASSAGES
from server.commands.scores import SHIPPED_SCORES
from server.config import ROOT
from tests.conftest import fill
from tests.databases import PostgresqlDatabases, on_sqlite
from tests.system.processes import (
    BIN,
    invoked,
    run,
    run_program,
    serving,
    status_and_body,
)
from tests.waiting import PATIENCE_S

BUNDLED = len(BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines())


def test_the_procfile_releases_and_serves(environment: dict[str, str]) -> None:
    as_deployed = json.loads((ROOT / "app.json").read_text(encoding="utf-8"))["env"]
    chosen = {name: as_deployed[name]["value"] for name in ("APP_ENV", "MODEL", "LIVE_SCORING")}
    production = environment | chosen | {"WEB_CONCURRENCY": "2"}
    released = run(production, "honcho", "start", "--no-colour", "release")
    assert f"SmolLM2: scores of {BUNDLED} passages loaded" in released.stdout, (
        released.stdout + released.stderr
    )
    assert f"SmolLM2 inside: {BUNDLED} passages loaded" in released.stdout
    again = run(production, "honcho", "start", "--no-colour", "release")
    assert f"0 added, {BUNDLED} known already" in again.stdout
    assert "scored" not in again.stdout.replace("has scored", "")
    with serving(production, "honcho", "start", "web") as address:
        assert status_and_body(f"{address}/readyz")[1]["passages"] == BUNDLED


def test_a_release_stops_where_the_model_cannot_be_had(environment: dict[str, str]) -> None:
    production = environment | {"APP_ENV": "production", "MODEL": "openai-community/gpt2"}
    released = run(production, "flask", "--app", "server", "prepare")
    assert released.returncode == 1
    assert "openai-community/gpt2 is not on this machine and could not be" in released.stderr
    assert "Traceback" not in released.stderr


def test_a_release_stops_where_the_database_cannot_be_reached(environment: dict[str, str]) -> None:
    broken = environment | {"DATABASE_URL": "postgres://u:p@127.0.0.1:9/none"}
    released = run(broken, "flask", "--app", "server", "prepare")
    assert released.returncode == 1
    assert "The database postgresql+psycopg://u:***@127.0.0.1:9/none failed" in released.stderr
    assert "Traceback" not in released.stderr


def test_a_command_leaves_its_database_in_one_file(environment: dict[str, str]) -> None:
    """SQLite's log goes back into the file: whoever copies that has everything."""
    ended = run(environment, "flask", "--app", "server", "db", "upgrade")
    assert ended.returncode == 0, ended.stderr
    file = Path(environment["DATABASE_URL"].removeprefix("sqlite:///"))
    assert [left.name for left in file.parent.glob(f"{file.name}*")] == [file.name]


@on_sqlite
def test_a_command_looks_seldom_for_garbage(app: APIFlask) -> None:
    kept = gc.get_threshold()
    commands._look_seldom_for_garbage.cache_clear()
    gc.set_threshold(700, 10, 10)
    try:
        assert app.test_cli_runner().invoke(args=["passages", "--help"]).exit_code == 0
        assert gc.get_threshold() == commands.GARBAGE_THRESHOLDS
    finally:
        gc.set_threshold(*kept)


def test_production_without_a_secret_refuses_to_start(environment: dict[str, str]) -> None:
    production = environment | {"APP_ENV": "production", "SECRET_KEY": ""}
    started = run(production, "gunicorn", "--check-config", "server:create_app()")
    assert started.returncode != 0
    assert "SECRET_KEY" in started.stderr


def test_development_falls_back_to_what_needs_no_hub_and_says_so(
    environment: dict[str, str],
) -> None:
    stand_in = "SmolLM2" if SHIPPED_SCORES.exists() else "Minnow"
    offline = environment | {"MODEL": "openai-community/gpt2"}
    prepared = run(offline, "flask", "--app", "server", "prepare")
    assert prepared.returncode == 0, prepared.stderr
    assert "Going on with" in prepared.stdout
    assert stand_in in prepared.stdout
    again = run(offline, "flask", "--app", "server", "prepare")
    assert "To play against GPT-2: make scores" in again.stdout
    with serving(offline, "gunicorn", "server:create_app()") as address:
        page = urllib.request.urlopen(address, timeout=PATIENCE_S).read().decode()
    assert f"GPT-2 is not on this machine, so {stand_in}" in page


@on_sqlite
def test_the_web_process_never_imports_torch(
    environment: dict[str, str], database_url: str
) -> None:
    script = """
import sys
from server import create_app
client = create_app().test_client()
state = client.post("/api/v1/rounds", json={}).json
while not state["finished"]:
    url = f"/api/v1/rounds/{state['id']}/guesses"
    answer = {"position": state["asked"]["position"], "text": "the"}
    state = client.post(url, json=answer).json["round"]
assert client.get(f"/rounds/{state['id']}/result").status_code == 200
assert client.get("/you").status_code == 200
heavy = {"torch", "transformers", "tokenizers", "scipy", "huggingface_hub"}
heavy |= {"pyarrow", "pandas", "datasets", "py3langid", "rensa", "dask", "distributed"}
print("heavy:", sorted(heavy & set(sys.modules)))
"""
    ran = run_program(environment | {"DATABASE_URL": database_url}, script)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip().endswith("heavy: []")


@on_sqlite
def test_only_a_text_of_a_players_own_or_its_page_loads_the_model(
    environment: dict[str, str], database_url: str
) -> None:
    script = """
import sys
from server import create_app
client = create_app().test_client()
for path in ("/api/v1/try", "/api/v1/try/rounds"):
    loaded, status = "torch" in sys.modules, 503
    while status == 503:  # on a busy machine loading outlasts a request's patience: try again
        status = client.post(path, json={"text": "Some words of my own."}).status_code
    print(path, loaded, status, "torch" in sys.modules)
"""
    database = environment | {"DATABASE_URL": database_url}
    ran = run_program(database, script)
    assert "/api/v1/try False 200 True" in ran.stdout, ran.stderr
    opened = """
import os, sys, time
from server import create_app
client = create_app().test_client()
print(client.get("/").status_code, "torch" in sys.modules, flush=True)
status = client.get("/try").status_code
while "torch" not in sys.modules and status == 200:
    time.sleep(0.01)
print(status, flush=True)
os._exit(0)  # it has begun: what is told by now need not wait for the rest
"""
    ran = run_program(database, opened)
    assert [line for line in ran.stdout.splitlines() if line[:1] == "2"] == ["200 False", "200"]
    off = run_program(database | {"LIVE_SCORING": "off"}, script)
    assert "/api/v1/try/rounds False 404 False" in off.stdout, off.stderr


def test_a_precision_is_asked_for_by_the_name_in_the_documents(
    environment: dict[str, str], two_passages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, build = environment["DATABASE_URL"], ("scores", "build", "--precision")
    fill(url, two_passages, None)
    with monkeypatch.context() as machine:
        machine.setenv("PATH", str(BIN))  # which holds no compiler
        refused = invoked(url, *build, "bfloat16")
    assert refused.exit_code == 1
    assert "Error: bfloat16 needs a C++ compiler (g++)" in refused.output
    unknown = invoked(url, *build, "float64")
    assert "'float64' is not one of 'auto', 'float32', 'bfloat16'" in unknown.output
    assert "Minnow scored 2 passages." in invoked(url, *build, "float32").output


def test_scores_build_takes_a_folder_in_place_of_the_model(
    environment: dict[str, str], tmp_path: Path, two_passages: Path
) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(ROOT / "server" / "lm" / "bundled", mine)
    url, build = environment["DATABASE_URL"], ("scores", "build", "--model", str(mine))
    fill(url, two_passages, None)
    built, again = invoked(url, *build), invoked(url, *build)
    assert "mine scored 2 passages." in built.output
    assert "mine has scored every passage already." in again.output
    with serving(environment | {"MODEL": str(mine)}, "gunicorn", "server:create_app()") as address:
        assert status_and_body(f"{address}/readyz")[1]["model"] == "folder:mine"


def test_the_same_service_runs_on_postgresql(
    environment: dict[str, str], postgresql_databases: PostgresqlDatabases, two_passages: Path
) -> None:
    template = postgresql_databases.template("none", lambda url: None)
    with postgresql_databases.copy(template) as url:
        heroku = environment | {"DATABASE_URL": re.sub("^postgresql:", "postgres:", url)}
        flask = ("flask", "--app", "server")
        assert run(heroku, *flask, "db", "upgrade").returncode == 0
        assert run(heroku, *flask, "passages", "import", str(two_passages)).returncode == 0
        built = invoked(heroku["DATABASE_URL"], "scores", "build")
        assert "Minnow scored 2 passages." in built.output
        with serving(heroku, "gunicorn", "server:create_app()") as address:
            assert status_and_body(f"{address}/readyz")[0] == 200
