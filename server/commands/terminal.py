"""What commands show: sentences, errors as sentences, and progress bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import OperationalError

from server.application import db
from server.domain.errors import PerplexedError

_console = Console()


@contextmanager
def sentences_for_errors() -> Iterator[None]:
    """Show a domain error, or what a slim environment lacks, as a sentence, with exit code 1."""
    try:
        yield
    except PerplexedError as error:
        raise click.ClickException(str(error)) from error
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"{error.name} is not installed here: this needs requirements.txt, not only "
            "requirements-web.txt."
        ) from error
    except OperationalError as error:
        url = db.engine.url.render_as_string(hide_password=True)
        raise click.ClickException(f"The database {url} failed: {error.orig}") from error


def say(sentence: str) -> None:
    """Print a sentence as it is, unwrapped."""
    _console.print(sentence, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def progress(doing: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar; yield the function that is told how many of how many are done."""
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
