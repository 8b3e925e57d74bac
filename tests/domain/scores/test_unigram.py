"""The unigram baseline: shares of words, whatever comes before."""

from __future__ import annotations

import math

import pytest

from server.domain.scores.unigram import Unigram, read_table

TABLE = "4\t2\nthe\t6\na\t2\n"


def test_a_table_gives_shares_that_add_up() -> None:
    found = read_table(TABLE)
    assert found == Unigram({"the": 6, "a": 2}, rest=2, unnamed=4)
    named = math.exp(-found.loss_nats("the")) + math.exp(-found.loss_nats("a"))
    assert named + found.unnamed * math.exp(-found.loss_nats("antidote")) == pytest.approx(1)


def test_case_and_space_make_no_difference() -> None:
    found = read_table(TABLE)
    assert found.loss_nats(" The") == found.loss_nats("the") == pytest.approx(-math.log(0.6))
    assert found.is_right(" THE")
    assert not found.is_right(" a")


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(ValueError, match="unpack"):
        read_table("4\t2\nthe\n")
