"""`flask db backup` and `flask db restore`: the whole database into a file, and back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import click
from sqlalchemy import Engine, inspect

from server.application import db
from server.commands.database import database
from server.commands.terminal import say, sentences_for_errors
from server.domain.errors import PerplexedError


class BackupFailed(PerplexedError):
    """A backup or its return was not possible; the message says why, and nothing was changed."""


@database.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup_command(file: Path) -> None:
    """Write the whole database into FILE, as it is at one moment; play goes on meanwhile.

    PostgreSQL: by pg_dump, which must be of the server's version or a later one.
    """
    with sentences_for_errors():
        if file.exists():
            raise BackupFailed(f"There is a file {file} already; a backup overwrites none.")
        if db.engine.dialect.name == "sqlite":
            _copy_sqlite(Path(str(db.engine.url.database)), file)
        else:
            _run("pg_dump", "--format=custom", "--no-owner", f"--file={file}", _address(db.engine))
    say(f"The database is in {file}; whoever has it has every answer and text.")


@database.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def restore_command(file: Path) -> None:
    """Bring a backup back from FILE, into a database that has no tables."""
    with sentences_for_errors():
        if inspect(db.engine).get_table_names():
            raise BackupFailed("The database has tables already; restore into an empty one.")
        if db.engine.dialect.name == "sqlite":
            db.engine.dispose()
            _copy_sqlite(file, Path(str(db.engine.url.database)))
        else:
            options = ("--no-owner", "--exit-on-error", "--single-transaction")
            _run("pg_restore", *options, f"--dbname={_address(db.engine)}", str(file))
    say("The backup is back. `flask db upgrade` brings an older one up to date.")


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy by SQLite's own backup, which sees one moment even while others write."""
    address = f"{source.absolute().as_uri()}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(address, uri=True)) as read,
            closing(sqlite3.connect(target)) as written,
        ):
            read.backup(written)
            written.execute("PRAGMA journal_mode=DELETE")  # one file, and nothing beside it
    except sqlite3.Error as error:
        raise BackupFailed(f"SQLite could not copy {source} to {target}: {error}") from error


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise BackupFailed(f"There is no {program} here; it comes with PostgreSQL's client.")
    # By the environment: other users of the machine see a process's arguments.
    secret = {"PGPASSWORD": db.engine.url.password} if db.engine.url.password else {}
    command = [found, *arguments]
    ran = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, env={**os.environ, **secret}
    )
    if ran.returncode:
        raise BackupFailed(f"{program} failed: {ran.stderr.strip()[-400:]}")


def _address(engine: Engine) -> str:
    url = engine.url.set(drivername="postgresql")
    return url._replace(password=None).render_as_string()
