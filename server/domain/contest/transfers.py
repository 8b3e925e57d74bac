"""A player moves to another browser: the code that is typed there, and two histories joined."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.errors import InvalidInput

# No I beside L, no O beside Q, no S, U, V or Z, which a hand or a font makes alike.
TRANSFER_LETTERS = "ABCDEFGHJKLMNPRTWXY"
TRANSFER_CODE_LETTERS = 8
TRANSFER_LASTS = timedelta(minutes=10)


def read_transfer_code(text: str) -> str:
    """Return a typed code in capitals without spaces and dashes; raise InvalidInput, field `code`.

    >>> read_transfer_code("abcd-efgh")
    'ABCDEFGH'
    """
    code = re.sub(r"[\s-]", "", text).upper()
    if len(code) != TRANSFER_CODE_LETTERS or not set(code) <= set(TRANSFER_LETTERS):
        raise InvalidInput(
            "code", f"A code is {TRANSFER_CODE_LETTERS} letters of {TRANSFER_LETTERS}."
        )
    return code


@dataclass(frozen=True)
class Sitting:
    """One round on a passage; `finished_at` is None while it goes on."""

    round_id: int
    started_at: datetime
    finished_at: datetime | None


def repeated_sittings(sittings: Sequence[Sitting]) -> list[int]:
    """Return the ids of the rounds on one passage whose player could have known its words.

    That is every round but the first; and the first too where another began before it was finished,
    as when somebody begins a second round beside an open one.
    """
    first, *later = sorted(sittings, key=lambda sitting: (sitting.started_at, sitting.round_id))
    if not later:
        return []
    was_open = first.finished_at is None or later[0].started_at < first.finished_at
    repeated = [sitting.round_id for sitting in later]
    return [first.round_id, *repeated] if was_open else repeated
