"""An independent forward pass in NumPy agrees with what is read, and with what a cut changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from server.domain.inside.ablation import Way
from server.lm.inside.ablation import Ablation
from server.lm.inside.anatomy import anatomy_of
from server.lm.inside.hooks import trace
from server.lm.inside.lens import log_softmax as torch_log_softmax
from server.lm.inside.lens_files import read_lens
from server.lm.loaded import LoadedModel
from server.lm.source import SHIPPED_LENS
from tests.lm.inside.by_hand import Pass, forward, log_softmax, normed, weights_of

TARGET, OTHER = 300, 11


@pytest.fixture
def model(minnow: LoadedModel) -> PreTrainedModel:
    return minnow.model


@pytest.fixture
def by_hand(model: PreTrainedModel, minnow_ids: list[int]) -> Pass:
    return forward(model, minnow_ids)


def test_residuals_and_logits(model: PreTrainedModel, minnow_ids: list[int], by_hand: Pass) -> None:
    seen = trace(model, minnow_ids)
    size = np.abs(by_hand.residuals).max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(seen.residuals.numpy() / size, by_hand.residuals / size, atol=1e-5)
    with torch.inference_mode():
        logits = anatomy_of(model).head(anatomy_of(model).final_norm(seen.residuals[-1]))
    np.testing.assert_allclose(logits.numpy(), by_hand.logits, atol=1e-4)


def test_what_the_fitted_lens_says_after_each_layer(
    minnow: LoadedModel, minnow_ids: list[int], by_hand: Pass
) -> None:
    lens, _ = read_lens(SHIPPED_LENS, minnow.identity)
    weights, anatomy = weights_of(minnow.model), anatomy_of(minnow.model)
    residuals = trace(minnow.model, minnow_ids).residuals
    for layer in range(len(anatomy.layers)):
        with torch.inference_mode():
            logprobs = torch_log_softmax(anatomy, lens.after(layer, residuals[layer, 1:]))
        maps, shift = lens.maps[layer].double().numpy(), lens.shifts[layer].double().numpy()
        mapped = by_hand.residuals[layer, 1:] @ maps + shift
        logits = normed(mapped, weights["ln_f.weight"], weights["ln_f.bias"])
        expected = log_softmax(logits @ weights["wte.weight"].T)
        np.testing.assert_allclose(logprobs.numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("column", [1, 9, 30])
def test_a_cut_column(
    model: PreTrainedModel, minnow_ids: list[int], by_hand: Pass, column: int
) -> None:
    def logprob(logits: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        return float(logits[TARGET] - np.logaddexp.reduce(logits))

    cut = forward(model, minnow_ids, hidden=(column,))
    expected = logprob(by_hand.logits[-1]) - logprob(cut.logits[-1])
    found = Ablation(model, minnow_ids, TARGET, OTHER).effects(Way.CUT, [column])[column]
    assert found == pytest.approx(expected, abs=1e-4)
    assert expected != 0
