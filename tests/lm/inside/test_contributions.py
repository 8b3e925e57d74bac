"""What the parts add to a logit is the logit."""

from __future__ import annotations

import pytest
import torch
from transformers import PreTrainedModel

from server.domain.inside.parts import part_count
from server.lm.inside.anatomy import anatomy_of
from server.lm.inside.contributions import parts_at, pushes_between, pushes_centred
from server.lm.inside.hooks import plain_attention, trace

Read = tuple[PreTrainedModel, list[int]]


@torch.inference_mode()
def logits_of(model: PreTrainedModel, ids: list[int]) -> torch.Tensor:
    with plain_attention(model):
        logits: torch.Tensor = model(input_ids=torch.tensor([ids])).logits[0].double()
    return logits


@pytest.mark.parametrize("row", [1, 7, -1])
def test_pushes_between_two_words_sum_to_the_logits_difference(
    model_and_ids: Read, row: int
) -> None:
    model, ids = model_and_ids
    anatomy, seen, logits = anatomy_of(model), trace(model, ids), logits_of(model, ids)[row]
    pushes = pushes_between(anatomy, seen, row, 5, 11)
    assert len(pushes) == part_count(len(anatomy.layers), anatomy.heads)
    assert float(pushes.sum()) == pytest.approx(float(logits[5] - logits[11]), abs=1e-4)
    assert pushes.count_nonzero() > len(anatomy.layers)


def test_pushes_to_one_word_sum_to_its_centred_logit(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    anatomy, seen, logits = anatomy_of(model), trace(model, ids), logits_of(model, ids)[-1]
    pushes = pushes_centred(anatomy, seen, -1, 5)
    assert float(pushes.sum()) == pytest.approx(float(logits[5] - logits.mean()), abs=1e-4)


def test_parts_sum_to_the_normed_residual(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    anatomy, seen = anatomy_of(model), trace(model, ids)
    with torch.inference_mode():
        normed = anatomy.final_norm(seen.residuals[-1, -1])
    torch.testing.assert_close(parts_at(anatomy, seen, -1).sum(0).float(), normed)
