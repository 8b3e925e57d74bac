"""Import passages from files: all of a call's passages, or none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from server.domain.errors import InvalidInput, PerplexedError
from server.domain.text.passages import Passage, passage_from_record
from server.store.engine import writing
from server.store.passages import add_passages, known_hashes

_PASSAGES_PER_QUERY = 500


class ImportRejected(PerplexedError):
    """Some records cannot become passages; nothing was imported."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join([*problems, "Nothing was imported."]))
        self.problems = problems


@dataclass(frozen=True)
class Imported:
    """How many passages were added, and how many were there before or twice in the files."""

    added: int
    duplicates: int


def import_passages(session: Session, files: Sequence[Path], now: datetime) -> Imported:
    """Import every passage of `files` (.txt: one passage a file; .jsonl: one a line).

    Duplicates by content hash are skipped. Raises ImportRejected, naming file and line of every
    record that is refused; nothing is half imported.
    """
    passages: dict[str, Passage] = {}
    problems, read = [], 0
    for path in files:
        for outcome in _read_file(path):
            if isinstance(outcome, str):
                problems.append(outcome)
                continue
            read += 1
            passages.setdefault(outcome.content_hash, outcome)
    if problems:
        raise ImportRejected(problems)
    with writing(session):
        added = _add_new(session, list(passages.values()), now)
    return Imported(added=added, duplicates=read - added)


def _add_new(session: Session, passages: list[Passage], now: datetime) -> int:
    added = 0
    for start in range(0, len(passages), _PASSAGES_PER_QUERY):
        some = passages[start : start + _PASSAGES_PER_QUERY]
        known = known_hashes(session, [passage.content_hash for passage in some])
        new = [passage for passage in some if passage.content_hash not in known]
        add_passages(session, new, now)
        added += len(new)
    return added


def _read_file(path: Path) -> Iterator[Passage | str]:
    """Yield each passage of a file, or the sentence that names file, line and problem."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        yield f"{path}: {reason}."
        return
    if path.suffix == ".txt":
        record = {"text": text, "title": path.stem.replace("_", " ").replace("-", " ")}
        yield _passage_or_problem(record, str(path))
    elif path.suffix == ".jsonl":
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield _read_line(line, f"{path}, line {number}")
    else:
        yield f"{path}: only .txt and .jsonl files can be imported."


def _read_line(line: str, place: str) -> Passage | str:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        return f"{place}: not JSON ({error.msg} at character {error.colno})."
    except (ValueError, RecursionError) as error:
        return f"{place}: not JSON that can be read ({error})."
    if not isinstance(record, dict):
        return f"{place}: not a JSON object."
    return _passage_or_problem(record, place)


def _passage_or_problem(record: Mapping[str, object], place: str) -> Passage | str:
    try:
        return passage_from_record(record)
    except InvalidInput as error:
        return f"{place}, {error.field}: {error}"
