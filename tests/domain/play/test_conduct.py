"""Whose answers stay out: by how they played."""

from __future__ import annotations

import pytest

from server.domain.play.conduct import Conduct, Exclusion, Pace, Verdict, verdict


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
