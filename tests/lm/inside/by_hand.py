"""GPT-2 in NumPy and float64, written from its paper: another way to the same numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedModel

Array = NDArray[np.float64]
EPSILON = 1e-5


@dataclass(frozen=True)
class Pass:
    """What a forward pass leaves, with L layers, H heads in each and `rows` tokens read.

    `residuals` is (L + 1, rows, width), before each layer and after the last; `heads` (L, H, rows,
    width) is what each head adds, `biases` (L, width) what attention adds besides, `mlps` (L, rows,
    width); `logits` is (rows, tokens).
    """

    residuals: Array
    heads: Array
    biases: Array
    mlps: Array
    logits: Array


def weights_of(model: PreTrainedModel) -> dict[str, Array]:
    """Return GPT-2's weights by their names in its checkpoint."""
    state = model.base_model.state_dict()
    return {name: values.double().numpy() for name, values in state.items()}


def normed(x: Array, gain: Array, bias: Array) -> Array:
    """Return x normed by its last axis."""
    centred = x - x.mean(axis=-1, keepdims=True)
    result: Array = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    return result * gain + bias


def gelu(x: Array) -> Array:
    """Return GPT-2's activation, which approximates GELU by a hyperbolic tangent."""
    result: Array = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return result


def softmax(x: Array) -> Array:
    """Return shares that sum to 1 along the last axis."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def log_softmax(x: Array) -> Array:
    """Return the logarithms of `softmax`."""
    shifted = x - x.max(axis=-1, keepdims=True)
    logs: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logs


def forward(model: PreTrainedModel, ids: list[int], hidden: tuple[int, ...] = ()) -> Pass:
    """Read a text; no row behind a `hidden` column sees it, in any layer."""
    weights, count = weights_of(model), model.config.num_attention_heads
    rows = np.arange(len(ids))
    unseen = rows[None, :] > rows[:, None]
    for column in hidden:
        unseen[column + 1 :, column] = True
    x = weights["wte.weight"][ids] + weights["wpe.weight"][: len(ids)]
    residuals, heads, biases, mlps = [x], [], [], []
    for layer in range(model.config.num_hidden_layers):
        prefix = f"h.{layer}."
        w = {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
        inner = normed(x, w["ln_1.weight"], w["ln_1.bias"]) @ w["attn.c_attn.weight"]
        parts = np.split(inner + w["attn.c_attn.bias"], 3, axis=1)
        q, k, v = (np.stack(np.split(part, count, axis=1)) for part in parts)
        out = np.stack(np.split(w["attn.c_proj.weight"], count, axis=0))
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[2])
        heads.append(softmax(np.where(unseen, -np.inf, scores)) @ v @ out)
        biases.append(w["attn.c_proj.bias"])
        x = x + heads[-1].sum(axis=0) + biases[-1]
        inner = normed(x, w["ln_2.weight"], w["ln_2.bias"]) @ w["mlp.c_fc.weight"]
        mlps.append(
            gelu(inner + w["mlp.c_fc.bias"]) @ w["mlp.c_proj.weight"] + w["mlp.c_proj.bias"]
        )
        x = x + mlps[-1]
        residuals.append(x)
    logits = normed(x, weights["ln_f.weight"], weights["ln_f.bias"]) @ weights["wte.weight"].T
    return Pass(np.stack(residuals), np.stack(heads), np.stack(biases), np.stack(mlps), logits)
