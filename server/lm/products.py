"""Products of matrices: float32 by the library that is fastest on this processor, or bfloat16.

torch gives float32 to MKL, which leaves half of AVX-512's width unused on AMD's processors, and to
oneDNN only where that may round to bfloat16 inside; without AMX, oneDNN has no such kernel and
multiplies in float32, at up to twice MKL's speed. Whether that holds here, a trial product tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache

import torch
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

_ROWS = 64  # oneDNN keeps code and memory for each number of rows, so few are used
_SIZE = 256  # torch may not hand on smaller products
_FACTOR = 1 + 2**-10  # its square has bits that bfloat16 would drop


class Product(torch.nn.Module):
    """GPT-2's linear layer, `Conv1D`, multiplied by the faster library, or in bfloat16."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight, self.bias = (
            torch.nn.Parameter(values.detach().to(dtype), requires_grad=False)
            for values in (weight, bias)
        )

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Return (..., outputs) for `states` (..., inputs)."""
        rows = states.flatten(0, -2).to(self.weight.dtype)
        if torch.compiler.is_compiling() or rows.dtype is torch.float64:  # oneDNN has no doubles
            result = torch.addmm(self.bias, rows, self.weight)
        else:
            with fastest_library():
                result = torch.addmm(self.bias, pad_rows(rows), self.weight)[: len(rows)]
        return result.view(*states.shape[:-1], -1)


def use_fastest_library(model: PreTrainedModel) -> None:
    """Replace the model's linear layers in place, where there is a faster library than MKL."""
    if onednn_is_exact():
        _replace_layers(model, torch.float32)


def lower_precision(model: PreTrainedModel) -> None:
    """Replace the model's linear layers in place by ones that multiply in bfloat16.

    The other weights are copied: transformers maps their file, and whatever was read of it stays
    in memory as long as any of it is used.
    """
    _replace_layers(model, torch.bfloat16)
    for parameter in model.parameters():
        if parameter.dtype is not torch.bfloat16:
            parameter.data = parameter.data.clone()


def _replace_layers(model: PreTrainedModel, dtype: torch.dtype) -> None:
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, Conv1D | Product):
                setattr(module, name, Product(child.weight, child.bias, dtype))


def pad_rows(rows: torch.Tensor) -> torch.Tensor:
    """Return (rows, width) followed by rows of zeros, up to a multiple of 64."""
    return torch.nn.functional.pad(rows, (0, 0, 0, -len(rows) % _ROWS))


def fastest_library() -> AbstractContextManager[None]:
    """Let products inside go to oneDNN, if it makes them exactly.

    The setting is the whole process's: products of other threads may go there too.
    """
    return _onednn() if onednn_is_exact() else nullcontext()


@cache
def onednn_is_exact() -> bool:
    """Tell whether oneDNN is available, and multiplies in float32 where it might round.

    Not beside a GPU, whose products the setting would round.
    """
    if torch.cuda.is_available() or torch.backends.cpu.get_cpu_capability() != "AVX512":
        return False
    square = torch.full((_SIZE, _SIZE), _FACTOR)
    with _onednn():
        product = square @ square
    return torch.allclose(product, torch.tensor(_SIZE * _FACTOR**2), rtol=1e-6, atol=0)


@contextmanager
def _onednn() -> Iterator[None]:
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision("highest")
