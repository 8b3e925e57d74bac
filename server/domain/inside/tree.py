"""What else a model could have written: a tree of continuations, at any temperature and top-k."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.domain.errors import InvalidInput

BRANCHES = (4, 3, 2)  # how many continuations are followed, token by token
KEPT_TOKENS = 1_000
TEMPERATURES = tuple(tenth / 10 for tenth in range(1, 21))  # those with a stored normaliser
PLAIN = TEMPERATURES.index(1.0)

Path = tuple[int, ...]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NextToken:
    """The model's distribution after a path: its best tokens, and what sums over all of them.

    `ids` and `logprobs` (natural) are the best KEPT_TOKENS, first choice first. `normalisers` are
    ln Σ p^(1/T) over the whole vocabulary, for each of TEMPERATURES.
    """

    ids: NDArray[np.int32]
    logprobs: NDArray[np.float64]
    normalisers: NDArray[np.float64]

    def probabilities(self, temperature: float, top_k: int | None) -> NDArray[np.float64]:
        """Return the probabilities of `ids` at a temperature, among the best `top_k` or all.

        p_T = p^(1/T) / Σ p^(1/T), where the sum is over what is allowed; exact for every
        temperature in TEMPERATURES and every `top_k` up to KEPT_TOKENS. What is not allowed has 0.
        """
        heights = self.logprobs / temperature
        if top_k is None:
            all_of_them: Floats = np.exp(
                heights - self.normalisers[TEMPERATURES.index(temperature)]
            )
            return all_of_them
        powers: Floats = np.exp(heights - heights[0])
        powers[top_k:] = 0
        return powers / float(powers.sum())


@dataclass(frozen=True)
class Branch:
    """A token of the tree; `joint` is the probability of the whole path to it."""

    token_id: int
    probability: float
    joint: float
    branches: tuple[Branch, ...]


Nodes = Mapping[Path, NextToken]


def require_sampling(temperature: float, top_k: int | None) -> tuple[float, int | None]:
    """Return both as they are used; raise InvalidInput for what has no exact probabilities."""
    nearest = min(TEMPERATURES, key=lambda one: abs(one - temperature))
    if not math.isclose(nearest, temperature, abs_tol=1e-6):
        raise InvalidInput("temperature", "A temperature from 0.1 to 2 is allowed, in tenths.")
    if top_k is not None and not 1 <= top_k <= KEPT_TOKENS:
        raise InvalidInput("top_k", f"1 to {KEPT_TOKENS:,} tokens are allowed, or null for all.")
    return nearest, top_k


def normalisers(logprobs: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ln Σ p^(1/T) of a whole distribution, for each of TEMPERATURES; at 1 it is 0."""
    values = np.asarray(logprobs, dtype=np.float64)
    top = values.max()
    return np.array(
        [top / one + np.log(np.exp((values - top) / one).sum()) for one in TEMPERATURES]
    )


def branches_of(
    nodes: Nodes, temperature: float, top_k: int | None, path: Path = (), joint: float = 1.0
) -> tuple[Branch, ...]:
    """Return the tree below a path. Temperature and top-k change no order, so no other tokens."""
    node = nodes.get(path)
    if node is None:
        return ()
    probabilities = node.probabilities(temperature, top_k)
    below = []
    for token, probability in list(zip(node.ids, probabilities, strict=True))[: width_at(path)]:
        if probability > 0:
            step = (*path, int(token))
            whole = joint * float(probability)
            deeper = branches_of(nodes, temperature, top_k, step, whole)
            below.append(Branch(int(token), float(probability), whole, deeper))
    return tuple(below)


def width_at(path: Sequence[int]) -> int:
    """Return how many branches leave a path of so many tokens."""
    return BRANCHES[len(path)]
