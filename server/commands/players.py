"""`flask players`: whose answers count."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from server.application import db, service
from server.commands.terminal import say, sentences_for_errors
from server.services.research.exporting import flag

players = AppGroup("players", help="Choose whose answers count.")


@players.command("flag")
@click.argument("public_id")
@click.option("--unflag", is_flag=True, help="Let the answers count again.")
def flag_command(public_id: str, unflag: bool) -> None:
    """Leave a player's answers out of all statistics; exports mark them.

    PUBLIC_ID is the player's own, or the name that an export gives them.
    """
    with sentences_for_errors():
        flag(db.session, public_id, service().settings.secret_key, flagged=not unflag)
        service().statistics.count_now()
    say("Their answers count again." if unflag else "Their answers no longer count.")
