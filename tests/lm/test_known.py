"""What is known of a model without its weights is what is known of it with them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from server.domain.scores.models import BUNDLED
from server.lm.known import KnownModel
from server.lm.source import BUNDLED_FOLDER, ModelUnavailable, find_source


def test_a_model_is_known_without_its_weights(tmp_path: Path, bundled_scorer: Any) -> None:
    folder = tmp_path / "without-weights"
    shutil.copytree(BUNDLED_FOLDER, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    known = KnownModel(replace(find_source(BUNDLED, ""), location=str(folder)))
    assert known.identity == bundled_scorer.identity
    assert known.vocabulary == bundled_scorer.vocabulary
    text = "The last ferry of the season, naïve 👩‍🍳 <|endoftext|>"
    assert known.count_tokens(text) == bundled_scorer.count_tokens(text)


def test_a_model_without_a_configuration_is_not_known(tmp_path: Path) -> None:
    folder = tmp_path / "tokenizer-alone"
    shutil.copytree(BUNDLED_FOLDER, folder, ignore=shutil.ignore_patterns("config.json"))
    with pytest.raises(ModelUnavailable):
        KnownModel(replace(find_source(BUNDLED, ""), location=str(folder)))
