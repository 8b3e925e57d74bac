"""`flask prepare`: everything that a deployment needs before it serves."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from server.application import db, service
from server.commands.database import migrate
from server.commands.front_end import build_front_end
from server.commands.inside import load_shipped_traces
from server.commands.passages import load_bundled
from server.commands.scores import SHIPPED_SCORES, load_shipped, score, source_of
from server.commands.terminal import say, sentences_for_errors
from server.config import Settings
from server.domain.scores.models import BUNDLED, SMOLLM2, is_on_hub, model_label
from server.lm.source import find_source
from server.services.scoring.scoring import has_scored_all, has_unscored


@click.command("prepare")
@with_appcontext
def prepare_command() -> None:
    """Build the front end, migrate, load the bundled passages, and score what is not scored."""
    settings = service().settings
    with sentences_for_errors():
        build_front_end()
        migrate()
        load_bundled()
        if settings.model == SMOLLM2 and SHIPPED_SCORES.exists():
            if not has_scored_all(db.session, SMOLLM2):
                load_shipped()
        elif not settings.is_production and _is_playable(settings):
            load_shipped_traces()
            return
        score(settings)
        load_shipped_traces()


def _is_playable(settings: Settings) -> bool:
    """Tell whether the wanted model, or the one that stands in for it, has scored everything.

    Looks at the database alone, so a second start neither loads a model nor asks the hub.
    """
    if not is_on_hub(settings.model):
        return False
    wanted = source_of(settings)
    if not has_unscored(db.session, wanted.name, wanted.revision):
        say(f"{model_label(wanted.name)} has scored every passage.")
        return True
    if SHIPPED_SCORES.exists():
        stand_in, has_all = SMOLLM2, has_scored_all(db.session, SMOLLM2)
    else:
        bundled = find_source(BUNDLED, "")
        stand_in, has_all = BUNDLED, not has_unscored(db.session, BUNDLED, bundled.revision)
    if has_all:
        say(f"{model_label(stand_in)} has scored every passage.")
        say(f"To play against {model_label(wanted.name)}: make scores")
    return has_all
