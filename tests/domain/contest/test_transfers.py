"""Codes that people type to move to another browser."""

from __future__ import annotations

import pytest

from server.domain.contest.transfers import (
    TRANSFER_CODE_LETTERS,
    TRANSFER_LETTERS,
    read_transfer_code,
)
from server.domain.errors import InvalidInput


@pytest.mark.parametrize("text", ["ABCDEFGH", "abcd efgh", " abcd-efgh ", "AB CD EF GH"])
def test_a_code_is_read_however_it_was_typed(text: str) -> None:
    assert read_transfer_code(text) == "ABCDEFGH"


@pytest.mark.parametrize("text", ["", "ABCDEFG", "ABCDEFGHJ", "ABCDEFG1", "ABCDEFGI", "ABCDÉFGH"])
def test_what_is_no_code_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_transfer_code(text)
    assert refusal.value.field == "code"


def test_no_letter_of_a_code_looks_like_another() -> None:
    for alike in ("IL1", "OQ0", "S5", "UV", "Z2"):
        assert len(set(alike) & set(TRANSFER_LETTERS)) <= 1
    assert len(TRANSFER_LETTERS) ** TRANSFER_CODE_LETTERS > 10**10
