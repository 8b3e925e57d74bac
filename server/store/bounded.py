"""A PostgreSQL connection that does not wait for ever, whatever became of its server.

A server that is frozen still takes packets, so neither its own time-outs nor the network's help.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

import psycopg
from psycopg.errors import InsufficientPrivilege, OperationalError, _WaitTimeout
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import OperationalError as DatabaseFailure

from server.store.patience import Breaker, Waits, note_waiting, remaining_s

IDLE_S = 1.0  # a connection unused for longer may have been closed at the other end
_BOUNDED, _USED_AT = "bounded", "used_at"


class BoundedConnection(psycopg.Connection[Any]):
    """Waits as long as the request may; what is not answered by then is given up."""

    breaker: Breaker | None = None

    def wait(self, *args: Any, **kwargs: Any) -> Any:
        """Wait for the server; raise OperationalError, and close, where it stays silent."""
        left_s = remaining_s()
        if left_s is None:
            return super().wait(*args, **kwargs)
        if self.closed:
            raise OperationalError("the connection is closed")
        began = time.monotonic()
        try:
            answer = super().wait(*args, **{**kwargs, "timeout": left_s})
        except _WaitTimeout:
            self.close()
            if self.breaker is not None:
                self.breaker.note_failure()
            raise OperationalError("the server did not answer in time") from None
        finally:
            note_waiting("server", began)
        if self.breaker is not None:
            self.breaker.note_answer()
        return answer

    def rollback(self) -> None:
        """End the transaction; where the connection is lost, the server has ended it already.

        Raising here would make a 500 of an answer that is already given: sessions end last. After a
        commit the pool asks once more, and there is nothing to end.
        """
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            return
        try:
            super().rollback()
        except OperationalError:
            self.close()


def bound(engine: Engine, waits: Waits) -> Breaker:
    """Have an engine for PostgreSQL make such connections, and look after those it keeps."""
    breaker = Breaker()

    @event.listens_for(engine, "do_connect")
    def connect(
        _dialect: object, _record: object, _args: list[Any], named: dict[str, Any]
    ) -> BoundedConnection:
        breaker.require()
        try:
            connection = BoundedConnection.connect(**named)
        except psycopg.Error:
            breaker.note_failure()
            raise
        connection.breaker = breaker
        breaker.note_answer()
        return connection

    @event.listens_for(engine, "checkout")
    def look_after(connection: BoundedConnection, record: Any, _proxy: object) -> None:
        breaker.require()
        if connection.closed:
            raise DisconnectionError("this connection is lost")
        info, now = record.info, time.monotonic()
        is_bounded = remaining_s() is not None
        try:
            if info.get(_BOUNDED, False) is not is_bounded:
                _limit(connection, waits if is_bounded else None)
                info[_BOUNDED] = is_bounded
            elif now - info.get(_USED_AT, now) > IDLE_S:
                _ask(connection, "")
        except OperationalError as error:
            raise DisconnectionError("the server has ended this connection") from error
        info[_USED_AT] = now

    @event.listens_for(engine, "handle_error")
    def fail(context: ExceptionContext) -> None:
        """Have a right that was taken away fail as whatever else fails without our doing."""
        cause = context.original_exception
        if isinstance(cause, InsufficientPrivilege):
            statement = context.statement or ""
            raise DatabaseFailure(statement, {}, cause, hide_parameters=True) from cause

    return breaker


def _limit(connection: BoundedConnection, waits: Waits | None) -> None:
    """Have the server itself give up what takes too long: it would go on for nobody."""
    statement_ms, lock_ms = (
        (round(1000 * waits.statement_s), round(1000 * waits.lock_s)) if waits else (0, 0)
    )
    _ask(connection, f"SET statement_timeout = {statement_ms}; SET lock_timeout = {lock_ms}")


def _ask(connection: BoundedConnection, statement: str) -> None:
    connection.autocommit = True
    connection.execute(statement)  # no part of it is from outside
    with contextlib.suppress(psycopg.Error):
        connection.autocommit = False
