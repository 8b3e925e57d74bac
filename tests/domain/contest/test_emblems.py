"""Emblems: distinct when small, and no way back to the player."""

from __future__ import annotations

import secrets

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from server.domain.contest.emblems import CELLS, SEED_CHARACTERS, emblem, emblem_seed

SIDE = 24
PLAYERS = 150


def pixels(seed: str) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return an emblem at 24 by 24 pixels: inked where a pixel's middle is in an odd number."""
    scale = CELLS / SIDE
    middles = (np.arange(SIDE) + 0.4) * scale  # off the diagonals, which belong to either side
    x, y = np.meshgrid(middles, (np.arange(SIDE) + 0.55) * scale)
    inside = np.zeros((SIDE, SIDE), dtype=bool)
    for polygon in emblem(seed).polygons:
        for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            if y1 != y2:
                crosses = (y1 > y) != (y2 > y)
                inside ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside


def test_emblems_differ_at_24_pixels_in_black_and_white() -> None:
    drawn = np.array([pixels(f"player {n}").ravel() for n in range(PLAYERS)])
    differences = (drawn[:, None, :] != drawn[None, :, :]).sum(axis=2)
    apart = differences[np.triu_indices(PLAYERS, 1)]
    assert apart.min() >= 18  # half a cell, mirrored: 2 · 18 pixels but for those on its edge
    assert np.median(apart) > 0.25 * SIDE**2


@given(st.text())
def test_an_emblem_is_neither_empty_nor_full_and_mirrors_itself(seed: str) -> None:
    share = (
        sum(
            abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(p, p[1:] + p[:1], strict=True)))
            / 2
            for p in emblem(seed).polygons
        )
        / CELLS**2
    )
    assert 0.4 <= share <= 0.7
    points = {frozenset(polygon) for polygon in emblem(seed).polygons}
    assert points == {frozenset((CELLS - x, y) for x, y in polygon) for polygon in points}


def test_the_same_seed_gives_the_same_emblem() -> None:
    assert emblem("a") == emblem("a")
    assert emblem("a") != emblem("b")


def test_a_seed_does_not_hold_the_id() -> None:
    public_id = secrets.token_urlsafe(16)
    seed = emblem_seed(public_id)
    assert len(seed) == SEED_CHARACTERS
    assert set(seed) <= set("0123456789abcdef")
    assert seed == emblem_seed(public_id)
    assert seed != emblem_seed(public_id[:-1] + ("A" if public_id[-1] != "A" else "B"))


def test_a_path_draws_every_polygon() -> None:
    shown = emblem("a")
    assert shown.path.count("M") == shown.path.count("Z") == len(shown.polygons)
