"""Answers into sums: in all, by cluster, and the products of what a player's own clusters hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from server.domain.estimators.variance_components import ClusterKind
from server.domain.sums.pools import TOTAL
from server.domain.sums.whole_numbers import CLUSTER, MOMENTS, Numbers, Sums, add, moments

Block = tuple[str, int, str]  # what is analysed together; of which model and unit
Where = tuple[int, int, int]  # player, passage, position


def add_answers(
    sums_of: Callable[[int], Sums], block: Block, answers: Iterable[tuple[Where, Numbers]]
) -> None:
    """Add the numbers of some answers to the sums of whoever contributes them, by player.

    All that a player answered in one passage must be among them: what a player says there, or at
    one position, is a cluster that nobody else adds to, so its moments are final at once.
    """
    own: Sums = {}
    for where, numbers in answers:
        player, passage, position = where
        sums = sums_of(player)
        add(sums, (TOTAL, *block), numbers)
        add(sums, (CLUSTER, *block, ClusterKind.PLAYER.value, player), numbers)
        add(sums, (CLUSTER, *block, ClusterKind.POSITION.value, passage, position), numbers)
        add(sums, (CLUSTER, *block, ClusterKind.PASSAGE.value, passage), numbers)
        add(own, (player, ClusterKind.PLAYER_PASSAGE.value, passage), numbers)
        add(own, (player, ClusterKind.ANSWER.value, passage, position), numbers)
    for (owner, kind, *_), numbers in own.items():
        add(sums_of(int(owner)), (MOMENTS, *block, kind), moments(numbers))
