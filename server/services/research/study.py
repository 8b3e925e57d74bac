"""Read a study's files: guesses, bets and comparisons, and norms, in the formats people have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from server.domain.errors import InvalidInput
from server.domain.study.interchange import GuessRow, Row, row_from_record
from server.domain.study.norms import COUNTS, Norms
from server.domain.study.overlap import Overlap
from server.services.research.study_files import records_of


@dataclass
class StudyRows:
    """The rows of some files, each answer once.

    `problems` has a sentence for each malformed row, or one for all of a file that lack the same;
    `notes` say what the reader should know of rows that were read.
    """

    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    malformed: int = 0


@dataclass(frozen=True)
class _FileRows:
    rows: list[Row]
    faults: list[tuple[str, str]]  # place, reason
    without_player: int


def read_rows(paths: Sequence[Path]) -> StudyRows:
    """Read all rows of some files; empty lines are no rows. Raises UnreadableFile.

    What a further file repeats of those before it is left out, and said.
    """
    found, overlap = StudyRows(), Overlap()
    for path in paths:
        file = _read_file(path)
        found.malformed += len(file.faults)
        found.problems += _problems(path, file)
        new = _new_rows(path, file, overlap, found.notes) if len(paths) > 1 else file.rows
        found.rows += new
        if file.without_player and new:
            found.notes.append(
                f"{path}: {file.without_player:,} answers are counted without a player; each is "
                "taken as another person's, so intervals leave out how people differ."
            )
    return found


def _read_file(path: Path) -> _FileRows:
    norms = Norms(path.stem)
    rows: list[Row] = []
    faults: list[tuple[str, str]] = []
    for found in records_of(path):
        if found.record is None:
            faults.append((found.place, f": {found.reason}."))
            continue
        try:
            rows += _rows(found.record, norms)
        except InvalidInput as error:
            faults.append((found.place, f", {error.field}: {error}."))
    return _FileRows(rows, faults, norms.without_player)


def _rows(record: Mapping[str, object], norms: Norms) -> list[Row]:
    """Return what a record holds; one that is as the format has it needs no second look."""
    if record.keys().isdisjoint(COUNTS):
        try:
            return [row_from_record(record)]
        except InvalidInput:
            pass
    return [row_from_record(plain) for plain in norms.records(record)]


def _problems(path: Path, file: _FileRows) -> list[str]:
    """Return a sentence for each fault, but one where all of a file's rows have the same."""
    reasons = {reason for _, reason in file.faults}
    if not file.rows and len(reasons) == 1 and len(file.faults) > 1:
        return [f"{path}, all {len(file.faults):,} rows{reasons.pop()}"]
    return [f"{path}, {place}{reason}" for place, reason in file.faults]


def _new_rows(path: Path, file: _FileRows, overlap: Overlap, notes: list[str]) -> list[Row]:
    """Return the rows that no earlier file holds, and note how many it does hold."""
    counted = cast("list[GuessRow]", file.rows) if file.without_player else []
    if counted and not overlap.are_new(counted):
        new: list[Row] = []
    else:
        new = overlap.new_rows(file.rows)
    if repeated := len(file.rows) - len(new):
        notes.append(
            f"{path}: {repeated:,} of its {len(file.rows):,} rows are in an earlier file too; "
            "they count once."
        )
    return new
