"""`flask players`: whose answers count, whose name is shown, what of theirs has ended."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from server.application import db, now, service
from server.commands.terminal import say, sentences_for_errors
from server.services.contest.challenges import end_challenge
from server.services.contest.people import hide_name
from server.services.operations import flagging
from server.services.operations.audit import BY_COMMAND, Operator
from server.services.rooms.closing import end_room
from server.web.wording.figures import counted

players = AppGroup("players", help="Choose whose answers count and whose name is shown.")

# A code or an id may begin with a hyphen, and is no option then.
_HYPHENS = {"ignore_unknown_options": True}
_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@players.command("flag", context_settings=_HYPHENS)
@click.argument("public_id")
@click.option("--unflag", is_flag=True, help="Let the answers count again.")
def flag_command(public_id: str, unflag: bool) -> None:
    """Leave a player's answers out of all statistics; exports mark them.

    PUBLIC_ID is the player's own, or the name that an export gives them.
    """
    with sentences_for_errors():
        secret = service().settings.secret_key
        flagging.flag_player(db.session, public_id, secret, _operator(), flagged=not unflag)
        service().statistics.count_now()
    say("Their answers count again." if unflag else "Their answers no longer count.")


@players.command("hide", context_settings=_HYPHENS)
@click.argument("public_id")
@click.option("--show", is_flag=True, help="Show the nickname again.")
def hide_command(public_id: str, show: bool) -> None:
    """Show a player's nickname to nobody else: not in challenges, not on the leaderboard.

    PUBLIC_ID is the player's own, or the name that an export gives them.
    """
    with sentences_for_errors():
        secret = service().settings.secret_key
        hide_name(db.session, public_id, secret, _operator(), hidden=not show)
    say("Their name is shown again." if show else "Their name is no longer shown.")


@players.command("end-challenge", context_settings=_HYPHENS)
@click.argument("code")
def end_challenge_command(code: str) -> None:
    """End a challenge for good: its link leads nowhere, and its round can't be sent again.

    CODE is the last part of the link.
    """
    with sentences_for_errors():
        end_challenge(db.session, code, _operator())
    say("The challenge has ended.")


@players.command("end-room")
@click.argument("code")
def end_room_command(code: str) -> None:
    """End a room for good, for everybody; a text of its own is deleted, the answers stay."""
    with sentences_for_errors():
        end_room(db.session, code, _operator())
    say("The room is over.")


@players.command("flag-window")
@click.argument("since", type=_MOMENT)
@click.argument("until", type=_MOMENT)
@click.option(
    "--least-right", type=click.FloatRange(0, 1), help="Only players right at least so often."
)
def flag_window_command(since: datetime, until: datetime, least_right: float | None) -> None:
    """Leave out everybody who first came from SINCE until UNTIL (UTC, 2026-11-27T17:00)."""
    window = since.replace(tzinfo=UTC), until.replace(tzinfo=UTC)
    with sentences_for_errors():
        made = flagging.flag_window(db.session, window, least_right, _operator())
        service().statistics.count_now()
    say(
        f"Flagged {counted(made.players, 'player')}, as number {made.id}. "
        f"To take it back: flask players undo-flagging {made.id}"
    )


@players.command("undo-flagging")
@click.argument("number", type=int)
def undo_command(number: int) -> None:
    """Let the players count again whom flag-window left out as this NUMBER."""
    with sentences_for_errors():
        undone = flagging.undo_flagging(db.session, number, _operator())
        service().statistics.count_now()
    say(f"The answers of {counted(undone, 'player')} count again.")


def _operator() -> Operator:
    return Operator(BY_COMMAND, now())
