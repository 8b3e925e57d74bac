"""Guesses by how hard they were, in sums: how people guess against one model, and one player's."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from server.domain.estimators.guess_ability import (
    GRADES,
    SiteAbility,
    Tally,
    fit_between,
    fit_curve,
)
from server.domain.intervals.clusters import ClusterKind
from server.domain.sums.pools import TOTAL, Pool, Weights
from server.domain.sums.whole_numbers import MOMENTS, Key, Numbers, Sums, add, moments

ABILITY = "ability"  # the block: unassisted first guesses in whatever mode
_RIGHT = tuple(f"right {grade}" for grade in range(GRADES))
_GUESSES = tuple(f"guesses {grade}" for grade in range(GRADES))
FIELDS = (*_RIGHT, *_GUESSES)
# What one player says in one passage, and in all: nobody else adds to these clusters.
_KINDS = (ClusterKind.PLAYER, ClusterKind.PLAYER_PASSAGE)


def ability_keys(model_id: int, unit: str) -> list[Key]:
    """Return the keys of all sums that abilities are estimated from."""
    group = (ABILITY, model_id, unit)
    return [(TOTAL, *group), *((MOMENTS, *group, kind.value) for kind in _KINDS)]


def add_graded(
    sums: Sums, model_id: int, unit: str, guesses: Iterable[tuple[int, int, bool]]
) -> None:
    """Add all guesses of one player to that player's sums: passage, grade, and whether right."""
    passages: Sums = {}
    total, by_player, by_passage = ability_keys(model_id, unit)
    for passage, grade, right in guesses:
        add(passages, (passage,), _numbers(grade, right=right))
    for numbers in passages.values():
        add(sums, total, numbers)
        add(sums, by_passage, moments(numbers))
    add(sums, by_player, moments(sums[total]))


def _numbers(grade: int, *, right: bool) -> Numbers:
    numbers = [0] * len(FIELDS)
    numbers[grade], numbers[GRADES + grade] = int(right), 1
    return tuple(numbers)


def site_ability_from(sums: Sums, model_id: int, unit: str) -> SiteAbility | None:
    """Return how people guess against one model in one unit; None where nobody has."""
    pool = _pool(sums, model_id, unit)
    if pool is None:
        return None
    right = np.array([pool.total(field) for field in _RIGHT], dtype=np.float64)
    guesses = np.array([pool.total(field) for field in _GUESSES], dtype=np.float64)
    curve = fit_curve(right, guesses)
    shares = curve.shares
    each = shares * (1 - shares)
    surplus = dict.fromkeys(_RIGHT, 1.0) | dict(zip(_GUESSES, (-shares).tolist(), strict=True))
    informing = dict(zip(_GUESSES, each.tolist(), strict=True))
    between, passage = fit_between(
        _by_kind(pool, surplus),
        float(guesses @ each),
        _by_kind(pool, informing),
        pool.clusters(ClusterKind.PLAYER),
    )
    return SiteAbility(curve, between, passage, guesses / guesses.sum())


def tallies_in(sums: Sums) -> dict[tuple[int, str], Tally]:
    """Return one player's tallies by model and unit, from what the player adds to the sums."""
    keys = [key for key in sums if key[:2] == (TOTAL, ABILITY)]
    return {
        (int(model_id), str(unit)): _tally(sums, int(model_id), str(unit))
        for _, _, model_id, unit in keys
    }


def _tally(sums: Sums, model_id: int, unit: str) -> Tally:
    pool = _pool(sums, model_id, unit)
    if pool is None:
        raise ValueError("the player has not guessed")
    numbers = np.array(pool.totals, dtype=np.float64)
    (_, squares) = _by_kind(pool, dict.fromkeys(_GUESSES, 1.0))
    return Tally(numbers[:GRADES], numbers[GRADES:], squares)


def _by_kind(pool: Pool, weights: dict[str, float]) -> tuple[float, float]:
    """Return the sums over players, and over their passages, of (Σ weight · number)²."""
    exact: Weights = {field: Fraction(weight) for field, weight in weights.items()}
    by_player, by_passage = (float(pool.product(kind, exact, exact)) for kind in _KINDS)
    return by_player, by_passage


def _pool(sums: Sums, model_id: int, unit: str) -> Pool | None:
    total, *kinds = ability_keys(model_id, unit)
    if total not in sums:
        return None
    return Pool(FIELDS, sums[total], dict(zip(_KINDS, (sums[key] for key in kinds), strict=True)))
