"""A machine of its own for each test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import SECRET_KEY
from tests.system.processes import BIN

# One thread for a model, as in the tests: threads that wait for a busy core cost twice as much.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "OMP_NUM_THREADS")


@pytest.fixture
def two_passages(played_passages: Path, tmp_path: Path) -> Path:
    """A file with two bundled passages, for what scores them by a command."""
    path = tmp_path / "two.jsonl"
    lines = played_passages.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:2]), encoding="utf-8")
    return path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A machine of its own: an empty database, no network to the hub."""
    kept = {k: v for k, v in os.environ.items() if k in KEPT}
    return kept | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'game.sqlite3'}",
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HF_HUB_CACHE": str(tmp_path / "hub"),
        "SECRET_KEY": SECRET_KEY,
        "MODEL": "bundled",
    }
