"""Accuracy with intervals, held to scipy, to published examples and to simulation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from server.domain.estimators.accuracy import Interval, PairedCounts, together, wilson_interval


def width(interval: Interval) -> float:
    return interval.high - interval.low


@pytest.mark.parametrize(
    ("successes", "n"), [(0, 1), (1, 1), (0, 12), (5, 12), (12, 12), (81, 263), (5_374, 18_530)]
)
def test_wilson_agrees_with_scipy(successes: int, n: int) -> None:
    truth = stats.binomtest(successes, n).proportion_ci(method="wilson")
    interval = wilson_interval(successes, n)
    assert interval.value == successes / n
    assert interval.low == pytest.approx(float(truth.low), abs=1e-12)
    assert interval.high == pytest.approx(float(truth.high), abs=1e-12)
    assert interval.n == n


def test_wilson_gives_the_published_interval_of_81_in_263() -> None:
    interval = wilson_interval(81, 263)
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.2553, 0.3662)


@given(st.integers(1, 2_000), st.data())
def test_wilson_holds_its_value_within_bounds_and_shrinks(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    interval, later = wilson_interval(successes, n), wilson_interval(4 * successes, 4 * n)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert width(later) < width(interval)


def test_wilson_of_nothing_right_is_not_nothing_at_all() -> None:
    interval = wilson_interval(0, 12)
    assert interval.low == 0.0
    assert interval.high > 0.2


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5), (1, 0)])
def test_wilson_refuses_what_is_no_share(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="not a share"):
        wilson_interval(successes, n)


def test_paired_counts_know_their_number_and_difference() -> None:
    counts = PairedCounts(both=3, person_only=2, model_only=1, neither=6)
    assert counts.n == 12
    assert counts.difference == pytest.approx(1 / 12)  # 5 right against 4, of 12


def test_without_positions_there_is_no_difference() -> None:
    with pytest.raises(ValueError, match="no positions"):
        _ = PairedCounts(0, 0, 0, 0).difference


def test_counts_of_several_passages_add_up() -> None:
    assert together([PairedCounts(1, 2, 3, 4), PairedCounts(5, 0, 1, 0)]) == PairedCounts(
        6, 2, 4, 4
    )
