"""When a round's answers count in the public statistics: after a wait, and within a share.

An address may contribute so many rounds a day. Its keyed hash is kept for that day with a number of
rounds, and never beside a round, a player or an answer: a round knows only whether it counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from server.store.engine import writing
from server.store.operations import waiting as stored
from server.store.tables import RoundRow


@dataclass(frozen=True)
class Admission:
    """The wait before a round counts, and what one address may contribute in a day.

    `address` is the keyed hash of the address that a request came from; None where it is not known
    or where there is no limit.
    """

    wait: timedelta = timedelta(0)
    rounds_of_address: int = 0  # 0: any number
    address: str | None = None

    def begun(self, session: Session, row: RoundRow, now: datetime) -> None:
        """Decide whether a new round may ever count; called in the transaction that begins it.

        Repeated rounds and practice, which count nowhere, take nothing from the address's share.
        """
        row.counts, row.counts_from = True, None
        if row.repeated or row.practice or not self.rounds_of_address or self.address is None:
            return
        begun = stored.count_round_of(session, now.date(), self.address)
        row.counts = begun <= self.rounds_of_address

    def answered(self, row: RoundRow, now: datetime) -> tuple[bool, datetime | None]:
        """Return whether a round counts now, and from when on it may: it waits from each answer."""
        if self.wait and (row.counts or row.counts_from is not None):
            return False, now + self.wait
        return row.counts, row.counts_from


AT_ONCE = Admission()


def release(session: Session, now: datetime) -> None:
    """Let the rounds count whose wait is over, and forget the addresses of earlier days."""
    while stored.anything_is_due(session, now):
        with writing(session):
            stored.release_due(session, now)
