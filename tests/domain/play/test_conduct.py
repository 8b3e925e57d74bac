"""Whose answers stay out: by how they played."""

from __future__ import annotations

import pytest

from server.domain.play.conduct import Conduct, Exclusion, exclusion


@pytest.mark.parametrize(
    ("conduct", "reason"),
    [
        (Conduct(flagged=False, guesses=12, skipped=10, answers=12, fast=6), None),
        (Conduct(flagged=False, guesses=12, skipped=11, answers=12, fast=0), Exclusion.SKIPPING),
        (Conduct(flagged=False, guesses=11, skipped=11, answers=11, fast=11), None),
        (Conduct(flagged=False, guesses=0, skipped=0, answers=12, fast=7), Exclusion.FAST),
        (Conduct(flagged=False, guesses=0, skipped=0, answers=0, fast=0), None),
        (Conduct(flagged=True, guesses=0, skipped=0, answers=0, fast=0), Exclusion.FLAGGED),
    ],
)
def test_a_player_is_left_out_for_how_they_play(conduct: Conduct, reason: Exclusion | None) -> None:
    assert exclusion(conduct) is reason
