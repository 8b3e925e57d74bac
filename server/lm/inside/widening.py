"""A small model in float64 for a while: in float32 its probabilities are 5e-5 from the truth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch

from server.lm.inside.anatomy import Anatomy

WIDENED_BYTES = 64 * 1024**2  # of what is widened at once; Minnow's layers take 42 MB
_ROWS_AT_ONCE = 4_096  # of the vocabulary


@contextmanager
def widened(model: torch.nn.Module, anatomy: Anatomy) -> Iterator[None]:
    """Run a small model in float64 inside, and any other as it is; heads are left to `logits_of`.

    The model's own weights come back at the end, to the bit. No other thread may run it meanwhile.
    """
    tables = {id(anatomy.embedding.weight), id(anatomy.head.weight)}
    values = [
        value for value in chain(model.parameters(), model.buffers()) if id(value) not in tables
    ]
    if sum(value.numel() for value in values) * torch.float64.itemsize > WIDENED_BYTES:
        yield
        return
    own = [value.data for value in values]
    hook = anatomy.embedding.register_forward_hook(_widen)
    try:
        for value in values:
            value.data = _wide(value.data)
        yield
    finally:
        hook.remove()
        for value, data in zip(values, own, strict=True):
            value.data = data


def logits_of(head: torch.nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    """Return the head's logits in the states' precision, widening a part of it at a time."""
    weight = head.get_parameter("weight")
    if hidden.dtype is weight.dtype:
        logits: torch.Tensor = head(hidden)
        return logits
    parts = [hidden @ rows.to(hidden.dtype).T for rows in weight.split(_ROWS_AT_ONCE)]
    bias = getattr(head, "bias", None)
    return torch.cat(parts, dim=-1) if bias is None else torch.cat(parts, dim=-1) + bias


def _widen(_module: torch.nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
    return output.double()


def _wide(data: torch.Tensor) -> torch.Tensor:
    return data.double() if data.is_floating_point() else data
