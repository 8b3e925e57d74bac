"""The fitted lens: what the last residual would be, guessed from the residual after a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from transformers import PreTrainedModel

from server.lm.inside.anatomy import Anatomy, anatomy_of
from server.lm.inside.hooks import hooked
from server.lm.loaded import LoadedModel
from server.lm.source import ModelUnavailable

RIDGE = 1e-3  # of the mean variance of a residual's coordinates
_FEWEST_PER_COORDINATE = 10  # tokens read, or the map fits nothing but them


@dataclass(frozen=True)
class FittedLens:
    """Affine maps from the residual after each of layers 0 to L - 1 to the last residual.

    `maps` is (L, width, width), applied from the right, `shifts` (L, width). `name` tells which
    file it came from: its revision, made of its numbers.
    """

    maps: torch.Tensor
    shifts: torch.Tensor
    name: str = ""

    def after(self, layer: int, residuals: torch.Tensor) -> torch.Tensor:
        """Return the last residuals that the map of a layer expects, (rows, width)."""
        return residuals @ self.maps[layer] + self.shifts[layer]


class LensFit:
    """Sums of residuals, from which the maps follow in closed form.

    With x the residual after a layer, y the last one, C the covariance of x over all tokens read:
    A = (C + λ·tr(C)/d·I)⁻¹ cov(x, y), b = mean(y) − A·mean(x). The first position of each text is
    left out: its residual is like no other. Source: Belrose et al., "Eliciting Latent Predictions
    from Transformers with the Tuned Lens" (2023), whose maps are trained; here the ridge solution,
    from which `lens_steps` goes on.
    """

    def __init__(self, layers: int, width: int, device: torch.device | str = "cpu") -> None:
        self.tokens = 0
        self._sums = torch.zeros(layers + 1, width, dtype=torch.float64, device=device)
        self._squares = torch.zeros(layers, width, width, dtype=torch.float64, device=device)
        self._products = torch.zeros_like(self._squares)

    @torch.inference_mode()
    def add(self, residuals: torch.Tensor) -> None:
        """Take (L + 1, rows, width) residuals of a text; its first row is left out."""
        rows = residuals[:, 1:]
        self.tokens += rows.shape[1]
        self._sums += rows.sum(dim=1, dtype=torch.float64)
        self._squares += (rows[:-1].mT @ rows[:-1]).double()
        self._products += (rows[:-1].mT @ rows[-1]).double()

    @torch.inference_mode()
    def solved(self, ridge: float = RIDGE) -> FittedLens:
        """Return the maps; raise ModelUnavailable where too few tokens were read for them."""
        width = self._sums.shape[1]
        if self.tokens < _FEWEST_PER_COORDINATE * width:
            raise ModelUnavailable(
                f"{self.tokens:,} tokens are too few to fit a lens to a model of width {width:,}: "
                f"at least {_FEWEST_PER_COORDINATE * width:,} are wanted. Give texts with --text, "
                "or import passages."
            )
        means = self._sums / self.tokens
        inputs, last = means[:-1], means[-1]
        spread = self._squares / self.tokens - inputs[:, :, None] * inputs[:, None, :]
        common = self._products / self.tokens - inputs[:, :, None] * last
        size = spread.diagonal(dim1=1, dim2=2).mean(dim=1)
        weighted = ridge * size[:, None, None] * torch.eye(width, dtype=size.dtype).to(size.device)
        # By numpy: torch's own solver gives MKL a batch that it refuses on some machines.
        solved = np.linalg.solve((spread + weighted).cpu().numpy(), common.cpu().numpy())
        maps = torch.from_numpy(solved).to(size.device)
        shifts = last - (inputs[:, None, :] @ maps)[:, 0]
        return FittedLens(maps.float(), shifts.float())


@torch.inference_mode()
def residuals_of(model: PreTrainedModel, token_ids: Sequence[int]) -> torch.Tensor:
    """Return the residuals before each layer and after the last, (L + 1, tokens, width).

    They are `Trace.residuals`, without the cost of a trace: attention need not show its weights.
    """
    anatomy, seen = anatomy_of(model), list[torch.Tensor]()

    def read(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.append(inputs[0][0])

    modules = [*(layer.block for layer in anatomy.layers), anatomy.final_norm]
    with hooked([partial(module.register_forward_pre_hook, read) for module in modules]):
        anatomy.base(input_ids=torch.tensor([token_ids], device=model.device), use_cache=False)
    return torch.stack(seen)


@dataclass(frozen=True)
class LensQuality:
    """Mean Kullback-Leibler divergences in nats, output from lens, after layers 0 to L - 1.

    `of_mean` is that of the output's own mean, which a lens that knew nothing of a text would give.
    """

    fitted: list[float]
    plain: list[float]
    of_mean: float
    tokens: int


@torch.inference_mode()
def quality_of(
    loaded: LoadedModel, lens: FittedLens, texts: Sequence[Sequence[int]]
) -> LensQuality:
    """Measure a lens on texts, each a list of tokens that begins with the model's beginning."""
    anatomy = anatomy_of(loaded.model)
    layers = len(anatomy.layers)
    fitted, plain, count = torch.zeros(layers), torch.zeros(layers), 0
    mean, negentropy = torch.zeros(()), 0.0
    for ids in texts:
        residuals = residuals_of(loaded.model, ids)[:, 1:]
        count += residuals.shape[1]
        output = log_softmax(anatomy, residuals[-1])
        mean = mean + output.exp().sum(dim=0).cpu()
        negentropy += float((output.exp() * output).sum())
        for layer in range(layers):
            for sums, state in (
                (fitted, lens.after(layer, residuals[layer])),
                (plain, residuals[layer]),
            ):
                logprobs = log_softmax(anatomy, state)
                sums[layer] += (output.exp() * (output - logprobs)).sum().cpu()
    if not count:
        return LensQuality([], [], 0.0, 0)
    mean = mean / count
    of_mean = negentropy / count - float(torch.xlogy(mean, mean).sum())
    return LensQuality((fitted / count).tolist(), (plain / count).tolist(), of_mean, count)


def log_softmax(anatomy: Anatomy, residuals: torch.Tensor) -> torch.Tensor:
    """Return log-probabilities of all tokens, (rows, vocabulary), were these the last residuals."""
    logits: torch.Tensor = anatomy.head(anatomy.final_norm(residuals))
    return logits.float().log_softmax(dim=-1)
