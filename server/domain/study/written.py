"""Rows as the records of the interchange format, without what goes without saying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from server.domain.study.interchange import UNIFORM, Row, StudyGuess

_UNSAID: dict[str, object] = {"attempt": 1, "draw": UNIFORM}


def record_of(row: Row) -> dict[str, object]:
    """Return the record that `row_from_record` reads as this row.

    Left out are fields at the value that they have where they are missing. A guess of None, a skip,
    is said; so is whether a word comes.
    """
    always = {"guess", "is_word"} if isinstance(row, StudyGuess) else {"stakes", "offered_logprob"}
    named = {field.name: getattr(row, field.name) for field in fields(row)}
    return {
        name: value
        for name, value in named.items()
        if name in always or not _is_unsaid(name, value)
    }


def _is_unsaid(name: str, value: object) -> bool:
    if name in _UNSAID:
        return value == _UNSAID[name]
    if isinstance(value, Mapping):
        return not value
    return value is None or value is False or (value == "" and name in ("mode", "model"))
