"""Where the parts of a transformer are: the only code here that knows architectures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from transformers import PreTrainedModel

from server.domain.scores.models import model_label
from server.lm.source import ModelUnavailable

_EXACT = (torch.float32, torch.float64)


class UnknownAnatomy(ModelUnavailable):
    """The parts of this model are not known here, so it cannot be looked into."""


@dataclass(frozen=True)
class Layer:
    """One layer: what it adds to the residual stream is its attention's output, then its MLP's.

    `projection` is attention's last step: its input is every head's output side by side.
    """

    block: torch.nn.Module
    attention: torch.nn.Module
    projection: torch.nn.Module
    mlp: torch.nn.Module

    @property
    def projection_weight(self) -> torch.Tensor:
        """The weights of attention's last step, (all heads' width, width)."""
        weight = self.projection.get_parameter("weight").detach()
        return weight.T if isinstance(self.projection, torch.nn.Linear) else weight

    @property
    def projection_bias(self) -> torch.Tensor | None:
        """What attention's last step adds to whatever comes, (width,), if anything."""
        bias: torch.Tensor | None = getattr(self.projection, "bias", None)
        return None if bias is None else bias.detach()


@dataclass(frozen=True)
class Anatomy:
    """The parts of a model; `base` runs all but the head, `width` is the residual stream's.

    The final norm divides by √(mean square + epsilon); where it `centres`, it subtracts the mean
    first.
    """

    base: torch.nn.Module
    embedding: torch.nn.Embedding
    layers: tuple[Layer, ...]
    final_norm: torch.nn.Module
    head: torch.nn.Module
    heads: int
    head_width: int
    width: int
    centres: bool
    epsilon: float


def anatomy_of(model: PreTrainedModel) -> Anatomy:
    """Return the parts of a model shaped as GPT-2 or as Llama.

    Raises UnknownAnatomy for any other, and for one whose layers multiply in lower precision.
    """
    kind = str(model.config.model_type)
    base: Any = model.base_model
    if kind == "gpt2" and not model.config.add_cross_attention:
        embedding, blocks, final_norm = base.wte, base.h, base.ln_f
        layers = [Layer(block, block.attn, block.attn.c_proj, block.mlp) for block in blocks]
    elif kind == "llama":
        embedding, blocks, final_norm = base.embed_tokens, base.layers, base.norm
        layers = [
            Layer(block, block.self_attn, block.self_attn.o_proj, block.mlp) for block in blocks
        ]
    else:
        raise UnknownAnatomy(
            f"{model_label(model.config.name_or_path or kind)} has the architecture {kind}, and "
            "only models shaped as GPT-2 or Llama can be looked into here."
        )
    if any(layer.projection.weight.dtype not in _EXACT for layer in layers):
        raise UnknownAnatomy("A model is looked into in float32 or float64; this is in neither.")
    heads = int(model.config.num_attention_heads)
    width = int(model.config.hidden_size)
    return Anatomy(
        base=base,
        embedding=embedding,
        layers=tuple(layers),
        final_norm=final_norm,
        head=cast("torch.nn.Module", model.get_output_embeddings()),
        heads=heads,
        head_width=int(getattr(model.config, "head_dim", None) or width // heads),
        width=width,
        centres=isinstance(final_norm, torch.nn.LayerNorm),
        epsilon=float(
            final_norm.eps
            if isinstance(final_norm, torch.nn.LayerNorm)
            else final_norm.variance_epsilon
        ),
    )
