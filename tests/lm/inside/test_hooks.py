"""What the hooks read is what transformers itself reports, and it adds up."""

from __future__ import annotations

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, MptConfig, MptForCausalLM, PreTrainedModel

from server.lm.inside.anatomy import UnknownAnatomy, anatomy_of
from server.lm.inside.hooks import plain_attention, trace

Read = tuple[PreTrainedModel, list[int]]


@torch.inference_mode()
def reported(model: PreTrainedModel, ids: list[int]) -> tuple[torch.Tensor, ...]:
    """Return transformers' own hidden states: all layers' inputs, and the normed last."""
    with plain_attention(model):
        result = model(input_ids=torch.tensor([ids]), output_hidden_states=True)
    return tuple(states[0] for states in result.hidden_states)


def test_residuals_are_exactly_the_hidden_states(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    residuals, states = trace(model, ids).residuals, reported(model, ids)
    assert len(residuals) == len(anatomy_of(model).layers) + 1 == len(states)
    assert torch.equal(residuals[:-1], torch.stack(states[:-1]))


def test_the_last_residual_normed_is_exactly_the_last_hidden_state(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    residual, state = trace(model, ids).residuals[-1], reported(model, ids)[-1]
    with torch.inference_mode():
        assert torch.equal(anatomy_of(model).final_norm(residual), state)
    assert not torch.allclose(residual, state)


def test_what_layers_add_joins_to_the_last_residual(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    seen = trace(model, ids)
    total = seen.residuals[0] + seen.attention.sum(0) + seen.mlp.sum(0)
    assert (total - seen.residuals[-1]).norm() <= 1e-5 * seen.residuals[-1].norm()


def test_heads_through_the_projection_are_attention_s_output(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    seen = trace(model, ids)
    for number, layer in enumerate(anatomy_of(model).layers):
        with torch.inference_mode():
            projected = layer.projection(seen.heads[number].flatten(1)[None])[0]
        torch.testing.assert_close(projected, seen.attention[number])


def test_attention_rows_sum_to_one_and_look_at_nothing_ahead(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    weights = trace(model, ids).weights
    assert weights.shape[1:] == (anatomy_of(model).heads, len(ids), len(ids))
    torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]), atol=1e-5, rtol=0)
    assert torch.count_nonzero(weights.triu(1)) == 0
    assert weights.std() > 0


def test_looking_leaves_the_model_as_it_was(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    given = torch.tensor([ids])

    def hooks() -> list[int]:  # transformers keeps some of its own, once asked for hidden states
        return [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]

    hooks_before = hooks()
    with torch.inference_mode():
        before = model(input_ids=given).logits
        trace(model, ids)
        assert torch.equal(model(input_ids=given).logits, before)
    assert hooks() == hooks_before
    assert model.config._attn_implementation != "eager"


def test_another_architecture_is_refused_by_name() -> None:
    other = MptForCausalLM(MptConfig(d_model=16, n_heads=2, n_layers=1, vocab_size=32))
    with pytest.raises(UnknownAnatomy, match="has the architecture mpt, and only models shaped as"):
        anatomy_of(other)


def test_lower_precision_is_refused() -> None:
    low = GPT2LMHeadModel(GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=9)).bfloat16()
    with pytest.raises(UnknownAnatomy, match="float32"):
        anatomy_of(low)
