"""What two histories on the same passages come to when they turn out to be one person's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


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
