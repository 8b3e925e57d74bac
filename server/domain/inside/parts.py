"""The parts of a model that add to its residual stream, in the order in which traces keep them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class PartKind(StrEnum):
    """What adds to the residual stream, and so to every word's logit."""

    EMBEDDING = "embedding"  # the last token itself, and its place
    HEAD = "head"
    ATTENTION = "attention"  # what a layer's attention adds whatever its heads say: its bias
    MLP = "mlp"
    CONSTANT = "constant"  # what the final norm and the head add to whatever comes


@dataclass(frozen=True)
class Part:
    """One part; layers and heads are counted from 1, as pages do."""

    kind: PartKind
    layer: int | None = None
    head: int | None = None


def parts_of(layers: int, heads: int) -> Iterator[Part]:
    """Yield the parts of a model of so many layers, each with so many heads, in stored order.

    >>> [(part.kind.value, part.layer, part.head) for part in parts_of(1, 2)][:3]
    [('embedding', None, None), ('head', 1, 1), ('head', 1, 2)]
    """
    yield Part(PartKind.EMBEDDING)
    for layer in range(1, layers + 1):
        for head in range(1, heads + 1):
            yield Part(PartKind.HEAD, layer, head)
        yield Part(PartKind.ATTENTION, layer)
        yield Part(PartKind.MLP, layer)
    yield Part(PartKind.CONSTANT)


def part_count(layers: int, heads: int) -> int:
    """Return how many parts `parts_of` yields.

    >>> part_count(5, 5), len(list(parts_of(5, 5)))
    (37, 37)
    """
    return 2 + layers * (heads + 2)
