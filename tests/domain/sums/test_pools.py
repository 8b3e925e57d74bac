"""Estimates from sums: the same as from the rows, and sums give back what was added."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.estimators.tries import Tries
from server.domain.intervals.clusters import KINDS, Clusters
from server.domain.study.analysis import analyse
from server.domain.study.interchange import row_from_record
from server.domain.sums.contributions import OUTCOME_NAMES, TRIED, tried_contributions
from server.domain.sums.pooled_analysis import pooled_losses
from server.domain.sums.pools import TOTAL, PoolPart, Where, add_answers, pool_of
from server.domain.sums.whole_numbers import (
    CLUSTER,
    Numbers,
    Sums,
    add,
    change,
    changed_moments,
    fixed,
    moments,
    real,
    together,
)

numbers = st.lists(st.integers(-(2**70), 2**70), min_size=3, max_size=3).map(tuple)
some_sums = st.dictionaries(st.sampled_from([("a",), ("b", 1), ("c", "x", 2)]), numbers)


@given(some_sums, some_sums)
def test_what_changed_added_to_the_old_sums_gives_the_new(old: Sums, new: Sums) -> None:
    zeros: Sums = dict.fromkeys(old.keys() | new.keys(), (0, 0, 0))
    assert together([zeros, old, change(new, old)]) == together([zeros, new])


@given(st.lists(numbers, min_size=1))
def test_moments_follow_a_cluster_step_by_step(steps: list[tuple[int, ...]]) -> None:
    key = (CLUSTER, "head", 1, "words", "player", 7)
    held: Sums = {}
    for before, after in pairwise([(0, 0, 0), *steps]):
        for kind, difference in changed_moments({key: before}, {key: after}).items():
            add(held, kind, difference)
    assert held == {("moments", "head", 1, "words", "player"): moments(steps[-1])}


def test_numbers_of_different_lengths_are_not_added() -> None:
    with pytest.raises(ValueError, match="cannot be added"):
        add({("a",): (1, 2)}, ("a",), (1,))


@given(st.floats(-1e4, 1e4))
def test_a_value_is_kept_to_fifteen_places(value: float) -> None:
    assert abs(real(fixed(value)) - Fraction(value)) <= Fraction(1, 2**51)


def test_the_interval_is_the_one_of_the_rows_however_far_the_values_lie_from_zero() -> None:
    """A mean of a million and a spread of a millionth: floats would lose it all in the squares."""
    sums: Sums = {}
    clusters: Sums = {}
    for player, value in enumerate([1e6, 1e6 + 1e-6, 1e6 + 3e-6]):
        x = (1, fixed(value))
        add(sums, (TOTAL, "b", 1, "words"), x)
        for kind in KINDS:
            add(clusters, (CLUSTER, "b", 1, "words", kind, player), x)
    sums |= changed_moments({}, clusters)
    pool = pool_of(sums, "b", ("n", "x"), 1, "words")
    assert pool is not None
    mean = real(pool.total("x")) / 3
    part = PoolPart({"n": -mean / 3, "x": real(1) / 3}, {"n": Fraction(1, 3)})
    found = pool.squares(part)
    # Σ(x − x̄)²/9, where deviations from the mean are −4/3, −1/3 and 5/3 millionths.
    assert found.residuals == pytest.approx(14 / 3 / 9 * 1e-12, rel=1e-6)
    assert found.weights == pytest.approx(1 / 3)


def test_tries_from_sums_give_the_bounds_of_their_rows() -> None:
    draw = np.random.default_rng(5)
    solved = draw.integers(0, 6, 40)
    made = np.where(solved > 0, solved, draw.integers(0, 6, 40))
    player, position = draw.integers(0, 4, 40), np.arange(40)
    tries = Tries(solved, made, Clusters(player, position, position // 8))
    sums: Sums = {}
    answers: list[tuple[Where, Numbers]] = []
    for i, outcome in enumerate(tried_contributions(tries)):
        assert len(outcome) == len(OUTCOME_NAMES)
        answers.append(((int(player[i]), i // 8, i), outcome))
    add_answers(lambda _: sums, (TRIED, 1, "words"), answers)
    clusters = {key: numbers for key, numbers in sums.items() if key[0] == CLUSTER}
    sums |= changed_moments({}, clusters)
    pooled = pooled_losses(sums, 1, "words", "model", 16_384).tries
    rows = [
        row_from_record(record)
        for i in range(40)
        for record in tried(f"p{player[i]}", f"t{i // 8}", i, int(solved[i]), int(made[i]))
    ]
    expected = analyse(rows).tries
    assert pooled is not None
    assert expected is not None
    assert_same(asdict(pooled), asdict(expected))


def tried(player: str, passage: str, at: int, solved: int, made: int) -> list[dict[str, Any]]:
    row = {"player": player, "passage": passage, "position": at, "target": "x", "is_word": True}
    texts = ["x" if attempt == solved else f"no{attempt}" for attempt in range(1, made + 1)]
    return [
        row | {"guess": text, "mode": "tries", "attempt": attempt, "vocabulary": 16_384}
        for attempt, text in enumerate(texts or [None], start=1)
    ]


def assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name in expected:
            assert_same(found[name], expected[name])
    else:
        assert found == pytest.approx(expected, rel=1e-9)
