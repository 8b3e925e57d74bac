"""`flask study`: numbers from files of answers, and other formats read; no database is used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import click
import orjson
from flask.cli import AppGroup
from rich.console import Console

from server.commands.study_table import analysis_table
from server.commands.terminal import sentences_for_errors
from server.domain.study.analysis import analyse
from server.domain.study.interchange import record_of
from server.domain.text.tokens import Unit
from server.services.research.study import StudyRows, read_rows

study = AppGroup("study", help="Estimates from exported answers and from norms.")

_FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)


@study.command("analyse")
@_FILES
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--strict", is_flag=True, help="Fail where a row is malformed; print no result.")
@click.option("--as", "played_by", metavar="MODEL", help="Let a model of the rows play.")
@click.option("--reference", metavar="MODEL", help="Compare with this model.")
@click.option(
    "--density-ratio",
    is_flag=True,
    help="Also estimate from answers to the first question, which are left out otherwise.",
)
@click.option("--unit", type=click.Choice([unit.value for unit in Unit]), help="Only such rows.")
@click.option(
    "--mixed",
    is_flag=True,
    help="Also count daily rounds, whose words are drawn by difficulty and not uniformly.",
)
def analyse_command(
    files: tuple[Path, ...],
    as_json: bool,
    strict: bool,
    played_by: str | None,
    reference: str | None,
    density_ratio: bool,
    unit: str | None,
    mixed: bool,
) -> None:
    """Estimate accuracy and perplexity from FILES of guesses, bets and comparisons.

    Files are JSON Lines, JSON arrays, CSV or Parquet, plain or gzip, and may mix kinds. Malformed
    rows are named, skipped and counted; rows of an earlier file count once. docs/estimators.md
    describes the format and what the numbers mean, docs/norms.md how to bring cloze norms.
    """
    with sentences_for_errors():
        found = _read(files, strict=strict)
        wanted = Unit(unit) if unit else None
        result = analyse(
            found.rows,
            reference=reference,
            played_by=played_by,
            unit=wanted,
            density_ratio=density_ratio,
            mixed=mixed,
        )
    if as_json:
        document = asdict(result) | {"malformed": found.malformed, "notes": found.notes}
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    else:
        Console(markup=False, highlight=False).print(analysis_table(result, found.malformed))


@study.command("import")
@_FILES
@click.option("--strict", is_flag=True, help="Fail where a row is malformed; write nothing.")
@click.option(
    "-o",
    "--output",
    type=click.File("wb", atomic=True),
    default="-",
    help="Where to write; standard output otherwise.",
)
def import_command(files: tuple[Path, ...], strict: bool, output: BinaryIO) -> None:
    """Write FILES of answers or norms as JSON Lines in the interchange format.

    Everything that `study analyse` reads is read, each answer once; docs/norms.md describes how
    cloze norms become guesses.
    """
    with sentences_for_errors():
        found = _read(files, strict=strict)
    for record in map(record_of, found.rows):
        output.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
    click.echo(f"{len(found.rows):,} rows written.", err=True)


def _read(files: Iterable[Path], *, strict: bool) -> StudyRows:
    """Return the rows of all files, and say what is malformed or noteworthy."""
    found = read_rows(list(files))
    for sentence in (*found.problems, *found.notes):
        click.echo(sentence, err=True)
    if strict and found.malformed:
        raise click.ClickException(
            f"{found.malformed} malformed; with --strict there is no result."
        )
    if not found.rows:
        raise click.ClickException("There is no row to analyse.")
    return found
