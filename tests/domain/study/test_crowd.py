"""The crowd's choice against an independent truth: every draw counted, or answered by formula."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from server.domain.study.crowd import PositionAnswers, crowd_accuracies, plurality_right


def answers(counts: list[int], silent: int, right: int | None, passage: int = 0) -> PositionAnswers:
    return PositionAnswers(passage, np.array(counts, dtype=np.int64), silent, right, True)


def counted_out(counts: list[int], silent: int, right: int, size: int) -> float:
    """Return the same from every possible draw of `size` people."""
    people = [place for place, count in enumerate(counts) for _ in range(count)] + [-1] * silent
    won = []
    for drawn in combinations(people, size):
        votes = [drawn.count(place) for place in range(len(counts))]
        tied = [place for place, n in enumerate(votes) if n == max(votes) and n > 0]
        won.append(1 / len(tied) if right in tied else 0.0)
    return sum(won) / len(won)


@pytest.mark.parametrize(
    ("counts", "silent", "right", "size"),
    [
        ([5, 3, 2], 0, 0, 3),
        ([5, 3, 2], 0, 1, 3),
        ([4, 4], 4, 0, 3),
        ([2, 6, 1, 1], 2, 0, 5),
        ([1, 1, 1, 1, 1, 1], 0, 3, 3),
    ],
)
def test_the_plurality_is_right_as_often_as_in_every_possible_draw(
    counts: list[int], silent: int, right: int, size: int
) -> None:
    generator = np.random.default_rng(1)
    found = plurality_right(answers(counts, silent, right), size, generator, draws=40_000)
    assert found == pytest.approx(counted_out(counts, silent, right, size), abs=0.012)


@pytest.mark.parametrize("size", [1, 10])
def test_one_person_and_everybody_are_exact(size: int) -> None:
    one = answers([6, 3], 1, 0)
    found = plurality_right(one, size, np.random.default_rng(1), draws=3)
    assert found == pytest.approx(counted_out([6, 3], 1, 0, size))


def test_nobody_said_the_author_s_word() -> None:
    assert plurality_right(answers([8, 2], 0, None), 3, np.random.default_rng(1)) == 0


@pytest.mark.parametrize("size", [0, 11])
def test_more_people_than_there_are_cannot_be_drawn(size: int) -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        plurality_right(answers([8, 2], 0, 0), size, np.random.default_rng(1))


def test_a_larger_crowd_is_right_more_often_where_most_know_the_word() -> None:
    places = [answers([18, 7, 5, 5], 5, 0, passage) for passage in range(6)]
    found = crowd_accuracies(places)
    assert [one.size for one in found] == [1, 3, 10, 30]
    values = [one.crowd.value for one in found]
    assert values == sorted(values)
    assert values[-1] > 0.95
    assert {one.person.value for one in found} == {18 / 40}
    assert all(one.model.value == 1 for one in found)
    assert [one.difference.value for one in found] == [pytest.approx(v - 1) for v in values]


def test_each_size_is_over_the_positions_with_so_many_people() -> None:
    places = [answers([6, 4], 0, 0), answers([25, 10], 0, 1, 1)]
    assert [(one.size, one.positions) for one in crowd_accuracies(places)] == [
        *((1, 2), (3, 2), (10, 2), (30, 1))
    ]


def test_the_same_places_give_the_same_numbers() -> None:
    places = [answers([6, 4, 3], 2, 0, passage) for passage in range(3)]
    assert crowd_accuracies(places) == crowd_accuracies(places)
