"""Direct logit attribution: what each part of a model adds to a word's logit."""

from __future__ import annotations

from collections.abc import Callable

import torch

from server.lm.inside.anatomy import Anatomy
from server.lm.inside.hooks import Trace


@torch.inference_mode()
def parts_at(anatomy: Anatomy, seen: Trace, row: int) -> torch.Tensor:
    """Return what each part adds to the normed last residual at a row, (parts, width), float64.

    The parts come in the order of `domain.inside.parts.parts_of`; their sum is N(r_L). The final
    norm N is frozen: with c a part and r_L the last residual, the part adds g·c / √(mean r_L² + ε),
    both less their means where N centres; N's own bias is the constant. Source: Elhage et al.,
    "A Mathematical Framework for Transformer Circuits" (2021).
    """
    added = [seen.residuals[0, row].double()[None]]  # the embedding
    for number, layer in enumerate(anatomy.layers):
        weight = layer.projection_weight.double().view(anatomy.heads, anatomy.head_width, -1)
        added.append(torch.einsum("hi,hiw->hw", seen.heads[number, row].double(), weight))
        bias = layer.projection_bias
        added.append(torch.zeros_like(added[0]) if bias is None else bias.double()[None])
        added.append(seen.mlp[number, row].double()[None])
    parts, last = torch.cat(added), seen.residuals[-1, row].double()
    if anatomy.centres:
        parts, last = parts - parts.mean(dim=1, keepdim=True), last - last.mean()
    scale = (last.square().mean() + anatomy.epsilon).rsqrt()
    gain = anatomy.final_norm.get_parameter("weight").double()
    bias = getattr(anatomy.final_norm, "bias", None)
    constant = torch.zeros_like(last) if bias is None else bias.double()
    return torch.cat([parts * scale * gain, constant[None]])


@torch.inference_mode()
def pushes_between(
    anatomy: Anatomy, seen: Trace, row: int, token_id: int, other_id: int
) -> torch.Tensor:
    """Return what each part adds to one token's logit less another's, (parts,), float64.

    Together that is the difference of the two logits at the row; the head's bias is the constant's.
    """
    weight = anatomy.head.get_parameter("weight")
    return _pushes(
        anatomy,
        parts_at(anatomy, seen, row),
        weight[token_id].double() - weight[other_id].double(),
        lambda bias: bias[token_id] - bias[other_id],
    )


@torch.inference_mode()
def pushes_centred(anatomy: Anatomy, seen: Trace, row: int, token_id: int) -> torch.Tensor:
    """Return what each part adds to a token's logit less the mean of all logits, (parts,)."""
    weight = anatomy.head.get_parameter("weight")
    return _pushes(
        anatomy,
        parts_at(anatomy, seen, row),
        weight[token_id].double() - weight.mean(dim=0, dtype=torch.float64),
        lambda bias: bias[token_id] - bias.mean(),
    )


def _pushes(
    anatomy: Anatomy,
    parts: torch.Tensor,
    direction: torch.Tensor,
    of_bias: Callable[[torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    pushes = parts @ direction
    bias = getattr(anatomy.head, "bias", None)
    if bias is not None:
        pushes[-1] += of_bias(bias.double())
    return pushes
