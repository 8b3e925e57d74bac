"""`flask export`: all answers as JSON Lines."""

from __future__ import annotations

from typing import BinaryIO

import click
from flask.cli import with_appcontext

from server.application import db, service
from server.commands.terminal import sentences_for_errors
from server.services.research.exporting import compressed, export_chunks
from server.services.research.records import Kind


@click.command("export")
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.argument("file", type=click.File("wb", atomic=True, lazy=False), default="-")
@click.option("--gzip", "packed", is_flag=True, help="Compress; so does a FILE that ends in .gz.")
@with_appcontext
def export(kind: str, file: BinaryIO, packed: bool) -> None:
    """Write all answers of a KIND into FILE, or to standard output, as `study analyse` reads them.

    Players appear under pseudonyms. Practice and players' own texts are left out; answers on
    passages seen before, and of players who do not count, are marked.
    """
    packed = packed or str(getattr(file, "name", "")).endswith(".gz")
    with sentences_for_errors():
        chunks = export_chunks(db.sessionmaker, Kind(kind), service().settings.secret_key)
        for chunk in compressed(chunks) if packed else chunks:
            file.write(chunk)
