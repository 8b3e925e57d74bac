"""`flask study surprisal`: the surprisal of any text's tokens and words, as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from server.application import service
from server.commands.study import study
from server.commands.terminal import sentences_for_errors
from server.domain.errors import InvalidInput
from server.domain.study.surprisal import (
    TokenSurprisal,
    WordSurprisal,
    token_surprisals,
    word_surprisals,
)
from server.lm.source import find_source, require_reachable

if TYPE_CHECKING:
    from server.domain.study.surprisal import TokenLogprobs
    from server.lm.surprisal import TextReader

_DIGITS = 6


@study.command("surprisal")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--model", help="Instead of MODEL: a hub name, a folder, or `bundled`.")
@click.option("--revision", help="Instead of MODEL_REVISION.")
@click.option("--tokens", is_flag=True, help="A line for each token, not for each word.")
@click.option(
    "-o",
    "--output",
    type=click.File("w", encoding="utf-8", atomic=True),
    default="-",
    help="Where to write; standard output otherwise.",
)
def surprisal_command(
    files: tuple[Path, ...],
    model: str | None,
    revision: str | None,
    tokens: bool,
    output: TextIO,
) -> None:
    """Write how surprising the words of text FILES are to a model, in bits, as CSV.

    Words are bounded by white space, and corrected for where a word ends; docs/surprisal.md tells
    how. Each file is one text, read from its beginning.
    """
    with sentences_for_errors():
        read = _texts(files)
        reader = _reader(model, revision)
        write = csv.writer(output)
        columns = (TokenSurprisal if tokens else WordSurprisal).__dataclass_fields__
        write.writerow(["text", *columns])
        for path, text in read:
            for line in _lines(reader, path, text, tokens=tokens):
                write.writerow([path.stem, *map(_cell, asdict(line).values())])


def _texts(files: Iterable[Path]) -> list[tuple[Path, str]]:
    """Return the files' texts with plain line ends; raise InvalidInput for what is no text."""
    texts = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8-sig")  # with plain line ends
        except UnicodeDecodeError as error:
            raise InvalidInput("file", f"{path}: it is not text in UTF-8.") from error
        texts.append((path, text.strip()))
    return texts


def _reader(model: str | None, revision: str | None) -> TextReader:
    settings = service().settings
    source = find_source(model or settings.model, revision or settings.model_revision)
    require_reachable(source)
    # Imported here alone: torch takes seconds and hundreds of megabytes.
    from server.lm.load import load_model
    from server.lm.surprisal import TextReader

    return TextReader(load_model(source))


def _lines(
    reader: TextReader, path: Path, text: str, *, tokens: bool
) -> Iterator[TokenSurprisal] | Iterator[WordSurprisal]:
    try:
        found: TokenLogprobs = reader.read(text)
    except InvalidInput as error:
        raise InvalidInput("file", f"{path}: {error}") from error
    return token_surprisals(found) if tokens else word_surprisals(found)


def _cell(value: object) -> object:
    """Return a value as it is written; what is not known is an empty cell."""
    return round(value, _DIGITS) if isinstance(value, float) else value
