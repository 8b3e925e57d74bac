"""Accuracy with intervals, held to scipy, to published examples and to simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from server.domain.estimators.accuracy import (
    Interval,
    PairedCounts,
    answers_to_settle,
    difference_interval,
    mcnemar_p_value,
    wilson_interval,
)
from tests.domain.examples import repeatable

NOBODY = PairedCounts(0, 0, 0, 0)
cells = st.integers(0, 400)
some_counts = st.builds(PairedCounts, cells, cells, cells, cells).filter(lambda counts: counts.n)


def times(counts: PairedCounts, factor: int) -> PairedCounts:
    """The same rates, from `factor` times as many positions."""
    return PairedCounts(
        counts.both * factor,
        counts.person_only * factor,
        counts.model_only * factor,
        counts.neither * factor,
    )


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
@repeatable
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
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(successes, n)


def test_paired_counts_know_their_number_and_difference() -> None:
    counts = PairedCounts(both=3, person_only=2, model_only=1, neither=6)
    assert counts.n == 12
    assert counts.difference == pytest.approx(1 / 12)  # 5 right against 4, of 12


def test_the_difference_s_interval_is_agresti_and_min_s_on_a_round() -> None:
    """Worked by hand for 3 both, 2 person only, 1 model only, 6 neither, so n = 12.

    With 0.5 in each cell n* = 14, b* = 2.5, c* = 1.5, d* = 1/14 = 0.0714286.
    Variance ((b* + c*)/n* - d*²)/n* = (0.2857143 - 0.0051020)/14 = 0.0200437, its root 0.1415759.
    0.0714286 ± 1.959964 · 0.1415759 = 0.0714286 ± 0.2774837, that is -0.2060551 to 0.3489123.
    """
    interval = difference_interval(PairedCounts(3, 2, 1, 6))
    assert interval.value == pytest.approx(1 / 12)
    assert interval.low == pytest.approx(-0.20606, abs=1e-5)
    assert interval.high == pytest.approx(0.34891, abs=1e-5)
    assert interval.n == 12


def test_the_difference_s_interval_is_agresti_and_min_s_on_a_survey() -> None:
    """Agresti's table of two surveys of 1,600: approval 794 twice, 150 and 86 once, 570 never.

    n* = 1602, b* = 150.5, c* = 86.5, d* = 64/1602 = 0.0399501.
    Variance (237/1602 - d*²)/1602 = (0.1479401 - 0.0015960)/1602 = 0.0000913509, root 0.0095578.
    0.0399501 ± 1.959964 · 0.0095578 = 0.0212172 to 0.0586830.
    """
    interval = difference_interval(PairedCounts(794, 150, 86, 570))
    assert interval.value == 0.04
    assert interval.low == pytest.approx(0.021217, abs=1e-6)
    assert interval.high == pytest.approx(0.058683, abs=1e-6)


@pytest.mark.parametrize("n", [24, 60, 300])
@pytest.mark.parametrize("rates", [(0.2, 0.1, 0.15, 0.55), (0.1, 0.3, 0.1, 0.5)])
def test_the_difference_s_interval_covers_the_truth_as_often_as_it_says(
    n: int, rates: tuple[float, float, float, float]
) -> None:
    truth = rates[1] - rates[2]
    tables = np.random.default_rng(20_240_731).multinomial(n, rates, size=1_500)
    intervals = [difference_interval(PairedCounts(*map(int, table))) for table in tables]
    covered = [interval.low <= truth <= interval.high for interval in intervals]
    assert 0.92 < np.mean(covered) < 0.985


@given(some_counts)
@repeatable
def test_the_difference_s_interval_holds_its_value_within_bounds_and_shrinks(
    counts: PairedCounts,
) -> None:
    interval, later = difference_interval(counts), difference_interval(times(counts, 4))
    assert -1 <= interval.low <= interval.value <= interval.high <= 1
    assert width(later) < width(interval)


@given(some_counts)
@repeatable
def test_swapping_the_sides_turns_the_difference_round(counts: PairedCounts) -> None:
    swapped = PairedCounts(counts.both, counts.model_only, counts.person_only, counts.neither)
    interval, mirror = difference_interval(counts), difference_interval(swapped)
    assert interval.value == -mirror.value
    assert interval.low == pytest.approx(-mirror.high)
    assert mcnemar_p_value(counts) == mcnemar_p_value(swapped)


def test_without_positions_there_is_no_difference() -> None:
    with pytest.raises(ValueError, match="no positions"):
        difference_interval(NOBODY)


def test_mcnemar_of_one_against_seven_is_eighteen_in_256() -> None:
    assert mcnemar_p_value(PairedCounts(4, 1, 7, 9)) == pytest.approx(0.0703125, rel=1e-12)


@pytest.mark.parametrize(
    ("person_only", "model_only"),
    [(1, 0), (0, 5), (2, 2), (3, 4), (1, 7), (30, 55), (480, 520), (4_900, 5_100), (900, 3_000)],
)
def test_mcnemar_agrees_with_scipy(person_only: int, model_only: int) -> None:
    truth = stats.binomtest(person_only, person_only + model_only, 0.5).pvalue
    counts = PairedCounts(10, person_only, model_only, 10)
    assert mcnemar_p_value(counts) == pytest.approx(float(truth), rel=1e-9)


@given(some_counts)
@repeatable
def test_mcnemar_looks_at_discordant_positions_alone(counts: PairedCounts) -> None:
    alone = PairedCounts(0, counts.person_only, counts.model_only, 0)
    assert 0 <= mcnemar_p_value(counts) <= 1
    assert mcnemar_p_value(counts) == mcnemar_p_value(alone)


@pytest.mark.parametrize("counts", [NOBODY, PairedCounts(5, 0, 0, 7), PairedCounts(0, 6, 6, 0)])
def test_mcnemar_of_a_tie_proves_nothing(counts: PairedCounts) -> None:
    assert mcnemar_p_value(counts) == 1.0


@pytest.mark.parametrize(
    "counts", [PairedCounts(0, 12, 0, 0), PairedCounts(0, 0, 9, 3), PairedCounts(794, 150, 86, 570)]
)
def test_a_difference_that_leaves_out_zero_is_settled(counts: PairedCounts) -> None:
    assert answers_to_settle(counts) == 0


@pytest.mark.parametrize("counts", [PairedCounts(6, 0, 0, 6), PairedCounts(0, 3, 3, 6)])
def test_no_number_of_answers_settles_a_tie(counts: PairedCounts) -> None:
    assert answers_to_settle(counts) is None


def test_without_positions_nothing_can_be_settled() -> None:
    with pytest.raises(ValueError, match="no positions"):
        answers_to_settle(NOBODY)


def test_the_answers_that_settle_a_round_are_near_the_plain_formula() -> None:
    """By hand for 2 against 1 of 12: d = 1/12, s = 3/12.

    z²(s - d²)/d² = 1.959964² · (0.25 - 1/144) / (1/144) = 3.841459 · 35 = 134.45: 135 in all, 123
    more. The half observations of the interval want a few more than the plain formula.
    """
    assert answers_to_settle(PairedCounts(3, 2, 1, 6)) == 127


def first_settled_n(counts: PairedCounts) -> int:
    """Search for the first number of positions at which, at these rates, zero is left out."""
    n = counts.n
    person, model = counts.person_only / n, counts.model_only / n
    while True:
        n += 1
        b, c, total = person * n + 0.5, model * n + 0.5, n + 2
        difference = abs(b - c) / total
        variance = ((b + c) / total - difference**2) / total
        if difference > 1.959964 * math.sqrt(variance):
            return n


@given(st.builds(PairedCounts, *[st.integers(0, 12)] * 4).filter(lambda counts: counts.n >= 12))
@repeatable
def test_after_so_many_more_answers_and_no_fewer_the_difference_is_settled(
    counts: PairedCounts,
) -> None:
    more = answers_to_settle(counts)
    assume(more)
    assert more is not None
    assert counts.n + more == first_settled_n(counts)
