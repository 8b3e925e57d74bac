"""`flask passages`: load the bundled ones, import some files as a whole or a corpus in batches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click
from flask.cli import AppGroup

from server.application import db, now, service
from server.commands.terminal import progress, say, sentences_for_errors
from server.config import DATA_FOLDER
from server.domain.errors import InvalidInput
from server.domain.text.corpus import Tally, Wanted
from server.domain.text.passages import MAXIMUM_WORDS, MINIMUM_WORDS
from server.lm.source import find_source, require_reachable
from server.services.corpus.files import TABLE_SUFFIXES, file_source
from server.services.corpus.import_files_whole import import_passages
from server.services.corpus.sources import PLAIN_COLUMNS, Columns, Source
from server.web.wording.figures import counted

if TYPE_CHECKING:  # pyarrow, datasets and the language model are large; the web needs none
    from server.lm.tokenizing import TokenReader
    from server.services.corpus.import_in_batches import CorpusImport

BUNDLED_PASSAGES = DATA_FOLDER / "passages.jsonl"
MOST_BYTES_AS_A_WHOLE = 16 * 1024 * 1024
INTERRUPTED = 130  # what shells report for Ctrl-C
_WORDS = click.IntRange(min=1)
_SHARE = click.FloatRange(0, 1)


class ImportOptions(TypedDict):
    """What `passages import` is asked, beside the files; None asks nothing."""

    dataset: str | None
    configuration: str | None
    split: str
    in_batches: bool
    minimum_words: int | None
    maximum_words: int | None
    max_tokens: int | None
    language: str | None
    word_share: float | None
    near_duplicate: float | None
    text_column: str
    source: str
    licence: str
    genre: str


passages = AppGroup("passages", help="The texts that are played.")


@passages.command("load")
def load_command() -> None:
    """Load the bundled passages."""
    load_bundled()


def load_bundled() -> None:
    """Load the bundled passages that are not here yet, and say how many."""
    with sentences_for_errors():
        imported = import_passages(db.session, [BUNDLED_PASSAGES], now())
    say(f"Bundled passages: {imported.added} added, {imported.duplicates} known already.")


@passages.command("import")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--dataset", help="A dataset of the Hugging Face hub, or a folder; it is streamed.")
@click.option("--configuration", help="The dataset's configuration.")
@click.option("--split", default="train", show_default=True, help="The dataset's split.")
@click.option("--in-batches", is_flag=True, help="Drop and count what is unfit; Ctrl-C can resume.")
@click.option("--minimum-words", type=_WORDS, help=f"Drop shorter texts. [{MINIMUM_WORDS}]")
@click.option("--maximum-words", type=_WORDS, help=f"Drop longer texts. [{MAXIMUM_WORDS}]")
@click.option("--max-tokens", type=click.IntRange(min=32), help="Cut at sentence ends to this.")
@click.option("--language", help="Keep this language alone (en, eng or English).")
@click.option("--word-share", type=_SHARE, help="Drop texts with fewer word positions.")
@click.option("--near-duplicate", type=_SHARE, help="Drop texts at least this similar to others.")
@click.option("--text-column", default="text", show_default=True, help="Where the text stands.")
@click.option("--source", default="", help="The source of records that name none.")
@click.option("--licence", default="", help="The licence of records that name none.")
@click.option("--genre", default="", help="The genre of records that name none.")
def import_command(files: tuple[Path, ...], **options: Unpack[ImportOptions]) -> None:
    """Import passages from .txt (one passage each), .jsonl, .json, .parquet, or a dataset by name.

    A record holds text and title, and may hold source, licence and genre. Duplicates are skipped.
    Text and JSON may be compressed (.gz, .zst). Up to 16 MB of them are imported as a whole: if
    anything is refused, file and line are named and nothing is imported. More than that, Parquet, a
    dataset, and anything with an option are imported in batches: what is unfit is dropped, counted
    and named, and the same command resumes where an interrupted one stopped.
    """
    with sentences_for_errors():
        if not files and not options["dataset"]:
            raise click.UsageError("Name files to import, or a --dataset.")
        if _is_in_batches(files, options):
            added = _import_in_batches(files, options)
        else:
            imported = import_passages(db.session, files, now())
            added = imported.added
            say(f"{counted(added, 'passage')} added, {imported.duplicates} known already.")
    if added:
        say("Now score them: flask --app server scores build")


def _is_in_batches(files: tuple[Path, ...], options: ImportOptions) -> bool:
    asked = {name for name, value in options.items() if value not in (None, False, "")}
    if asked - {"split", "text_column"} or options["text_column"] != PLAIN_COLUMNS.text:
        return True
    if any(path.suffix.casefold() in TABLE_SUFFIXES for path in files):
        return True
    return sum(path.stat().st_size for path in files if path.is_file()) > MOST_BYTES_AS_A_WHOLE


def _import_in_batches(files: tuple[Path, ...], options: ImportOptions) -> int:
    from server.services.corpus.import_in_batches import CorpusImport

    wanted, columns = _wanted(options), _columns(options)
    needs_tokens = wanted.most_tokens is not None or wanted.word_share is not None
    reader = _reader() if needs_tokens else None
    added = 0
    for source in _sources(files, options):
        tally = _run(CorpusImport(source, wanted, columns, reader))
        _report(tally)
        added += tally.added
    return added


def _wanted(options: ImportOptions) -> Wanted:
    from server.services.corpus.languages import wanted_language

    language = options["language"]
    wanted = Wanted(
        minimum_words=options["minimum_words"] or MINIMUM_WORDS,
        maximum_words=options["maximum_words"] or MAXIMUM_WORDS,
        language=None if language is None else wanted_language(language),
        word_share=options["word_share"],
        near_duplicate=options["near_duplicate"],
        most_tokens=options["max_tokens"],
    )
    if wanted.minimum_words > wanted.maximum_words:
        raise InvalidInput("minimum_words", "--minimum-words is above --maximum-words.")
    return wanted


def _columns(options: ImportOptions) -> Columns:
    return Columns(
        text=options["text_column"],
        source=options["source"],
        licence=options["licence"],
        genre=options["genre"],
    )


def _sources(files: tuple[Path, ...], options: ImportOptions) -> list[Source]:
    from server.services.corpus.hub import HubDataset

    sources = [file_source(path) for path in files]
    if options["dataset"]:
        chosen = options["dataset"], options["configuration"], options["split"]
        sources.append(HubDataset(*chosen))
    return sources


def _run(job: CorpusImport) -> Tally:
    try:
        with progress("Importing") as advance:
            return job.run(db.session, advance)
    except KeyboardInterrupt:
        say("Stopped. What was imported stays; the same command goes on from there.")
        raise click.exceptions.Exit(INTERRUPTED) from None


def _reader() -> TokenReader:
    """Return the tokenizer of the model that will score the passages."""
    from server.lm.tokenizing import TokenReader

    settings = service().settings
    source = find_source(settings.model, settings.model_revision)
    require_reachable(source)
    return TokenReader(source)


def _report(tally: Tally) -> None:
    say(
        f"{counted(tally.read, 'record')} read: {counted(tally.added, 'passage')} added, "
        f"{tally.known:,} known already, {sum(tally.dropped.values()):,} dropped."
    )
    for reason, number in sorted(tally.dropped.items(), key=lambda item: -item[1]):
        places = tally.places[reason]
        more = ", ..." if number > len(places) else ""
        say(f"  {number:,} {reason}: {', '.join(places)}{more}")
