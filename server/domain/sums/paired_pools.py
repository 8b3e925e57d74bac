"""Marks of people and model in sums: variance components, and how a group's answers cluster."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from server.domain.estimators.arrays import FloatArray
from server.domain.intervals.clusters import KINDS, ClusterSquares
from server.domain.intervals.of_accuracy import DEFAULT_PAIRED, PairedComponents, fit_paired
from server.domain.sums.pools import TOTAL, Pool, PoolPart, Weights, pool_of
from server.domain.sums.whole_numbers import MOMENTS, Key, Sums

FIELDS = ("guesses", "person", "model")
ALL = "paired/all"  # unassisted guesses in whatever mode: what the components are fitted to
_SIDES = {"person": {"person": 1}, "model": {"model": 1}, "gap": {"person": 1, "model": -1}}


def block_of(facet: str, *key: str | int) -> str:
    """Return the name of the block that one group of guesses makes.

    >>> block_of("modes", "bet", 0)
    'paired/modes/bet/0'
    """
    return "/".join(("paired", facet, *map(str, key)))


def keys_of(block: str, model_id: int, unit: str) -> list[Key]:
    """Return the keys of all sums that a block's squares are made from."""
    group = (block, model_id, unit)
    return [(TOTAL, *group), *((MOMENTS, *group, kind.value) for kind in KINDS)]


def components_from(sums: Sums, model_id: int, unit: str) -> PairedComponents:
    """Return the components of one model and unit; the default where there are no guesses."""
    pool = pool_of(sums, ALL, FIELDS, model_id, unit)
    if pool is None:
        return DEFAULT_PAIRED
    return fit_paired(*(_squares(pool, signs) for signs in _SIDES.values()))


def weights_from(sums: Sums, block: str, model_id: int, unit: str) -> FloatArray:
    """Return the squares of weights of a group that has guesses, shape (5,)."""
    pool = pool_of(sums, block, FIELDS, model_id, unit)
    if pool is None:
        raise ValueError(f"nobody guessed in {block}")
    return _squares(pool, {}).weights


def _squares(pool: Pool, signs: Mapping[str, int]) -> ClusterSquares:
    """Return the squares of a mean of marks, where a cluster contributes Σ (x − x̄)/n."""
    n = pool.total("guesses")
    mean = Fraction(sum(sign * pool.total(field) for field, sign in signs.items()), n)
    contributions: Weights = {"guesses": -mean / n} | {
        field: Fraction(sign, n) for field, sign in signs.items()
    }
    return pool.squares(PoolPart(contributions, {"guesses": Fraction(1, n)}))
