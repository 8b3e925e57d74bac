"""Rows that stand in two files: an export of Tuesday holds Monday's too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from server.domain.study.interchange import BetRow, GuessRow, Row


class Overlap:
    """What files hold so far; each further file's rows are told apart from it."""

    def __init__(self) -> None:
        self._answers: Counter[Hashable] = Counter()
        self._counted: Counter[Hashable] = Counter()  # who gave these is not known

    def new_rows(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows of one file that no earlier file holds, and remember all.

        What stands twice in the same file stays: a player may well say the same twice. So where an
        earlier file holds an answer k times, this one's first k are the same ones.
        """
        here: Counter[Hashable] = Counter()
        new = []
        for row in rows:
            key = _identity(row)
            here[key] += 1
            if here[key] > self._answers[key]:
                new.append(row)
        self._answers |= here
        return new

    def are_new(self, counted: Sequence[GuessRow]) -> bool:
        """Tell whether one file's answers, only counted, are not all in an earlier file; remember.

        Two studies' people give the same answers, so that no row alone is known again.
        """
        here = Counter[Hashable](
            (row.passage, row.position, row.guess, row.target) for row in counted
        )
        new = not here <= self._counted
        self._counted |= here
        return new


def _identity(row: Row) -> Hashable:
    """Return what an answer is known by, whatever later exports say about it."""
    if isinstance(row, GuessRow):
        where = (row.player, row.passage, row.position, row.unit)
        return (*where, row.mode, row.assisted, row.attempt, row.guess, row.target, row.model)
    if isinstance(row, BetRow):
        stakes = tuple(sorted(row.stakes.items()))
        return row.player, row.passage, row.position, row.unit, row.target, stakes, row.other
    odds = row.target_logprob[row.generator], row.rival_logprob[row.generator]
    return row.player, row.question, row.generator, row.tail, row.p_target, *odds
