"""`flask stats`: recount and check the sums behind the statistics."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from server.application import db, service
from server.commands.terminal import say, sentences_for_errors
from server.services.statistics.folding import rebuild
from server.services.statistics.whole_count import check

stats = AppGroup("stats", help="Recount and check the sums behind the statistics.")


@stats.command("recount")
def recount_command() -> None:
    """Make all sums anew from the answers; until that is done, /stats shows the old numbers."""
    with sentences_for_errors():
        rebuild(db.session)
        service().statistics.count_now()
    say("The statistics have been recounted.")


@stats.command("check")
def check_command() -> None:
    """Count all answers and compare with the sums; fail if they differ.

    Reads everything into memory. An answer given meanwhile shows as a difference too.
    """
    with sentences_for_errors():
        differences = check(db.session, service().statistics.count_now())
    for difference in differences:
        click.echo(difference)
    if differences:
        raise click.ClickException(
            "The sums differ from the answers; `stats recount` corrects them."
        )
    say("The sums and the answers give the same statistics.")
