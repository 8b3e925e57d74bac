"""Shannon's bounds, held to hand arithmetic and to known distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.estimators.tries import Tries, tries_bounds
from server.domain.intervals.clusters import Clusters
from server.domain.intervals.of_bets_and_duels import interval


def tries(solved_at: list[int], made: list[int] | None = None, most: int = 5) -> Tries:
    position = np.arange(len(solved_at))
    made = made or [solved or most for solved in solved_at]
    who = Clusters(position % 3, position, position)
    return Tries(np.array(solved_at), np.array(made), who)


def test_four_positions_by_hand() -> None:
    """Two at the first try, one at the second, one not in two, six tokens.

    Lower: (0 + 0 + 2 ln 2 + (3 ln 3 − 2 ln 2))/4 = 3 ln 3/4 = 0.823959. Upper: q = 1/2, 1/4 and 1/4
    spread over 4 tokens, a sixteenth each: 0.346574 + 0.346574 + 0.25·ln 16 = 1.386294.
    """
    bounds = tries_bounds(tries([1, 1, 2, 0], most=2), vocabulary=6)
    assert bounds.lower.value == pytest.approx(0.823959, abs=1e-6)
    assert bounds.upper.value == pytest.approx(1.386294, abs=1e-6)
    assert list(bounds.solved) == [0.5, 0.25]
    assert bounds.unsolved == 0.25


def test_who_is_always_right_at_once_loses_nothing() -> None:
    bounds = tries_bounds(tries([1, 1, 1]), vocabulary=50_257)
    assert bounds.lower.value == bounds.upper.value == 0


def test_who_never_finds_it_in_five_is_charged_between_the_sixth_try_and_the_whole_vocabulary() -> (
    None
):
    bounds = tries_bounds(tries([0, 0]), vocabulary=50_257)
    assert bounds.lower.value == pytest.approx(6 * math.log(6) - 5 * math.log(5))
    assert bounds.upper.value == pytest.approx(math.log(50_252))


def test_who_gives_up_early_is_charged_less_by_the_lower_bound() -> None:
    early = tries_bounds(tries([1, 0], made=[1, 2]), vocabulary=100)
    assert early.lower.value == pytest.approx((3 * math.log(3) - 2 * math.log(2)) / 2)


def test_an_ideal_player_s_loss_lies_between_the_bounds() -> None:
    """Everywhere the same six probabilities, tried in their order: H is their entropy."""
    p = np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04])
    ranks = np.random.default_rng(0).choice(6, 20_000, p=p) + 1
    bounds = tries_bounds(tries([int(rank) if rank <= 3 else 0 for rank in ranks], most=3), 6)
    entropy = float(-(p * np.log(p)).sum())
    assert interval(bounds.lower).high < entropy < interval(bounds.upper).high
    assert bounds.upper.value == pytest.approx(entropy, abs=0.05)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_the_lower_bound_is_below_the_upper_one_whenever_early_tries_solve_more(
    solved_at: list[int],
) -> None:
    ranked = sorted(np.bincount([s for s in solved_at if s], minlength=6)[1:], reverse=True)
    monotone = [rank for rank, count in enumerate(ranked, start=1) for _ in range(count)]
    monotone += [0] * (ranked[4] if monotone else 1)
    bounds = tries_bounds(tries(monotone), vocabulary=50_257)
    assert 0 <= bounds.lower.value <= bounds.upper.value + 1e-12


@given(st.lists(st.integers(0, 5), min_size=2, max_size=40))
def test_the_order_of_positions_changes_nothing(solved_at: list[int]) -> None:
    one = tries_bounds(tries(solved_at), vocabulary=1_000)
    other = tries_bounds(tries(sorted(solved_at)), vocabulary=1_000)
    assert one.lower.value == pytest.approx(other.lower.value)
    assert one.upper.value == pytest.approx(other.upper.value)


def test_what_cannot_be_bounded_is_refused() -> None:
    with pytest.raises(ValueError, match="no positions"):
        tries_bounds(tries([]), vocabulary=100)
    with pytest.raises(ValueError, match="leaves nothing"):
        tries_bounds(tries([0, 1]), vocabulary=5)
