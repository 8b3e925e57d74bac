"""A text longer than a model's window, read in windows that overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """Tokens start..stop-1 are read together; only kept..stop-1 are scored from this reading."""

    start: int
    kept: int
    stop: int


def windows(tokens: int, size: int) -> Iterator[Window]:
    """Yield windows of at most `size` tokens that together score each token once, in order.

    The first reads from the beginning; each further one scores half a window of tokens after at
    least half a window of context, so that no token is predicted from little where there is more.

    >>> [(window.start, window.kept, window.stop) for window in windows(7, 4)]
    [(0, 0, 4), (2, 4, 6), (3, 6, 7)]
    """
    scored = min(tokens, size)
    yield Window(0, 0, scored)
    step = max(1, size // 2)
    while scored < tokens:
        stop = min(tokens, scored + step)
        yield Window(max(0, stop - size), scored, stop)
        scored = stop
