"""What needs a hand: take a passage out of play, or bring passages in."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sqlalchemy.orm import Session

from server.domain.errors import InvalidInput, NotFound
from server.services.operations.audit import Operator, note
from server.store.engine import writing
from server.store.operations import passages as stored

if TYPE_CHECKING:
    from server.services.corpus.import_files_whole import Imported

FILE_SUFFIXES = (".txt", ".json", ".jsonl")


def retire(session: Session, passage_id: int, operator: Operator, *, retired: bool) -> str:
    """Draw a passage no more, or again, and return its title; rounds on it go on.

    Raises NotFound.
    """
    with writing(session):
        passage = stored.find_passage(session, passage_id)
        if passage is None:
            raise NotFound(f"There is no passage number {passage_id}.")
        if passage.retired != retired:
            passage.retired = retired
            move = stored.take_from_draw if retired else stored.put_into_draw
            move(session, passage_id)
        action = "retire passage" if retired else "draw passage again"
        note(session, operator, action, f"{passage_id}: {passage.title}")
        return passage.title


def bring_in(session: Session, name: str, file: IO[bytes], operator: Operator) -> Imported:
    """Import the passages of an uploaded file by the rules of `passages import`, all or none.

    They are played once a worker, or the next release, has scored them. Raises InvalidInput for a
    file of another kind, ImportRejected for records that cannot become passages.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in FILE_SUFFIXES:
        raise InvalidInput("file", f"Files that end with {', '.join(FILE_SUFFIXES)} can be read.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"upload{suffix}"
        path.write_bytes(file.read())
        # Reading a corpus takes libraries that no other page does.
        from server.services.corpus.import_files_whole import import_passages

        imported = import_passages(session, [path], operator.at)
    with writing(session):
        detail = f"{imported.added} added, {imported.duplicates} known already"
        note(session, operator, "import passages", f"{name[:100]}: {detail}")
    return imported
