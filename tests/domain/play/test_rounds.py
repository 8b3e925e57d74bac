"""The rules of a round: which positions are asked, and what is asked now."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from server.domain.play.rounds import (
    MINIMUM_CONTEXT_TOKENS,
    POSITIONS_PER_ROUND,
    Mode,
    asked_positions,
    mixed_positions,
    next_position,
    points_bits,
    seeded_generator,
    shuffled_positions,
)
from server.domain.text.tokens import TokenizedText, Unit

# 100 tokens, every second one a word: 40 word positions behind the first 20 tokens.
LONG = TokenizedText([b" word", b","] * 50)
ELIGIBLE_WORDS = list(range(20, 100, 2))

pieces = st.lists(
    st.sampled_from([b" the", b" cat", b".", b"ing", b"\n", " été".encode(), "é".encode(), b""]),
    max_size=80,
)
seeds = st.tuples(st.text(max_size=8), st.text(max_size=8))
units = st.sampled_from(Unit)


def asked(text: TokenizedText, unit: Unit, seed: Sequence[str]) -> list[int]:
    return asked_positions(shuffled_positions(text, unit, (*seed, unit)))


def drawn(seed: int, unit: Unit = Unit.WORDS, text: TokenizedText = LONG) -> list[int]:
    return asked(text, unit, (f"passage {seed}", "model"))


def test_there_are_twelve_positions_behind_twenty_tokens_of_context() -> None:
    assert (POSITIONS_PER_ROUND, MINIMUM_CONTEXT_TOKENS) == (12, 20)


@given(pieces, seeds, units)
def test_asked_positions_are_eligible_ascending_and_at_most_twelve(
    cut: list[bytes], seed: tuple[str, str], unit: Unit
) -> None:
    text = TokenizedText(cut)
    positions = asked(text, unit, seed)
    eligible = [p for p in range(20, len(text)) if text.eligible(unit, p)]
    assert set(positions) <= set(eligible)
    assert all(earlier < later for earlier, later in pairwise(positions))
    assert len(positions) == min(12, len(eligible))
    assert all(type(position) is int for position in positions)


@given(pieces, seeds, units)
def test_the_same_passage_and_model_are_asked_the_same_positions(
    cut: list[bytes], seed: tuple[str, str], unit: Unit
) -> None:
    text = TokenizedText(cut)
    assert asked(text, unit, seed) == asked(text, unit, list(seed))


def test_other_seeds_draw_other_positions() -> None:
    draws = {tuple(drawn(seed)) for seed in range(50)}
    assert len(draws) == 50  # of C(40, 12) = 5,586,853,480 equally likely draws


def test_the_units_draw_apart() -> None:
    text = TokenizedText([b" word"] * 100)  # every position is eligible in both
    assert drawn(1, Unit.WORDS, text) != drawn(1, Unit.TOKENS, text)


def test_passage_and_model_both_count_for_the_draw() -> None:
    draws = {
        tuple(asked(LONG, Unit.WORDS, seed))
        for seed in [("a", "b"), ("a", "c"), ("d", "b"), ("b", "a"), ("ab", "")]
    }
    assert len(draws) == 5


def test_every_eligible_position_is_asked_equally_often() -> None:
    """Chi-square over 1,000 seeds.

    A draw of k of m positions without replacement leaves each count the variance E(1 - k/m) and
    the covariance that makes (m - 1) / m · Σ (count - E)² / (E(1 - k/m)) chi-square with m - 1
    degrees of freedom.
    """
    repetitions, m = 1_000, len(ELIGIBLE_WORDS)
    counts = dict.fromkeys(ELIGIBLE_WORDS, 0)
    for seed in range(repetitions):
        for position in drawn(seed):
            counts[position] += 1
    share = POSITIONS_PER_ROUND / m
    expected = repetitions * share
    squares = sum((count - expected) ** 2 for count in counts.values())
    statistic = (m - 1) / m * squares / (expected * (1 - share))
    assert 0.001 < stats.chi2.sf(statistic, m - 1) < 0.999


@pytest.mark.parametrize("unit", Unit)
def test_a_passage_without_an_eligible_position_asks_nothing(unit: Unit) -> None:
    assert asked(TokenizedText([b" word"] * 20), unit, ("a", "b")) == []
    assert asked(TokenizedText([]), unit, ("a", "b")) == []


def test_the_first_position_that_can_be_asked_has_twenty_tokens_before_it() -> None:
    assert asked(TokenizedText([b" word"] * 21), Unit.WORDS, ("a", "b")) == [20]


def test_a_generator_depends_on_its_texts_alone() -> None:
    first, again, other = (seeded_generator(*s).random() for s in ("ab", "ab", "ba"))
    assert first == again
    assert first != other


def test_a_generator_tells_apart_where_one_text_ends() -> None:
    assert seeded_generator("ab", "c").random() != seeded_generator("a", "bc").random()


ASKED = [23, 31, 40]


@pytest.mark.parametrize(("settled", "position"), [(0, 23), (1, 31), (2, 40), (3, None)])
def test_positions_are_asked_in_order(settled: int, position: int | None) -> None:
    assert next_position(ASKED, settled) == position


def test_a_round_that_asks_nothing_is_finished() -> None:
    assert next_position([], 0) is None


def test_a_mode_is_written_as_its_name() -> None:
    assert f"{Mode.GUESS}" == "guess"


def test_a_right_answer_is_worth_the_surprise_of_its_target_in_bits() -> None:
    one_in_eight_nats = math.log(8)
    assert points_bits(one_in_eight_nats, right=True) == pytest.approx(3)
    assert points_bits(one_in_eight_nats, right=False) == 0
    assert points_bits(0.0, right=True) == 0


def mixed(seed: int, entropies: np.ndarray) -> list[int]:
    return mixed_positions(ELIGIBLE_WORDS, entropies, (f"passage {seed}", "mixed"))


def test_a_mixed_draw_has_four_words_of_each_third_of_the_entropies() -> None:
    entropies = np.random.default_rng(1).random(100).astype(np.float32)
    by_entropy = sorted(ELIGIBLE_WORDS, key=lambda position: entropies[position])
    thirds = [set(by_entropy[:14]), set(by_entropy[14:27]), set(by_entropy[27:])]
    for seed in range(20):
        positions = mixed(seed, entropies)
        assert positions == sorted(set(positions))
        assert [len(third & set(positions)) for third in thirds] == [4, 4, 4]


def test_a_mixed_draw_is_uniform_within_each_third() -> None:
    entropies = np.arange(100, dtype=np.float32)
    drawn_often = Counter(position for seed in range(3_000) for position in mixed(seed, entropies))
    for third in (ELIGIBLE_WORDS[:14], ELIGIBLE_WORDS[14:27], ELIGIBLE_WORDS[27:]):
        observed = [drawn_often[position] for position in third]
        assert stats.chisquare(observed).pvalue > 0.001


def test_a_mixed_draw_depends_on_its_seed_alone() -> None:
    entropies = np.random.default_rng(2).random(100).astype(np.float32)
    assert mixed(1, entropies) == mixed(1, entropies)
    assert mixed(1, entropies) != mixed(2, entropies)


def test_fewer_than_twelve_words_give_no_mixed_draw() -> None:
    entropies = np.zeros(100, dtype=np.float32)
    assert mixed_positions(ELIGIBLE_WORDS[:11], entropies, ("few",)) == []
    assert len(mixed_positions(ELIGIBLE_WORDS[:12], entropies, ("just enough",))) == 12
