"""The flask commands: parse, call a service, print.

A command is imported when somebody calls it: a process that serves needs none, and what they
import (migrations, progress bars, imports) would take some 15 MB in each.
"""

from __future__ import annotations

import atexit
import gc
from functools import cache
from importlib import import_module
from typing import cast

import click
from flask import Flask
from flask.cli import AppGroup, ScriptInfo

from server.application import db

GARBAGE_THRESHOLDS = (50_000, 20, 100)  # new objects, then looks at these: (700, 10, 10) by default
# Where each is written. A group's module imports, or adds, all that the group holds.
_WRITTEN_IN = {
    "db": "backup:database",
    "export": "export:export",
    "front-end": "front_end:front_end_command",
    "inside": "inside:inside",
    "passages": "passages:passages",
    "players": "players:players",
    "prepare": "prepare:prepare_command",
    "purge": "work:purge_command",
    "scores": "scores:scores",
    "stats": "statistics:stats",
    "study": "surprisal:study",
    "work": "work:work_command",
}


class CommandsAtCall(AppGroup):
    """The commands of `_WRITTEN_IN`, imported when they are called or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *_WRITTEN_IN})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name, or None."""
        if cmd_name not in self.commands and cmd_name in _WRITTEN_IN:
            module, _, attribute = _WRITTEN_IN[cmd_name].partition(":")
            found = getattr(import_module(f"{__name__}.{module}"), attribute)
            self.add_command(cast("click.Command", found), cmd_name)
        if cmd_name in _WRITTEN_IN:
            ctx.call_on_close(lambda: _close(ctx.ensure_object(ScriptInfo).load_app()))
            _look_seldom_for_garbage()
        return super().get_command(ctx, cmd_name)


def _close(app: Flask) -> None:
    """Close an application's connections; SQLite's log goes back into its file."""
    with app.app_context():
        db.engine.dispose()


@cache
def _look_seldom_for_garbage() -> None:
    """Let Python look seldom for garbage, and not once more at its end.

    What is imported makes none, and is looked through each time: a third of a short command.
    """
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    atexit.register(gc.freeze)


def register_commands(app: Flask) -> None:
    """Add the commands to `flask --app server`."""
    app.cli = CommandsAtCall(app.cli.name, commands=app.cli.commands)
