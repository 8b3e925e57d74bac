"""The order of a model's parts, and the stories' small rules."""

from __future__ import annotations

import doctest

import server.domain.inside.parts
import server.domain.inside.stories
from server.domain.inside.parts import PartKind, part_count, parts_of
from server.domain.inside.stories import layer_on_top


def test_there_are_as_many_parts_as_are_counted() -> None:
    parts = list(parts_of(30, 9))
    assert len(parts) == part_count(30, 9) == len({*parts})
    assert [part.kind for part in (parts[0], parts[-1])] == [
        PartKind.EMBEDDING,
        PartKind.CONSTANT,
    ]


def test_the_examples_are_true() -> None:
    for module in (server.domain.inside.parts, server.domain.inside.stories):
        results = doctest.testmod(module)
        assert results.attempted > 0
        assert results.failed == 0


def test_a_word_that_is_not_known_after_some_layer_is_on_top_where_it_is() -> None:
    assert layer_on_top([None, 1, None, 2]) == 1
    assert layer_on_top([None, None, None, None]) is None


def test_layer_zero_alone_has_not_read_the_context() -> None:
    assert layer_on_top([1, 2, 3, 4]) is None
