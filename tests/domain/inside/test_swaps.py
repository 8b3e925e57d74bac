"""Shares of a swap, and which parts are told by them."""

from __future__ import annotations

import numpy as np
import pytest

from server.domain.errors import InvalidInput
from server.domain.inside.ablation import piece_of
from server.domain.inside.swaps import Direction, Site, SwapMaps, normalised, telling_parts


def maps(heads: tuple[list[float], list[float]], mlps: tuple[list[float], list[float]]) -> SwapMaps:
    """Return maps of one layer: enough and needed of its heads, and of its MLP by position."""
    sites = {
        direction: dict.fromkeys(Site, np.zeros((1, 2))) | {Site.MLP: np.array([values])}
        for direction, values in zip(Direction, mlps, strict=True)
    }
    by_head = {d: np.array([values]) for d, values in zip(Direction, heads, strict=True)}
    return SwapMaps(("a", "b"), ("a", "c"), 1.0, -1.0, sites, by_head)


def test_a_share_is_0_for_no_change_and_1_for_the_other_run() -> None:
    np.testing.assert_allclose(
        normalised(np.array([3.0, -1.0, 1.0, 4.0]), 3.0, -1.0), [0, 1, 0.5, -0.25]
    )


def test_runs_that_say_the_same_have_no_shares() -> None:
    with pytest.raises(InvalidInput, match="nothing to swap"):
        normalised(np.array([1.0]), 1.0, 1.0 + 1e-4)


def test_parts_are_told_by_both_directions_strongest_first() -> None:
    found = maps(([0.1, 0.9, 0.6], [0.8, 0.1, 0.7]), ([0.0, 0.2], [0.0, 0.95]))
    needed = telling_parts(found, enough=False, needed=True)
    assert [(part.site, part.place) for part in needed] == [(Site.MLP, 1), (None, 0)]
    enough = telling_parts(found, enough=True, needed=False)
    assert [(part.site, part.place, part.enough) for part in enough] == [(None, 1, 0.9)]
    both = telling_parts(found, enough=True, needed=True)
    assert [(part.site, part.place) for part in both] == [(None, 2)]


def test_pieces_of_the_context_hold_sixteen_columns() -> None:
    pieces = [piece_of(range(1, 36), piece)[0] for piece in range(3)]
    assert [len(piece) for piece in pieces] == [16, 16, 3]
    assert [column for piece in pieces for column in piece] == list(range(1, 36))
    for piece in (-1, 3):
        with pytest.raises(InvalidInput, match="0 to 2 are allowed"):
            piece_of(range(1, 36), piece)
