"""One study of one player through the real services, analysed as a study's files are."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.oracle.answers import Answers
from benchmarks.oracle.places import Places
from benchmarks.oracle.play import Mind, Table, opened, words_by_number
from benchmarks.oracle.players import ModelPlayer
from benchmarks.oracle.rows import exported_rows
from server.domain.estimators.accuracy import Interval
from server.domain.estimators.arrays import IntArray
from server.domain.estimators.duels import excess_estimate
from server.domain.intervals.of_bets_and_duels import interval
from server.domain.study.analysis import analyse
from server.domain.study.columns import Codes, judged_columns
from server.domain.study.interchange import Row, StudyComparison
from server.lm.loaded import LoadedModel
from server.services.research.oracle import PlayedRow, Range


@dataclass(frozen=True)
class Study:
    """Passages that are scored in a database nobody has played in yet, and their places."""

    database: Path
    loaded: LoadedModel
    texts: Sequence[str]  # of the passages, as `places` counts them
    places: Places

    def played(self, player: ModelPlayer, answers: Answers) -> PlayedRow:
        """Let players of one kind play everything in a copy of the database."""
        copy = self.database.with_name("played.sqlite3")
        shutil.copy(self.database, copy)
        with opened(copy) as session:
            mind = Mind(
                player,
                answers,
                self._rows(),
                self.loaded.vocabulary,
                words_by_number(self.loaded.vocabulary),
            )
            table = Table(session, self.loaded.identity, mind)
            table.play_everything()
            rows = exported_rows(session)
            truth = player.true_loss(self.places, self._asked(table.texts()))
        for leftover in copy.parent.glob(f"{copy.name}*"):
            leftover.unlink()
        return _row(player, answers, truth, rows, self.loaded.identity.name)

    def _rows(self) -> dict[tuple[str, int], int]:
        places = zip(self.places.passage, self.places.position, strict=True)
        return {
            (self.texts[passage], int(position)): row
            for row, (passage, position) in enumerate(places)
        }

    def _asked(self, texts: set[str]) -> IntArray:
        """Return the rows of the places that were asked of these passages."""
        played = [index for index, text in enumerate(self.texts) if text in texts]
        return np.flatnonzero(self.places.asked & np.isin(self.places.passage, played))


def _row(
    player: ModelPlayer, answers: Answers, truth: float, rows: list[Row], reference: str
) -> PlayedRow:
    found = analyse(rows, reference=reference)
    if not (found.comparisons and found.bets and found.headline and found.tries):
        raise ValueError("the study lacks answers of some mode")
    return PlayedRow(
        player=player.name,
        answers=answers,
        truth=truth,
        estimates={
            "published": _range(_published_loss(rows, reference)),
            "jackknifed": _range(found.comparisons.loss_jackknife_nats),
            "bets": _range(found.bets.loss_nats),
            "headline": _range(found.headline.loss_nats),
        },
        tries_lower=found.tries.lower_nats.value,
        tries_upper=found.tries.upper_nats.value,
    )


def _published_loss(rows: list[Row], reference: str) -> Interval:
    """Return the published estimate of the loss; an analysis gives only its excess."""
    whole = [row for row in rows if isinstance(row, StudyComparison) and not row.tail]
    columns = judged_columns(whole, Codes(), reference, None)
    loss = -columns.generator_logprob
    return interval(excess_estimate(columns.judgements, jackknife=False, offset=loss))


def _range(found: Interval) -> Range:
    return Range(value=found.value, low=found.low, high=found.high)
