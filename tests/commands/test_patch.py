"""`flask inside patch`: a pair of prompts from a file, the maps as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from server import create_app
from tests.conftest import close, settings_for

PAIR = {
    "clean": "The keys to the old cabinet",
    "corrupt": "The key to the old cabinet",
    "clean_answer": " were",
    "corrupt_answer": " was",
}


def patch(folder: Path, pair: Any) -> Result:
    file = folder / "pair.json"
    file.write_text(pair if isinstance(pair, str) else json.dumps(pair), encoding="utf-8")
    app = create_app(settings_for(f"sqlite:///{folder}/empty.sqlite3"))
    result = app.test_cli_runner().invoke(args=["inside", "patch", str(file)])
    close(app)
    return result


def test_a_pair_s_maps_are_printed_as_json(tmp_path: Path) -> None:
    printed = json.loads(patch(tmp_path, PAIR).stdout)
    assert printed["model"] == "Minnow"
    assert printed["clean_difference"] > 0 > printed["corrupt_difference"]
    assert [one["site"] for one in printed["maps"]] == ["residual", "attention", "mlp", "heads"]
    assert printed["maps"][0]["enough"][0][1] == pytest.approx(1, abs=1e-4)
    assert printed["sentence"]


def test_a_circuit_s_too(tmp_path: Path) -> None:
    gate = {"clean": "yes yes =", "corrupt": "no no =", "clean_answer": "yes"}
    printed = json.loads(patch(tmp_path, {**gate, "corrupt_answer": "no", "gate": "or"}).stdout)
    assert printed["maps"][3] == {"site": "heads", "enough": [[1, 1]], "needed": [[0, 0]]}


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("not JSON", "it is not JSON in UTF-8"),
        ({**PAIR, "clean": 3}, "clean: Input should be a valid string"),
        ({**PAIR, "corrupt": "The key"}, "the second 2"),
    ],
)
def test_what_is_no_pair_is_said_in_a_sentence(tmp_path: Path, pair: Any, words: str) -> None:
    result = patch(tmp_path, pair)
    assert result.exit_code == 1
    assert words in result.output
    assert "Traceback" not in result.output
