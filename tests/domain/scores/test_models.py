"""Models by name."""

from __future__ import annotations

import pytest

from server.domain.scores.models import BUNDLED, GPT2, is_path, model_label, model_name


@pytest.mark.parametrize("model", ["/srv/models/mine", "./mine", "../mine", "."])
def test_a_path_begins_with_a_slash_or_a_dot(model: str) -> None:
    assert is_path(model)


@pytest.mark.parametrize("model", [GPT2, BUNDLED, "gpt2", "owner/model.v2"])
def test_anything_else_is_a_name(model: str) -> None:
    assert not is_path(model)
    assert model_name(model) == model


@pytest.mark.parametrize(
    "model", ["/srv/models/mine", "/srv/models/mine/", "./mine", "../up/mine", "./mine/."]
)
def test_a_folder_goes_by_its_last_part(model: str) -> None:
    assert model_name(model) == "folder:mine"


@pytest.mark.parametrize("model", [".", "./", "/", ".."])
def test_every_folder_has_a_name(model: str) -> None:
    assert model_name(model).removeprefix("folder:") not in ("", ".", "..")


@pytest.mark.parametrize(
    ("name", "label"),
    [
        (GPT2, "GPT-2"),
        (BUNDLED, "Minnow"),
        ("EleutherAI/pythia-14m", "pythia-14m"),
        ("folder:mine", "mine"),
    ],
)
def test_a_page_calls_a_model_by_a_short_name(name: str, label: str) -> None:
    assert model_label(name) == label
