"""Values as other programs write them have one meaning, or are left for the reader to refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.study.cells import FIELDS, tidied
from server.domain.study.norms import without_marks
from tests.domain.rows import bet, comparison, guess

NAN = float("nan")


@pytest.mark.parametrize(
    ("field", "value", "plain"),
    [
        ("position", 10.0, 10),
        ("position", "10,0", 10),
        ("position", [10], 10),
        ("position", "1,000", "1,000"),
        ("position", 10.5, 10.5),
        ("player", 7.0, 7),
        ("is_word", 0.0, False),
        ("is_word", "FALSCH", False),
        ("is_word", 2, 2),
        ("p_target", [[0.5]], 0.5),
        ("p_target", "half", "half"),
        ("target_logprob", {"m": "-2,5", "k": NAN}, {"m": -2.5}),
        ("target_logprob", {"m": [-2.5]}, {"m": -2.5}),
        ("target_logprob", [("m", -2.5)], {"m": -2.5}),
        ("stakes", '{" cat": 1}', {" cat": 1}),
        ("stakes", "a lot", "a lot"),
        ("offered_logprob", {"m": {" cat": -1.0, " dog": None}}, {"m": {" cat": -1.0}}),
        ("guess", "NA", "NA"),
        ("shoe_size", [NAN, 1], [NAN, 1]),
    ],
)
def test_a_value_is_read_by_the_kind_of_its_field(field: str, value: Any, plain: Any) -> None:
    assert tidied({field: value}) == {field: plain}


@pytest.mark.parametrize("nothing", [None, NAN, [], [None], {}])
def test_a_guess_of_nothing_is_a_skip_and_other_fields_of_nothing_are_left_out(
    nothing: object,
) -> None:
    assert tidied({"guess": nothing, "unit": nothing}) == {"guess": None}
    assert tidied({"guess": nothing, "p_target": 0.5}) == {"p_target": 0.5}


@pytest.mark.parametrize("record", [guess(), guess(guess=None), bet(), comparison()])
def test_what_is_in_the_format_stays_as_it_is(record: dict[str, Any]) -> None:
    assert tidied(record) == record


@given(
    st.dictionaries(
        st.sampled_from(sorted(FIELDS)),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=4),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
            max_leaves=4,
        ),
        max_size=4,
    )
)
def test_tidying_never_fails_and_a_second_time_changes_nothing(record: dict[str, Any]) -> None:
    assert tidied(tidied(record)) == tidied(record)


@pytest.mark.parametrize(
    ("word", "bare"),
    [("“lake,”", "lake"), ("o’clock.", "o’clock"), ("cafe\u0301!", "cafe\u0301"), ("--", "--")],
)
def test_marks_around_a_word_go(word: str, bare: str) -> None:
    assert without_marks(word) == bare
