"""Probabilities as players state them: how a 0 or 1 is read, and what the target got."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from server.domain.estimators.arrays import FloatArray

LEAST_SHARE = 0.001
_SMALLEST = 1e-15


def inside(probabilities: FloatArray) -> FloatArray:
    """Return probabilities in which a stated 0 is read as 0.001 and a stated 1 as 0.999.

    That is half of the smallest step that players are offered, 0.2 %. A logarithm would charge a
    plain 0 without limit; everything between 0 and 1 stays as it was said, to 1e-15.
    """
    low = np.where(probabilities <= 0.0, LEAST_SHARE, probabilities)
    high = np.where(low >= 1.0, 1.0 - LEAST_SHARE, low)
    return np.clip(high, _SMALLEST, 1.0 - _SMALLEST)


def target_share(
    stakes: Mapping[str, float], other: float, target: Collection[str]
) -> tuple[float, bool]:
    """Return the share that was put on the target, and whether the target was offered.

    `target` names the target in every spelling that counts as it. Where none of them was offered,
    the share is that of "something else". A stake of 0 is read as 0.001, then all are scaled to add
    up to 1, so that the score stays proper. Raises ValueError where a share is negative.

    >>> target_share({"cat": 0.5, "dog": 0.3}, 0.2, {"cat"})
    (0.5, True)
    >>> target_share({"cat": 0.5, "dog": 0.3}, 0.2, {"hen"})
    (0.2, False)
    >>> target_share({"cat": 0.6, "dog": 0.0}, 0.399, {"dog"})
    (0.001, True)
    """
    if other < 0 or any(stake < 0 for stake in stakes.values()):
        raise ValueError("a share is negative")
    staked = {token: max(stake or LEAST_SHARE, _SMALLEST) for token, stake in stakes.items()}
    rest = max(other or LEAST_SHARE, _SMALLEST)
    total = sum(staked.values()) + rest
    on_target = [staked[token] for token in target if token in staked]
    return (sum(on_target) / total, True) if on_target else (rest / total, False)
