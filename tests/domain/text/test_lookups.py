"""Texts looked up in little memory give what a dictionary gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.text.lookups import SortedTexts, WordIndex

TEXTS = st.text(alphabet="ab\u00e9\u0939\U0001f600' ", max_size=4)


@given(st.sets(TEXTS), TEXTS)
def test_texts_stand_in_order_and_are_found_at_their_places(texts: set[str], other: str) -> None:
    found = SortedTexts(texts)
    assert list(found) == sorted(texts)
    assert [found.place(text) for text in sorted(texts)] == list(range(len(texts)))
    assert (found.place(other) is not None) is (other in texts)
    assert found[:2] == sorted(texts)[:2]


def test_there_is_nothing_after_the_last() -> None:
    with pytest.raises(IndexError):
        SortedTexts(["a"])[1]


@given(st.dictionaries(TEXTS, st.integers(1, 3)), TEXTS)
def test_words_have_the_ids_and_numbers_that_a_dictionary_gives(
    sizes: dict[str, int], other: str
) -> None:
    ids, by_word = 2, {}
    for word, size in sizes.items():
        by_word[word] = tuple(range(ids, ids + size))
        ids += size
    index = WordIndex(by_word)
    assert len(index) == len(by_word)
    assert all(index.ids(word) == mine for word, mine in by_word.items())
    assert index.ids(other) == by_word.get(other, ())
    expected = [-1, -1, *(n for n, mine in enumerate(by_word.values()) for _ in mine)]
    assert index.numbers(ids).tolist() == expected
