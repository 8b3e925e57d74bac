"""The flask commands: parse, call a service, print."""

from __future__ import annotations

from flask import Flask

from server.commands.database import database
from server.commands.export import export
from server.commands.passages import passages
from server.commands.players import players
from server.commands.prepare import prepare_command
from server.commands.scores import scores
from server.commands.statistics import stats
from server.commands.study import study
from server.commands.surprisal import surprisal_command


def register_commands(app: Flask) -> None:
    """Add the commands to `flask --app server`."""
    for command in (database, passages, scores, players, stats, study, prepare_command, export):
        app.cli.add_command(command)
    study.add_command(surprisal_command)
