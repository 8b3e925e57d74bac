"""`flask work` and `flask purge`: what is done beside serving."""

from __future__ import annotations

import signal
import threading
from datetime import datetime, timedelta
from types import FrameType

import click
from flask.cli import with_appcontext

from server.application import db, now, service
from server.commands.scores import score, source_of
from server.commands.terminal import say, sentences_for_errors
from server.domain.errors import PerplexedError
from server.services.operations.audit import BY_COMMAND, Operator
from server.services.operations.purging import purge
from server.services.scoring.scoring import has_unscored
from server.web.wording.figures import counted

PURGE_EVERY = timedelta(days=1)


@click.command("purge")
@with_appcontext
def purge_command() -> None:
    """Delete players without an answer for 7 days; unlink those who were idle for two years.

    Rooms are closed after their day, and the texts that belong to them alone deleted.
    """
    with sentences_for_errors():
        _purge()


@click.command("work")
@click.option("--once", is_flag=True, help="Do what there is to do, and end.")
@click.option("--every", "every_s", type=click.IntRange(1, 3_600), default=30, show_default=True)
@with_appcontext
def work_command(once: bool, every_s: int) -> None:
    """Score new passages, fold the statistics, purge once a day; until SIGTERM or Ctrl-C.

    Any number may run, and none has to: the web processes fold by themselves, `prepare` scores.
    """
    stop = _stop_at_signals()
    purged_at: datetime | None = None
    while not stop.is_set():
        try:
            _score_new()
            service().statistics.count_now()
            if purged_at is None or now() - purged_at >= PURGE_EVERY:
                _purge()
                purged_at = now()
        except PerplexedError as error:  # a model that is not here ends no folding
            say(str(error))
        finally:
            db.session.close()
        if once:
            return
        stop.wait(every_s)


def _score_new() -> None:
    settings = service().settings
    source = source_of(settings)
    if has_unscored(db.session, source.name, source.revision):
        score(settings)


def _purge() -> None:
    purged = purge(db.session, Operator(BY_COMMAND, now()))
    say(
        f"Deleted {counted(purged.deleted, 'player')} without an answer; "
        f"unlinked {counted(purged.unlinked, 'idle player')}; "
        f"closed {counted(purged.rooms, 'room')}."
    )


def _stop_at_signals() -> threading.Event:
    """Return what is set at SIGTERM and SIGINT, so that what was begun is finished first."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
    return stop
