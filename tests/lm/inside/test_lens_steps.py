"""Steps towards the output: they bring a lens nearer to it, always by the same way."""

from __future__ import annotations

import pytest
import torch
from transformers import PreTrainedModel

from server.lm.inside.anatomy import anatomy_of
from server.lm.inside.lens import FittedLens, LensFit, log_softmax, residuals_of
from server.lm.inside.lens_steps import refined
from tests.lm.inside.conftest import TOKENS, random_gpt2, random_llama

TEXTS, LENGTH = 24, 40


def residuals_on(model: PreTrainedModel, seed: int) -> torch.Tensor:
    """Return the residuals of random texts, without their first positions."""
    ids = torch.randint(1, TOKENS, (TEXTS, LENGTH), generator=torch.Generator().manual_seed(seed))
    return torch.cat([residuals_of(model, [0, *text])[:, 1:] for text in ids.tolist()], dim=1)


def closed_form(model: PreTrainedModel, residuals: torch.Tensor) -> FittedLens:
    fit = LensFit(len(residuals) - 1, anatomy_of(model).width)
    fit.add(torch.cat([residuals[:, :1], residuals], dim=1))
    return fit.solved()


@torch.inference_mode()
def divergences(model: PreTrainedModel, lens: FittedLens, residuals: torch.Tensor) -> list[float]:
    """Return the mean divergence of each layer's lens from the output."""
    anatomy = anatomy_of(model)
    output = log_softmax(anatomy, residuals[-1])
    logprobs = [
        log_softmax(anatomy, lens.after(n, states)) for n, states in enumerate(residuals[:-1])
    ]
    return [float((output.exp() * (output - one)).sum(dim=1).mean()) for one in logprobs]


@pytest.mark.parametrize("model", [random_gpt2(), random_llama()], ids=["gpt2", "llama"])
def test_steps_bring_every_layer_nearer_to_the_output_on_other_text(model: PreTrainedModel) -> None:
    read, other = residuals_on(model, 1), residuals_on(model, 2)
    lens = closed_form(model, read)
    stepped = refined(anatomy_of(model), lens, read, steps=60)
    before, after = divergences(model, lens, other), divergences(model, stepped, other)
    assert all(a < b for a, b in zip(after, before, strict=True))


def test_the_same_text_gives_the_same_lens_and_leaves_the_model_and_the_first_lens_alone() -> None:
    model = random_gpt2()
    residuals, weights = residuals_on(model, 1), model.state_dict()
    before = {name: values.clone() for name, values in weights.items()}
    lens = closed_form(model, residuals)
    maps = lens.maps.clone()
    one, other = (refined(anatomy_of(model), lens, residuals, steps=5) for _ in range(2))
    assert torch.equal(one.maps, other.maps)
    assert torch.equal(one.shifts, other.shifts)
    assert not torch.equal(one.maps, maps)
    assert torch.equal(lens.maps, maps)
    assert all(torch.equal(values, before[name]) for name, values in weights.items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_no_steps_leave_the_closed_form() -> None:
    model = random_gpt2()
    residuals = residuals_on(model, 1)
    lens = closed_form(model, residuals)
    assert torch.equal(refined(anatomy_of(model), lens, residuals, steps=0).maps, lens.maps)


def test_progress_is_told_to_the_last_step() -> None:
    model = random_gpt2()
    residuals = residuals_on(model, 1)
    told = list[tuple[int, int]]()
    lens = closed_form(model, residuals)
    refined(anatomy_of(model), lens, residuals, 2, lambda done, total: told.append((done, total)))
    assert told == [(n, 6) for n in range(1, 7)]
