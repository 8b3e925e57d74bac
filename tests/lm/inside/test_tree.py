"""The tree of continuations, against every path scored anew."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from server.domain.inside.tree import BRANCHES, Branch, branches_of
from server.lm.inside.tree import grow_tree

RELATIVE = 1e-5

Read = tuple[PreTrainedModel, list[int]]


def paths(
    branches: tuple[Branch, ...], before: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], Branch]]:
    for branch in branches:
        path = (*before, branch.token_id)
        yield path, branch
        yield from paths(branch.branches, path)


@torch.inference_mode()
def logits_after(model: PreTrainedModel, ids: list[int]) -> torch.Tensor:
    logits: torch.Tensor = model(input_ids=torch.tensor([ids])).logits[0].double()
    return logits


def test_joint_probabilities_are_those_of_the_paths_scored_anew(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    tree = branches_of(grow_tree(model, ids), 1.0, None)
    found = dict(paths(tree))
    assert len(found) == 4 + 4 * 3 + 4 * 3 * 2
    wide = copy.deepcopy(model).double()
    for path, branch in found.items():
        logprobs = logits_after(wide, [*ids, *path]).log_softmax(-1)
        rows = range(len(ids) - 1, len(ids) - 1 + len(path))
        anew = math.exp(
            sum(float(logprobs[row, token]) for row, token in zip(rows, path, strict=True))
        )
        assert branch.joint == pytest.approx(anew, rel=RELATIVE)


def test_the_model_s_own_weights_come_back_to_the_bit(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    before = {name: value.clone() for name, value in model.state_dict().items()}
    logits = logits_after(model, ids)
    grow_tree(model, ids)
    after = model.state_dict()
    assert all(value.dtype is after[name].dtype for name, value in before.items())
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert torch.equal(logits_after(model, ids), logits)


def test_a_model_too_large_to_be_widened_is_followed_in_float32(
    model_and_ids: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, ids = model_and_ids
    monkeypatch.setattr("server.lm.inside.widening.WIDENED_BYTES", 0)
    best = grow_tree(model, ids)[()]
    exact = logits_after(model, ids)[-1].log_softmax(-1)[best.ids.tolist()]
    np.testing.assert_allclose(best.logprobs, exact.numpy(), atol=2e-4)


@pytest.mark.parametrize("temperature", [0.1, 0.7, 1.0, 2.0])
def test_every_temperature_is_exact(model_and_ids: Read, temperature: float) -> None:
    model, ids = model_and_ids
    node = grow_tree(model, ids)[()]
    exact = (logits_after(model, ids)[-1] / temperature).softmax(-1)[node.ids.tolist()]
    np.testing.assert_allclose(
        node.probabilities(temperature, None), exact.numpy(), rtol=2e-4, atol=1e-12
    )


@pytest.mark.parametrize("top_k", [1, 3, 40])
def test_every_top_k_is_exact(model_and_ids: Read, top_k: int) -> None:
    model, ids = model_and_ids
    node = grow_tree(model, ids)[()]
    best = logits_after(model, ids)[-1].topk(top_k)
    exact = (best.values / 0.7).softmax(-1).numpy()
    np.testing.assert_allclose(node.probabilities(0.7, top_k)[:top_k], exact, rtol=2e-4)
    assert not node.probabilities(0.7, top_k)[top_k:].any()


def test_few_allowed_tokens_leave_few_branches(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    nodes = grow_tree(model, ids)
    (only,) = branches_of(nodes, 1.0, 1)
    assert only.probability == only.joint == 1
    assert [len(branches_of(nodes, 1.0, k)) for k in (2, 4, 5)] == [2, BRANCHES[0], BRANCHES[0]]
