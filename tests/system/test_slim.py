"""A process that only serves lacks the model's libraries; the deployment's files are sound."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from apiflask import APIFlask

from server.config import ROOT
from tests.conftest import skip_or_fail
from tests.system.processes import BIN, run_program

HEAVY = ("torch", "transformers", "tokenizers", "huggingface_hub", "datasets", "pyarrow")
SLIM = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==", re.MULTILINE)
# Serves a whole round where nothing of HEAVY can be imported.
PROGRAM = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Missing())
from server import create_app
client = create_app().test_client()
for path in ("/", "/stats", "/you", "/methods", "/privacy", "/readyz", "/openapi.json"):
    assert client.get(path).status_code == 200, path
state = client.post("/api/v1/rounds", json={{}}).get_json()
while not state["finished"]:
    answer = {{"position": state["asked"]["position"], "text": "the"}}
    state = client.post(f"/api/v1/rounds/{{state['id']}}/guesses", json=answer).get_json()["round"]
assert client.get(f"/rounds/{{state['id']}}/result").status_code == 200
print("served")
"""

# What a service on SQLite has no need of until somebody asks for it, by its weight in memory.
UNASKED = ("alembic", "mako", "redis", "psycopg", "PIL", "sentencex", "pyobscenity", "segno")
SERVES = f"""
import sys
from server import create_app
client = create_app().test_client()
assert client.get("/").status_code == client.get("/readyz").status_code == 200
found = [name for name in {UNASKED} if name in sys.modules and name not in sys.argv]
assert not found, found
"""


def slim() -> set[str]:
    return set(SLIM.findall((ROOT / "requirements-web.txt").read_text(encoding="utf-8")))


def test_a_process_without_the_model_s_libraries_serves_a_round(
    environment: dict[str, str], database_url: str
) -> None:
    slim_environment = environment | {"DATABASE_URL": database_url, "LIVE_SCORING": "off"}
    ran = run_program(slim_environment, PROGRAM)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "served"


def test_a_process_imports_nothing_heavy_before_it_is_needed(
    environment: dict[str, str], database_url: str
) -> None:
    needed = () if database_url.startswith("sqlite") else ("psycopg",)
    serving = environment | {"DATABASE_URL": database_url}
    ran = run_program(serving, SERVES, *needed)
    assert ran.returncode == 0, ran.stderr


def test_the_slim_requirements_are_the_whole_ones_without_the_heavy() -> None:
    whole = dict(
        re.findall(
            r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE
        )
    )
    text = (ROOT / "requirements-web.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)", text, re.MULTILINE))
    assert {name: version for name, version in pinned.items() if whole[name] != version} == {}
    assert not slim() & {name.replace("_", "-") for name in HEAVY}
    wanted = set(
        re.findall(r"^([a-z][a-z0-9-]*)", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    )
    asked = set(
        re.findall(r"^([a-z][a-z0-9-]*)", (ROOT / "requirements-web.in").read_text(), re.MULTILINE)
    )
    assert wanted - asked == {"torch", "transformers", "pyarrow", "datasets"}
    assert asked <= wanted


def test_every_slim_requirement_has_its_hashes() -> None:
    text = (ROOT / "requirements-web.txt").read_text(encoding="utf-8")
    for line in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in line, line.partition("\n")[0]


def test_a_command_that_needs_more_says_so(environment: dict[str, str], tmp_path: Path) -> None:
    program = PROGRAM.partition("from server import")[0] + (
        "from flask.cli import main\n"
        "sys.argv = ['flask', '--app', 'server', 'scores', 'load', 'x']\n"
        "main()"
    )
    url = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    ran = run_program(environment | {"DATABASE_URL": url}, program)
    assert ran.returncode == 1
    assert "this needs requirements.txt, not only requirements-web.txt" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_dockerfile_passes_its_linter() -> None:
    linter = BIN / "hadolint"
    if not linter.exists():
        skip_or_fail("hadolint", "it is not installed")
    ran = subprocess.run([linter, "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_the_worker_does_what_there_is_to_do_and_ends(app: APIFlask) -> None:
    ran = app.test_cli_runner().invoke(args=["work", "--once"])
    assert ran.exit_code == 0, ran.output
    assert "Deleted 0 players" in ran.output


@pytest.mark.parametrize("name", ["release", "web", "worker"])
def test_the_procfile_names_each_process(name: str) -> None:
    assert re.search(rf"^{name}: ", (ROOT / "Procfile").read_text(), re.MULTILINE)
