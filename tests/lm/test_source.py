"""Where models come from, and what happens when they cannot be had."""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.domain.errors import LiveScoringUnavailable
from server.domain.scores.models import BUNDLED, GPT2
from server.lm.load import load_model
from server.lm.source import (
    BUNDLED_FOLDER,
    HUB_TIMEOUT_S,
    ModelSource,
    ModelUnavailable,
    find_source,
    require_reachable,
)
from server.local_models import LocalModels
from tests.conftest import MODEL_REVISION, settings_for

MANY_OBJECTS = 100_000
LARGEST_BUNDLED_BYTES = 40_000_000


@pytest.fixture
def silent_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A hub that takes the connection and never says a word; and an empty cache."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
        yield


def test_a_hub_name_is_pinned_to_its_revision() -> None:
    source = find_source(GPT2, MODEL_REVISION)
    assert (source.name, source.revision, source.on_hub) == (GPT2, MODEL_REVISION, True)


def test_a_folder_is_known_by_its_content(checkpoint: Path, tmp_path: Path) -> None:
    source = find_source(f"{checkpoint}/", "ignored")
    assert (source.name, source.on_hub) == ("folder:small", False)
    assert source == find_source(str(checkpoint), "")
    copy = tmp_path / "small"
    copy.mkdir()
    for path in checkpoint.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    assert find_source(str(copy), "").revision == source.revision
    (copy / "config.json").write_text("{}")
    assert find_source(str(copy), "").revision != source.revision


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_a_model_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelUnavailable, match=name):
        find_source(str(tmp_path / name), "")


def test_looks_for_garbage_rest_while_a_service_loads_a_model_and_leave_it_out_later(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_for = []

    def load(source: ModelSource) -> object:
        looked_for.append(gc.isenabled())
        return load_model(source)

    monkeypatch.setattr("server.lm.score.load_on_one_thread", load)
    gc.unfreeze()
    LocalModels(settings_for("sqlite:///none", model=str(checkpoint))).load(*loadable(checkpoint))
    assert looked_for == [False]
    assert gc.isenabled()
    assert gc.get_freeze_count() > MANY_OBJECTS
    (broken := tmp_path / "broken").mkdir()
    (broken / "config.json").write_text("{}")
    with pytest.raises(LiveScoringUnavailable):
        LocalModels(settings_for("sqlite:///none", model=str(broken))).load(*loadable(broken))
    assert gc.isenabled()


def loadable(folder: Path) -> tuple[str, str]:
    source = find_source(str(folder), "")
    return source.name, source.revision


def test_a_hub_that_says_nothing_is_noticed_within_five_seconds(silent_hub: None) -> None:
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match="could not be fetched"):
        require_reachable(find_source(GPT2, MODEL_REVISION))
    assert time.monotonic() - started < 5
    assert HUB_TIMEOUT_S < 5


def test_a_folder_needs_no_hub(silent_hub: None, checkpoint: Path) -> None:
    require_reachable(find_source(str(checkpoint), ""))
    require_reachable(find_source(BUNDLED, ""))


def test_a_broken_checkpoint_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(ModelUnavailable, match="has no tokenizer"):
        load_model(find_source(str(tmp_path), ""))


def test_the_bundled_model_is_small_and_safe() -> None:
    weights = list(BUNDLED_FOLDER.glob("*.safetensors"))
    assert sum(path.stat().st_size for path in weights) <= LARGEST_BUNDLED_BYTES
    assert not list(BUNDLED_FOLDER.glob("*.bin"))
    loaded = load_model(find_source(BUNDLED, ""))
    assert loaded.model.config.model_type == "gpt2"
    assert loaded.identity.name == BUNDLED
    assert loaded.identity.window_tokens == 512
