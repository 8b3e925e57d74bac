"""Muon (Jordan et al. 2024), in float32 or bfloat16, for the weight matrices of GPT-2's layers.

`torch.optim.Muon` orthogonalises in bfloat16 only, which on a processor without such instructions
takes longer than the forward and backward pass together; and it treats GPT-2's fused
query-key-value matrix as one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch

# The quintic iteration's coefficients, as published: https://kellerjordan.github.io/posts/muon/
_A, _B, _C = 3.4445, -4.7750, 2.0315


def orthogonalised(matrices: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """Return each matrix of the (batch, rows, columns) stack with its singular values near 1.

    X ← aX + (bA + cA²)X with A = XXᵀ, from X scaled to unit Frobenius norm; needs rows ≤ columns.
    """
    x: torch.Tensor = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(iterations):
        gram = x @ x.mT  # (batch, rows, rows)
        x = _A * x + (_B * gram + _C * gram @ gram) @ x
    return x


def _square_or_wide(update: torch.Tensor) -> list[torch.Tensor]:
    """Cut GPT-2's (in, out) matrix into (rows ≤ columns) views: query, key and value apart."""
    rows, columns = update.shape
    if columns == 3 * rows:
        return list(update.split(rows, dim=1))
    return [update if rows <= columns else update.mT]


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised; for the weight matrices of GPT-2's layers only."""

    def __init__(
        self,
        params: Iterable[torch.Tensor],
        lr: float,
        momentum: float = 0.95,
        *,
        bfloat16: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})
        self._dtype = torch.bfloat16 if bfloat16 else torch.float32

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Apply one update from the gradients."""
        for group in self.param_groups:
            pieces: dict[torch.Size, list[tuple[torch.Tensor, torch.Tensor]]] = defaultdict(list)
            for parameter in group["params"]:
                update = self._nesterov(parameter, group["momentum"])
                views = zip(_square_or_wide(parameter), _square_or_wide(update), strict=True)
                for weight, piece in views:
                    pieces[piece.shape].append((weight, piece))
            for shape, pairs in pieces.items():
                pieces_of_shape = torch.stack([piece for _, piece in pairs])
                updates = orthogonalised(pieces_of_shape.to(self._dtype)).float()
                scale = max(1.0, shape[1] / shape[0]) ** 0.5
                for (weight, _), update in zip(pairs, updates, strict=True):
                    weight.sub_(update, alpha=group["lr"] * scale)

    def _nesterov(self, parameter: torch.Tensor, momentum: float) -> torch.Tensor:
        assert parameter.grad is not None
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        buffer = state["momentum"].lerp_(parameter.grad, 1 - momentum)
        return parameter.grad.lerp(buffer, momentum)
