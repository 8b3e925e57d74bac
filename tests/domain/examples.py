"""What several property tests share: texts that break programs, and a way to add them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import example
from hypothesis import strategies as st

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"  # one emoji of five characters, 18 bytes
AWKWARD_TEXTS = [
    "",
    f" {FAMILY} plays",
    " cafe\u0301 and caf\u00e9",
    " \u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    " \u0645\u0631\u062d\u0628\u0627\u064b",
    "tab\there",
    "one line\r\nand another",
    "nul\0inside",
    "\ufffd and \ufeff",
]
LONE_SURROGATE = "\ud800"

# Letters, joiners and marks in the mixture where the rules about words are decided.
wordy_texts = st.text(alphabet=" aBé\u0301ſש\u2019'-.\n5_👩", max_size=40)
texts = st.one_of(st.text(max_size=40), wordy_texts)
any_texts = st.text(alphabet=st.characters(), max_size=80) | wordy_texts  # with surrogates


def also(values: list[Any], *others: Any) -> Callable[[Any], Any]:
    """Add an explicit example for each value, with the same other arguments."""

    def decorate(test: Any) -> Any:
        for value in values:
            test = example(value, *others)(test)
        return test

    return decorate
