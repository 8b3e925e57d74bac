"""Whose answers stay out: by how they played."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from server.domain.play.conduct import Conduct, Exclusion, Pace, Verdict, is_outlying, verdict


@pytest.mark.parametrize(
    ("conduct", "reason"),
    [
        (Conduct(False, 12, 10, {"guess": Pace(12, 6)}), None),
        (Conduct(False, 12, 11, {"guess": Pace(12, 0)}), Exclusion.SKIPPING),
        (Conduct(False, 11, 11, {"guess": Pace(11, 11)}), None),
        (Conduct(False, 0, 0, {"duel": Pace(12, 7)}), Exclusion.FAST),
        (Conduct(False, 0, 0, {"duel": Pace(11, 11), "bet": Pace(11, 11)}), None),
        (Conduct(False, 0, 0, {}), None),
        (Conduct(True, 0, 0, {}), Exclusion.FLAGGED),
        (Conduct(False, 24, 0, {}, typed=24, right=24), Exclusion.OUTLYING),
        (Conduct(False, 12, 0, {}, typed=12, right=12), None),
        (Conduct(False, 300, 0, {}, typed=300, right=0), Exclusion.OUTLYING),
    ],
)
def test_a_player_is_left_out_for_how_they_play(conduct: Conduct, reason: Exclusion | None) -> None:
    assert verdict(conduct).reason is reason


def test_speed_leaves_out_the_mode_in_which_it_was_too_high_and_no_other() -> None:
    found = verdict(Conduct(False, 40, 0, {"guess": Pace(40, 3), "duel": Pace(12, 12)}))
    assert found == Verdict(Exclusion.FAST, frozenset({"duel"}))
    assert (found.counts("guess"), found.counts("bet"), found.counts("duel")) == (True, True, False)


def test_a_flag_leaves_out_every_mode() -> None:
    assert not Verdict(Exclusion.FLAGGED).counts("guess")
    assert Verdict(None).counts("guess")


def test_who_outlies_is_what_the_binomial_distribution_says() -> None:
    for n in (1, 12, 19, 60, 179, 180, 600, 5_000):
        for right in {0, 1, n // 50, n // 20, n // 2, n * 6 // 10, n * 7 // 10, n - 1, n}:
            too_good = right > 0.6 * n and binom.sf(right - 1, n, 0.6) < 1e-4
            too_bad = right < 0.05 * n and binom.cdf(right, n, 0.05) < 1e-4
            assert is_outlying(right, n) == (too_good or too_bad), (right, n)


def test_no_known_player_outlies() -> None:
    """The study's best player with many guesses had 32 % of tokens right."""
    assert not is_outlying(3_200, 10_000)
    assert not is_outlying(450, 1_000)
    assert not is_outlying(100, 1_000)
