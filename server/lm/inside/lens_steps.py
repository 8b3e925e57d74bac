"""Steps that bring a fitted lens nearer to the model's output than the closed form does.

Least squares finds the mean of the last residual, not the distribution nearest to the output: a
mean of unlike residuals, normed, speaks louder than it should. So the maps take some steps down the
Kullback-Leibler divergence itself, as those of the tuned lens (arXiv 2303.08112) do from the start.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from server.lm.inside.anatomy import Anatomy
from server.lm.inside.lens import FittedLens, log_softmax

STEPS = 300
ROWS_A_STEP = 128
LONGEST_STEP = 0.003  # of the first one; they shorten evenly to nothing
_SEED = 0


def refined(
    anatomy: Anatomy,
    lens: FittedLens,
    residuals: torch.Tensor,
    steps: int = STEPS,
    advance: Callable[[int, int], None] | None = None,
) -> FittedLens:
    """Return the lens after some steps of each map; the same arguments give the same numbers.

    `residuals` are (L + 1, rows, width) of tokens that it is fitted on.
    """
    order = torch.randperm(residuals.shape[1], generator=torch.Generator().manual_seed(_SEED))
    maps, shifts = lens.maps.clone(), lens.shifts.clone()
    layers = len(maps)
    for layer in range(layers):
        descent = _Descent(anatomy, maps[layer], shifts[layer], steps)
        for step in range(steps):
            places = torch.arange(step * ROWS_A_STEP, (step + 1) * ROWS_A_STEP) % len(order)
            rows = order[places].to(residuals.device)
            descent.step(residuals[layer, rows], residuals[-1, rows])
            if advance is not None:
                advance(layer * steps + step + 1, layers * steps)
        maps[layer], shifts[layer] = descent.map.detach(), descent.shift.detach()
    return FittedLens(maps, shifts, lens.name)


class _Descent:
    """One layer's map on its way down."""

    def __init__(
        self, anatomy: Anatomy, lens_map: torch.Tensor, shift: torch.Tensor, steps: int
    ) -> None:
        self._anatomy = anatomy
        self.map, self.shift = (one.clone().requires_grad_() for one in (lens_map, shift))
        self._optimizer = torch.optim.Adam([self.map, self.shift], lr=LONGEST_STEP)
        self._lengths = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: 1 - step / max(1, steps)
        )

    def step(self, residuals: torch.Tensor, last: torch.Tensor) -> None:
        with torch.no_grad():
            output = log_softmax(self._anatomy, last).exp()
        logprobs = log_softmax(self._anatomy, residuals @ self.map + self.shift)
        # The divergence without what no map can change: the output's own entropy.
        loss = -(output * logprobs).sum(dim=1).mean()
        # Of these two alone: the model's own weights stay, and their gradients cost far more.
        self.map.grad, self.shift.grad = torch.autograd.grad(loss, [self.map, self.shift])
        self._optimizer.step()
        self._lengths.step()
