"""A checkpoint of GPT-2's architecture, for what training measures."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.lm.source import BUNDLED_FOLDER
from tests.lm.conftest import write_checkpoint


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with the bundled tokenizer and a window of 64 tokens."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint") / "small", BUNDLED_FOLDER)
