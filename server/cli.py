"""Flask commands: migrate, import passages, let a model score them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from alembic import command as alembic
from alembic.config import Config as AlembicConfig
from flask import Flask
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from server.config import ROOT, Settings
from server.domain.errors import PerplexedError
from server.domain.models import BUNDLED, model_label
from server.lm.source import ModelSource, ModelUnavailable, find_source, require_reachable
from server.services.importing import import_passages
from server.services.scoring import Scorer, has_unscored, score_all
from server.store.engine import migrating
from server.web.context import db, service
from server.web.wording import counted

BUNDLED_PASSAGES = Path(__file__).with_name("passages") / "bundled.jsonl"

_console = Console()
_db = AppGroup("db", help="The database's tables.")
_passages = AppGroup("passages", help="The texts that are played.")
_scores = AppGroup("scores", help="What models say about the passages.")


def register_commands(app: Flask) -> None:
    """Add the commands to `flask --app server`."""
    for group in (_db, _passages, _scores):
        app.cli.add_command(group)
    app.cli.add_command(prepare)


@contextmanager
def _sentences_for_errors() -> Iterator[None]:
    """Show a domain error as its sentence, with exit code 1."""
    try:
        yield
    except PerplexedError as error:
        raise click.ClickException(str(error)) from error
    except OperationalError as error:
        url = db.engine.url.render_as_string(hide_password=True)
        raise click.ClickException(f"The database {url} failed: {error.orig}") from error


def _say(sentence: str) -> None:
    _console.print(sentence, highlight=False, markup=False, soft_wrap=True)


@_db.command("upgrade")
def upgrade() -> None:
    """Create or migrate the tables."""
    with _sentences_for_errors():
        _migrate()
    _say("The database is up to date.")


@_passages.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def import_command(files: tuple[Path, ...]) -> None:
    """Import passages from .txt files (one passage each) and .jsonl files (one a line).

    A .jsonl line holds text and title, and may hold source, licence and genre. Duplicates are
    skipped. If anything is refused, file and line are named and nothing is imported.
    """
    with _sentences_for_errors():
        imported = import_passages(db.session, files, _now())
    _say(f"{counted(imported.added, 'passage')} added, {imported.duplicates} known already.")
    if imported.added:
        _say("Now score them: flask --app server scores build")


@_passages.command("load")
def load_bundled() -> None:
    """Load the bundled passages."""
    _load_bundled()


@_scores.command("build")
@click.option("--model", help="Instead of MODEL: a hub name, a folder, or `bundled`.")
@click.option("--revision", help="Instead of MODEL_REVISION.")
def build(model: str | None, revision: str | None) -> None:
    """Let the model score every passage that it has not scored yet."""
    settings = service().settings
    wanted = settings.model_copy(
        update={
            "model": model or settings.model,
            "model_revision": revision or settings.model_revision,
        }
    )
    with _sentences_for_errors():
        _score(wanted)


@click.command("prepare")
def prepare() -> None:
    """Migrate, load the bundled passages, and score what is not scored: all before serving."""
    settings = service().settings
    with _sentences_for_errors():
        _migrate()
        _load_bundled()
        if not settings.is_production and _is_playable(settings):
            return
        _score(settings)


def _is_playable(settings: Settings) -> bool:
    """Tell whether the wanted model, or the bundled one in place of the hub's, scored everything.

    Looks at the database alone, so that a second start neither loads a model nor asks the hub.
    """
    wanted = find_source(settings.model, settings.model_revision)
    stand_ins = [find_source(BUNDLED, "")] if wanted.on_hub else []
    for source in (wanted, *stand_ins):
        if not has_unscored(db.session, source.name, source.revision):
            _say(f"{model_label(source.name)} has scored every passage.")
            if source is not wanted:
                _say(f"To play against {model_label(wanted.name)}: make scores")
            return True
    return False


def _score(settings: Settings) -> None:
    """Let the wanted model score what it has not, or outside production the bundled one instead.

    The hub is asked, and a model loaded, only where something is left to score.
    """
    source = find_source(settings.model, settings.model_revision)
    if not has_unscored(db.session, source.name, source.revision):
        _say(f"{model_label(source.name)} has scored every passage already.")
        return
    try:
        require_reachable(source)
        _build(db.session, source)
    except ModelUnavailable as error:
        if settings.is_production or not source.on_hub:
            raise
        _say(f"{error}\nGoing on with the small bundled model, Minnow; every page says so.")
        bundled = find_source(BUNDLED, "")
        if has_unscored(db.session, bundled.name, bundled.revision):
            _build(db.session, bundled)


def _migrate() -> None:
    config = AlembicConfig()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    with migrating(db.engine) as connection:
        config.attributes["connection"] = connection
        alembic.upgrade(config, "head")


def _load_bundled() -> None:
    with _sentences_for_errors():
        imported = import_passages(db.session, [BUNDLED_PASSAGES], _now())
    _say(f"Bundled passages: {imported.added} added, {imported.duplicates} known already.")


def _build(session: Session, source: ModelSource) -> None:
    _say(f"Loading {model_label(source.name)} ...")
    scorer = _scorer(source)
    columns = (TextColumn("Scoring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console) as progress:
        task = progress.add_task("scoring", total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        scored = score_all(session, scorer, advance)
    _say(f"{model_label(source.name)} scored {counted(scored.added, 'passage')}.")
    for sentence in scored.left_out:
        _say(f"Left out: {sentence}")


def _scorer(source: ModelSource) -> Scorer:
    # Imported here alone: torch takes seconds and hundreds of megabytes, and the web needs none.
    from server.lm.load import load_model
    from server.lm.score import PassageScorer

    return PassageScorer(load_model(source))


def _now() -> datetime:
    return datetime.now(UTC)
