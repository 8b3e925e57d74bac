"""Words' surprisals from tokens, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from server.domain.study.surprisal import TokenLogprobs, token_surprisals, word_surprisals


def read(
    pieces: list[bytes], halves: list[int], space: list[float], end: list[float]
) -> TokenLogprobs:
    """Tokens of 2^-halves, with the probabilities that white space comes, and that a word ends."""
    return TokenLogprobs(
        tuple(pieces),
        np.array([*halves, 0]) * -np.log(2),
        np.log(np.array(space)),
        np.log(np.array(end)),
    )


LAKE = read(
    [b"A", b" la", b"ke", b".", b" \xe2\x80", b"\x9cHe", b"\xe2\x80\x9d", b"\n", b"\n"],
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    [0.5, 0.5, 0.25, 0.5, 0.5, 0.125, 0.5, 0.25, 0.5, 0.5],
    [0.5, 0.5, 0.25, 1.0, 0.5, 0.25, 0.5, 1.0, 1.0, 1.0],
)


def test_a_word_pays_for_its_end_and_gets_back_what_the_one_before_it_paid() -> None:
    first, second, third = word_surprisals(LAKE)
    # A: 2^-1, and white space comes with 1/2; nothing ends before the text.
    assert (first.word, first.start, first.tokens) == ("A", 0, 1)
    assert (first.token_sum_bits, first.surprisal_bits) == pytest.approx((1, 2))
    # lake.: 2^-9, white space behind it with 1/2, and given back the 1/2 before it.
    assert (second.word, second.start, second.tokens) == ("lake.", 2, 3)
    assert (second.token_sum_bits, second.surprisal_bits) == pytest.approx((9, 9 + 1 - 1))
    # “He”: three tokens of 18 bits, white space behind it with 1/4.
    assert (third.word, third.start, third.tokens) == ("“He”", 8, 3)
    assert (third.token_sum_bits, third.surprisal_bits) == pytest.approx((18, 18 + 2 - 1))


def test_a_word_without_its_marks_may_be_ended_by_one() -> None:
    first, second, third = word_surprisals(LAKE)
    assert first.bare_surprisal_bits == pytest.approx(1 + 1)
    # lake: 2^-5; then a mark or white space surely; given back the 1/2 of the end before it.
    assert second.bare_surprisal_bits == pytest.approx(5 + 0 - 1)
    # The quotation mark's last byte is in one token with He.
    assert third.bare_surprisal_bits is None


def test_a_word_whose_border_is_inside_a_token_is_not_known() -> None:
    over = read([b"He", b".\n\n", b"She"], [1, 2, 3], [0.5] * 4, [0.5] * 4)
    words = list(word_surprisals(over))
    assert [word.surprisal_bits for word in words] == [None, None]
    assert [word.bare_surprisal_bits for word in words] == [pytest.approx(2), None]
    assert [word.tokens for word in words] == [2, 1]


def test_tokens_belong_to_the_word_they_lead_to() -> None:
    tokens = list(token_surprisals(LAKE))
    assert [token.word for token in tokens] == [1, 2, 2, 2, 3, 3, 3, 0, 0]
    assert [token.surprisal_bits for token in tokens] == pytest.approx(range(1, 10))
    assert tokens[4].token == " \ufffd"


def test_surprisals_add_up_to_the_text_s() -> None:
    numbers = np.random.default_rng(5)
    pieces = [b"One", b" two", b" th", b"ree,", b"\n", b"\n", b"four", b" five", b"."]
    tokens = TokenLogprobs(tuple(pieces), *np.log(numbers.uniform(size=(3, len(pieces) + 1))))
    total = sum(word.surprisal_bits or 0 for word in word_surprisals(tokens))
    assert total == pytest.approx(
        -(tokens.logprob[:-1].sum() + tokens.space_log_mass[-1]) / np.log(2)
    )
