"""`flask export`: all answers as JSON Lines."""

from __future__ import annotations

from typing import BinaryIO

import click
from flask.cli import with_appcontext

from server.application import db, service
from server.commands.terminal import sentences_for_errors
from server.services.inside.showing import trace_arrays, trace_lines
from server.services.research.exporting import compressed, export_chunks
from server.services.research.records import Kind

_INSIDE = "inside"


@click.command("export")
@click.argument("kind", type=click.Choice([*(kind.value for kind in Kind), _INSIDE]))
@click.argument("file", type=click.File("wb", atomic=True, lazy=False), default="-")
@click.option("--gzip", "packed", is_flag=True, help="Compress; so does a FILE that ends in .gz.")
@with_appcontext
def export(kind: str, file: BinaryIO, packed: bool) -> None:
    """Write all answers of a KIND into FILE, or to standard output, as `study analyse` reads them.

    Guesses, bets and judgements are one answer a row, and players appear under pseudonyms; cloze
    says how often each different answer was given, where at least ten players answered. Practice
    and players' own texts are left out; answers on passages seen before, and of players who do not
    count, are marked (left out of cloze).

    KIND `inside` writes what the wanted MODEL's layers say at every asked position instead; into a
    FILE that ends in .safetensors, all arrays of all passages.
    """
    packed = packed or str(getattr(file, "name", "")).endswith(".gz")
    with sentences_for_errors():
        if kind == _INSIDE:
            settings = service().settings
            model = settings.model_name, settings.hub_revision
            is_arrays = str(getattr(file, "name", "")).endswith(".safetensors")
            chunks = (trace_arrays if is_arrays else trace_lines)(db.session, *model)
        else:
            chunks = export_chunks(db.sessionmaker, Kind(kind), service().settings.secret_key)
        for chunk in compressed(chunks) if packed else chunks:
            file.write(chunk)
