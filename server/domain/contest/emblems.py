"""Emblems: a small pattern for every player, as geometry that any page or picture can draw.

A pattern of four by four cells, each empty, full or half full along a diagonal, the right half
mirroring the left; one ink, so that no colour is needed to tell two apart. It is drawn from a
one-way hash, so neither the pattern nor its seed leads back to the player's id.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

CELLS = 4  # on a side
SEED_CHARACTERS = 16
_HALF = CELLS // 2
_LEAST_FILLED, _MOST_FILLED = 7, 11  # of the sixteen cells, counting halves as halves
_PURPOSE = b"perplexed emblem"


class Fill(StrEnum):
    """How much of a cell is inked; halves are named by the corner that is."""

    EMPTY = "empty"
    FULL = "full"
    TOP_LEFT = "top left"
    TOP_RIGHT = "top right"
    BOTTOM_RIGHT = "bottom right"
    BOTTOM_LEFT = "bottom left"


_FILLS = tuple(Fill)
_MIRRORED = {
    Fill.TOP_LEFT: Fill.TOP_RIGHT,
    Fill.TOP_RIGHT: Fill.TOP_LEFT,
    Fill.BOTTOM_LEFT: Fill.BOTTOM_RIGHT,
    Fill.BOTTOM_RIGHT: Fill.BOTTOM_LEFT,
}
_CORNERS = {  # of a cell of side 1, in the order that its outline is drawn
    Fill.FULL: ((0, 0), (1, 0), (1, 1), (0, 1)),
    Fill.TOP_LEFT: ((0, 0), (1, 0), (0, 1)),
    Fill.TOP_RIGHT: ((0, 0), (1, 0), (1, 1)),
    Fill.BOTTOM_RIGHT: ((1, 0), (1, 1), (0, 1)),
    Fill.BOTTOM_LEFT: ((0, 0), (1, 1), (0, 1)),
}
Point = tuple[int, int]


@dataclass(frozen=True)
class Emblem:
    """The polygons of a pattern, on a square whose side is CELLS; y grows downwards."""

    polygons: tuple[tuple[Point, ...], ...]

    @property
    def path(self) -> str:
        """The polygons as the `d` of an SVG path, for a viewBox of 0 0 4 4."""
        return "".join(
            "M" + "L".join(f"{x} {y}" for x, y in polygon) + "Z" for polygon in self.polygons
        )


def emblem_seed(public_id: str) -> str:
    """Return the seed of a player's emblem: 64 bits of a hash, which the id can't be read from."""
    digest = hashlib.blake2b(public_id.encode("utf-8"), person=_PURPOSE, digest_size=8)
    return digest.hexdigest()


def emblem(seed: str) -> Emblem:
    """Return the emblem of a seed, which may be any text; the same seed, the same emblem.

    About a million patterns: those that are nearly empty or nearly full are passed over.
    """
    attempt = 0
    while True:
        digest = hashlib.blake2b(f"{attempt}:{seed}".encode(), person=_PURPOSE).digest()
        left = [_FILLS[byte % len(_FILLS)] for byte in digest[: CELLS * _HALF]]
        if _LEAST_FILLED <= 2 * sum(map(_inked, left)) <= _MOST_FILLED:
            return Emblem(tuple(_polygons(left)))
        attempt += 1


def _inked(fill: Fill) -> float:
    return {Fill.EMPTY: 0.0, Fill.FULL: 1.0}.get(fill, 0.5)


def _polygons(left: list[Fill]) -> list[tuple[Point, ...]]:
    """Return the outlines of a pattern, from the cells of its left half, row by row."""
    polygons = []
    for index, fill in enumerate(left):
        row, column = divmod(index, _HALF)
        mirrored = _MIRRORED.get(fill, fill)
        for kind, x in ((fill, column), (mirrored, CELLS - 1 - column)):
            if kind is not Fill.EMPTY:
                polygons.append(tuple((x + dx, row + dy) for dx, dy in _CORNERS[kind]))
    return polygons
