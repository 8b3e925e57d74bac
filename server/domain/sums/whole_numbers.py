"""Sums that contributions can be taken out of: of whole numbers, so that nothing is left behind.

Each contributor, a player or a passage's duels, adds numbers under keys. A key that begins with
CLUSTER stands for the answers of one player or at one place. Intervals need, over all clusters of a
kind, the products of a cluster's numbers with each other: these are sums again, under MOMENTS.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from fractions import Fraction

CLUSTER = "cluster"
MOMENTS = "moments"
_FRACTION_BITS = 50
_KEY_OF_MOMENTS = 5  # (CLUSTER, block, model, unit, kind) and then which cluster

Key = tuple[str | int, ...]
Numbers = tuple[int, ...]
Sums = dict[Key, Numbers]


def fixed(value: float) -> int:
    """Return a value as a whole number of 2⁻⁵⁰, within 5·10⁻¹⁶.

    Example: fixed(0.5) is 2⁴⁹. Whole numbers add up to the same in any order.
    """
    return round(math.ldexp(value, _FRACTION_BITS))


def real(number: int) -> Fraction:
    """Return what a whole number of 2⁻⁵⁰ stands for."""
    return Fraction(number, 1 << _FRACTION_BITS)


def add(sums: Sums, key: Key, numbers: Numbers) -> None:
    """Add numbers to what a key holds; a key that is new holds zeros."""
    before = sums.get(key)
    sums[key] = numbers if before is None else _plus(before, numbers)


def change(new: Sums, old: Sums) -> Sums:
    """Return what must be added to turn the old sums into the new ones, where they differ."""
    difference: Sums = {}
    for key in new.keys() | old.keys():
        if new.get(key) != old.get(key):
            difference[key] = _minus(new.get(key, ()), old.get(key, ()))
    return difference


def together(parts: Iterable[Sums]) -> Sums:
    """Return all of them added up."""
    total: Sums = {}
    for sums in parts:
        for key, numbers in sums.items():
            add(total, key, numbers)
    return total


def moments(numbers: Numbers) -> Numbers:
    """Return what one cluster adds to the moments of its kind.

    That is 1 for itself, a 1 or 0 for each of its numbers that is not 0, and the products of all
    pairs, row by row of the upper triangle; zeros for a cluster that is empty.

    >>> moments((2, 0, 3))
    (1, 1, 0, 1, 4, 0, 6, 0, 0, 9)
    """
    products = (a * b for i, a in enumerate(numbers) for b in numbers[i:])
    return (int(any(numbers)), *(int(n != 0) for n in numbers), *products)


def changed_moments(before: Sums, after: Sums) -> Sums:
    """Return by how much the moments change where clusters come to hold other numbers."""
    changes: Sums = {}
    for key, numbers in after.items():
        old = before.get(key, (0,) * len(numbers))
        kind = (MOMENTS, *key[1:_KEY_OF_MOMENTS])
        add(changes, kind, _minus(moments(numbers), moments(old)))
    return changes


def _plus(first: Numbers, second: Numbers) -> Numbers:
    if len(first) != len(second):
        raise ValueError(f"{len(first)} numbers and {len(second)} cannot be added")
    return tuple(map(operator.add, first, second))


def _minus(first: Numbers, second: Numbers) -> Numbers:
    zeros = (0,) * max(len(first), len(second))
    return tuple(a - b for a, b in zip(first or zeros, second or zeros, strict=True))
