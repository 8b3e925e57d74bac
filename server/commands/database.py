"""`flask db`: the database's tables."""

from __future__ import annotations

from alembic import command as alembic
from alembic.config import Config as AlembicConfig
from flask.cli import AppGroup

from server.application import db
from server.commands.terminal import say, sentences_for_errors
from server.config import ROOT
from server.store.engine import migrating

database = AppGroup("db", help="Create and migrate the database's tables.")


@database.command("upgrade")
def upgrade_command() -> None:
    """Create or migrate the tables."""
    with sentences_for_errors():
        migrate()
    say("The database is up to date.")


def migrate() -> None:
    """Bring the tables to the newest revision."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    with migrating(db.engine) as connection:
        config.attributes["connection"] = connection
        alembic.upgrade(config, "head")
