"""Stored answers as an export holds them, read as `study analyse` reads it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.domain.study.interchange import Row, row_from_record
from server.services.research.records import Kind, export_names, records


def exported_rows(session: Session) -> list[Row]:
    """Return all answers that count, under the public ids of those who gave them."""
    names = export_names(session, str)
    return [row_from_record(record) for kind in Kind for record in records(session, kind, names)]
