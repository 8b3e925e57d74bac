"""Score on one machine, serve from another that has neither the model nor torch."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from server.config import ROOT
from tests.conftest import fill
from tests.system.processes import invoked, run, serving, status_and_body

REFUSES_TO_LOAD = "raise ImportError('there is no such library on this machine')\n"


def flask(environment: dict[str, str], *command: str) -> str:
    """Run a flask command that must succeed; return what it printed."""
    ran = run(environment, "flask", "--app", "server", *command)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture
def dyno(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Another machine: a database of its own, and no library that runs models."""
    libraries = tmp_path / "without-models"
    for name in ("torch", "transformers", "tokenizers"):
        (libraries / name).mkdir(parents=True)
        (libraries / name / "__init__.py").write_text(REFUSES_TO_LOAD)
    database = f"sqlite:///{tmp_path / 'dyno.sqlite3'}"
    return environment | {"DATABASE_URL": database, "PYTHONPATH": str(libraries)}


def test_scores_are_served_by_a_machine_without_the_model(
    environment: dict[str, str], dyno: dict[str, str], tmp_path: Path, two_passages: Path
) -> None:
    model, file = tmp_path / "mine", tmp_path / "mine.scores"
    shutil.copytree(ROOT / "server" / "lm" / "bundled", model)
    dyno |= {"MODEL": str(model)}
    fill(environment["DATABASE_URL"], two_passages, None)
    url = environment["DATABASE_URL"]
    assert invoked(url, "scores", "build", model=str(model)).exit_code == 0
    exported = invoked(url, "scores", "export", str(file), model=str(model))
    assert "mine on 2 passages" in exported.output
    shutil.rmtree(model)
    flask(dyno, "db", "upgrade")
    first = flask(dyno, "scores", "load", str(file))
    assert "mine: scores of 2 passages loaded, 0 known already; 2 passages added." in first
    again = flask(dyno, "scores", "load", str(file))
    assert "mine: scores of 0 passages loaded, 2 known already; 0 passages added." in again
    assert "mine has scored every passage elsewhere." in flask(dyno, "scores", "build")
    with serving(dyno, "gunicorn", "server:create_app()") as address:
        ready = status_and_body(f"{address}/readyz")[1]
        played, state = status_and_body(f"{address}/api/v1/rounds", {"mode": "guess"})
    assert (ready["model"], ready["passages"]) == ("folder:mine", 2)
    assert (played, state["model"]["name"]) == (201, "folder:mine")
    assert state["asked"]["of"] == 12
