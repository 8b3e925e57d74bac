"""The cross-entropy of a large vocabulary from a sample of it: half of a small model's work.

The output layer of a model of 11 million parameters with 16,384 entries costs as much as all its
layers together, and most of it is spent on tokens that are nearly impossible where they stand. Here
frequent tokens are always counted, of the others a random share, each for as many as it stands for
(Jean et al. 2015, arXiv 1412.2007, with a sample that is drawn anew for every step).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

ROWS_PER_CHUNK = 512  # so many that their products with the sample stay in the cache


@dataclass(frozen=True)
class Sample:
    """Entries of the vocabulary, and how many each stands for."""

    ids: torch.Tensor  # (sampled,) ascending
    log_weights: torch.Tensor  # (sampled,) ln of how many entries each stands for


class VocabularySampler:
    """Draws samples that hold every frequent token and one in `one_in` of the others."""

    def __init__(self, counts: torch.Tensor, always: int, one_in: int) -> None:
        """`counts` (vocabulary,) are the tokens' frequencies; the first `always` are kept."""
        order = counts.argsort(descending=True, stable=True).numpy()
        self._frequent, self._others = order[:always], order[always:]
        self._drawn = len(self._others) // one_in

    def draw(self, *seed: int) -> Sample:
        """Return the sample that belongs to `seed`."""
        drawn = np.random.default_rng(seed).permutation(self._others)[: self._drawn]
        weights = np.ones(len(self._frequent) + len(drawn), dtype=np.float32)
        weights[len(self._frequent) :] = len(self._others) / max(1, len(drawn))
        ids = np.concatenate([self._frequent, drawn])
        order = np.argsort(ids)
        return Sample(torch.from_numpy(ids[order]), torch.from_numpy(np.log(weights[order])))


class _SampledCrossEntropy(torch.autograd.Function):
    """Loss and gradients in one go, so that no logits outlive their chunk."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        weight: torch.Tensor,
        targets: torch.Tensor,
        sample: Sample,
        dtype: torch.dtype,
    ) -> torch.Tensor:
        """Return the mean loss in nats of (rows, width) hidden states."""
        place_of = torch.full((len(weight),), -1)
        place_of[sample.ids] = torch.arange(len(sample.ids))
        sampled = weight[sample.ids].to(dtype)  # (sampled, width)
        sampled_gradient = torch.zeros(sampled.shape)
        weight_gradient, hidden_gradient = torch.zeros_like(weight), torch.empty_like(hidden)
        memory = torch.empty(min(ROWS_PER_CHUNK, len(hidden)), len(sampled), dtype=dtype)
        loss = torch.zeros(())
        for start in range(0, len(hidden), ROWS_PER_CHUNK):
            part = slice(start, start + ROWS_PER_CHUNK)
            states, target_ids = hidden[part], targets[part]
            rounded, target_rows = states.to(dtype), weight[target_ids]
            powers = torch.mm(rounded, sampled.T, out=memory[: len(states)]).float()
            powers += sample.log_weights
            # The target counts once, as itself, whether it was drawn or not.
            (drawn,) = torch.where(place_of[target_ids] >= 0)
            powers[drawn, place_of[target_ids[drawn]]] = -torch.inf
            target_logit = torch.linalg.vecdot(states, target_rows)
            peak = torch.maximum(powers.amax(dim=1), target_logit)
            powers.sub_(peak[:, None]).exp_()
            target_power = (target_logit - peak).exp()
            total = powers.sum(dim=1) + target_power
            loss += (total.log() + peak - target_logit).sum() / len(hidden)
            of_others = powers.div_(total[:, None] * len(hidden)).to(dtype)
            of_target = ((target_power / total - 1) / len(hidden))[:, None]
            hidden_gradient[part] = of_target * target_rows + of_others @ sampled
            sampled_gradient += of_others.T @ rounded
            weight_gradient.index_add_(0, target_ids, of_target * states)
        weight_gradient[sample.ids] += sampled_gradient
        ctx.save_for_backward(hidden_gradient, weight_gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of hidden states and weights."""
        hidden_gradient, weight_gradient = ctx.saved_tensors
        return hidden_gradient * gradients[0], weight_gradient * gradients[0], None, None, None


def sampled_cross_entropy(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    targets: torch.Tensor,
    sample: Sample,
    dtype: torch.dtype = torch.float32,
) -> torch.Tensor:
    """Return the mean loss in nats, with the vocabulary's sum estimated from `sample`.

    −ln( e^{z_t} / Z ), Z = e^{z_t} + Σ_{i ∈ sample, i ≠ t} w_i e^{z_i}, with logits z = W h and
    target t. Over samples the mean of Z is the whole sum, but for what the target's own place in
    the sample changes; with a sample of all entries the loss is exact.

    `hidden` is (rows, width), `weight` (vocabulary, width), `targets` (rows,); products with the
    sample are made in `dtype`.
    """
    loss: torch.Tensor = _SampledCrossEntropy.apply(  # type: ignore[no-untyped-call]  # torch has none
        hidden, weight, targets, sample, dtype
    )
    return loss
