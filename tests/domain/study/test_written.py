"""Rows are written as records that read as the same rows."""

from __future__ import annotations

from typing import Any

import pytest

from server.domain.study.interchange import row_from_record
from server.domain.study.written import record_of
from tests.domain.rows import bet, comparison, guess


@pytest.mark.parametrize(
    "record",
    [
        guess(),
        guess(
            guess=None, is_word=False, attempt=3, assisted=True, vocabulary=50_257, excluded=True
        ),
        bet(),
        bet(stakes={}, other=1, offered_logprob={"minnow": {}}, repeated=True),
        comparison(),
        comparison(passage="9", position=0, tail=True, unit="words", p_target=0),
    ],
)
def test_a_row_is_read_again_as_it_was_written(record: dict[str, Any]) -> None:
    row = row_from_record(record)
    assert row_from_record(record_of(row)) == row


def test_what_goes_without_saying_is_not_written() -> None:
    needed = {"player": "p", "passage": "1", "position": 4, "guess": None, "target": "a"}
    assert record_of(row_from_record(needed | {"is_word": False})) == needed | {"is_word": False}
