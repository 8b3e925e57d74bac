"""`flask prepare`: all that a deployment needs before it serves."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from server.application import db, service
from server.commands.database import migrate
from server.commands.passages import load_bundled
from server.commands.scores import score
from server.commands.terminal import say, sentences_for_errors
from server.config import Settings
from server.domain.scores.models import BUNDLED, model_label
from server.lm.source import find_source
from server.services.scoring.scoring import has_unscored


@click.command("prepare")
@with_appcontext
def prepare_command() -> None:
    """Migrate, load the bundled passages, and score what is not scored: all before serving."""
    settings = service().settings
    with sentences_for_errors():
        migrate()
        load_bundled()
        if not settings.is_production and _is_playable(settings):
            return
        score(settings)


def _is_playable(settings: Settings) -> bool:
    """Tell whether the wanted model, or the bundled one in place of the hub's, scored everything.

    Looks at the database alone, so that a second start neither loads a model nor asks the hub.
    """
    wanted = find_source(settings.model, settings.model_revision)
    stand_ins = [find_source(BUNDLED, "")] if wanted.on_hub else []
    for source in (wanted, *stand_ins):
        if not has_unscored(db.session, source.name, source.revision):
            say(f"{model_label(source.name)} has scored every passage.")
            if source is not wanted:
                say(f"To play against {model_label(wanted.name)}: make scores")
            return True
    return False
