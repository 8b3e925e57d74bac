"""What passes through a model during one forward pass, read by hooks that change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from transformers import PreTrainedModel

from server.lm.inside.anatomy import Anatomy, anatomy_of


@dataclass(frozen=True)
class Trace:
    """One text inside a model of L layers; row i has read tokens 0 to i and says what comes next.

    `residuals` is (L + 1, rows, width): before each layer, and after the last, not yet normed;
    `attention` and `mlp` are (L, rows, width), what each adds to the residual stream;
    `heads` is (L, rows, heads, head width), each head's output before the projection;
    `weights` is (L, heads, rows, rows), attention from a row (third) to a token (fourth).
    """

    residuals: torch.Tensor
    attention: torch.Tensor
    mlp: torch.Tensor
    heads: torch.Tensor
    weights: torch.Tensor


@contextmanager
def plain_attention(model: PreTrainedModel) -> Iterator[None]:
    """Let attention be computed step by step inside, which alone gives its weights."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


@contextmanager
def hooked(registered: Sequence[Callable[[], Any]]) -> Iterator[None]:
    """Register hooks by calling each, and remove them at the end, whatever happens."""
    with ExitStack() as stack:
        for register in registered:
            stack.callback(register().remove)
        yield


@torch.inference_mode()
def trace(model: PreTrainedModel, token_ids: Sequence[int]) -> Trace:
    """Run the model over one text and return what passed through.

    `token_ids` begin with the token that stands before every text. Raises UnknownAnatomy for a
    model of another shape than GPT-2's or Llama's.
    """
    anatomy = anatomy_of(model)
    with plain_attention(model):
        return traced(anatomy, torch.tensor([token_ids], device=model.device))


@torch.inference_mode()
def traced(anatomy: Anatomy, given: torch.Tensor) -> Trace:
    """Return what passes through while the parts read `given`, (1, rows), as they are set now."""
    seen: dict[str, list[torch.Tensor]] = {name: [] for name in Trace.__dataclass_fields__}
    with hooked(list(_readers(anatomy, seen))):
        anatomy.base(input_ids=given, use_cache=False)
    stacked = {name: torch.stack(tensors) for name, tensors in seen.items()}
    stacked["heads"] = stacked["heads"].unflatten(2, (anatomy.heads, anatomy.head_width))
    return Trace(**stacked)


def _readers(anatomy: Anatomy, seen: dict[str, list[torch.Tensor]]) -> Iterator[Callable[[], Any]]:
    """Yield what registers each hook; they append to `seen` in the order of the layers."""

    def entering(name: str) -> Callable[..., None]:
        return lambda _module, inputs: seen[name].append(inputs[0][0])

    def leaving(name: str, which: int | None = None) -> Callable[..., None]:
        def read(_module: torch.nn.Module, _inputs: Any, output: Any) -> None:
            seen[name].append((output if which is None else output[which])[0])

        return read

    for layer in anatomy.layers:
        yield partial(layer.block.register_forward_pre_hook, entering("residuals"))
        yield partial(layer.projection.register_forward_pre_hook, entering("heads"))
        yield partial(layer.attention.register_forward_hook, leaving("attention", 0))
        yield partial(layer.attention.register_forward_hook, leaving("weights", 1))
        yield partial(layer.mlp.register_forward_hook, leaving("mlp"))
    yield partial(anatomy.final_norm.register_forward_pre_hook, entering("residuals"))
