"""Each revision upgrades a database with rows in every table, and gives them back."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Any

from alembic.command import downgrade, upgrade
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    Table,
    create_engine,
    func,
    insert,
    select,
    types,
)
from sqlalchemy.pool import NullPool

from server.application import newest_revision
from server.config import ROOT
from server.domain.text.tokens import Vocabulary
from server.store.engine import configure, migrating, normalised_url
from server.store.scoring.blobs import vocabulary_to_blob
from tests.databases import PostgresqlDatabases, SqliteFiles
from tests.store.test_database import make_bare

FIRST_REVISION = ROOT / "migrations" / "versions" / "0001_first_tables.py"
FIRST_REVISION_SHA256 = "57f480ad80495a73c37b300933e1c4e2534bbf8397efce2367bba7be7ab49cad"
# Emptied and counted again whenever what they hold is counted otherwise.
ROLLUPS = {"player_marks", "player_sums", "duel_sums", "cluster_sums", "statistics_sums"}
MOMENT = datetime(2026, 11, 27, 12, tzinfo=UTC)


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(ROOT / "migrations"))
    return made


REVISIONS = [
    revision.revision for revision in ScriptDirectory.from_config(config()).walk_revisions()
][::-1]


def tables(connection: Connection) -> list[Table]:
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def value(name: str, kind: types.TypeEngine[Any]) -> Any:
    """Return something that a column of this name and type may hold."""
    if name == "vocabulary":
        return vocabulary_to_blob(Vocabulary((b" a", b"", b" the")))
    if name == "own_text":
        return False  # a room's own text would go with its room, and it is everybody's here
    by_kind: list[tuple[type[types.TypeEngine[Any]], Any]] = [
        (types.Boolean, True),
        (types.JSON, []),
        (types.Integer, 1),
        (types.Numeric, 0.5),
        (types.Float, 0.5),
        (types.DateTime, MOMENT),
        (types.Date, date(2026, 11, 27)),
        (types.LargeBinary, b"x"),
        (types.String, "x"),
    ]
    return next(example for column_kind, example in by_kind if isinstance(kind, column_kind))


def fill(connection: Connection) -> dict[str, int]:
    """Put a row into each table that has none, and return how many rows each has."""
    counts = {}
    for table in tables(connection):
        count = select(func.count()).select_from(table)
        if not connection.scalar(count):
            row = {column.name: value(column.name, column.type) for column in table.columns}
            connection.execute(insert(table), row)
        counts[table.name] = int(connection.scalar(count) or 0)
    connection.commit()
    return counts


def move(engine: Engine, step: str) -> None:
    with migrating(engine) as connection:
        settings = config()
        settings.attributes["connection"] = connection
        (upgrade if step.startswith("+") or step in REVISIONS else downgrade)(settings, step)


def kept(before: dict[str, int], after: dict[str, int]) -> None:
    for name in (before.keys() & after.keys()) - ROLLUPS:
        assert after[name] == before[name], name


def counted(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table.name: int(connection.scalar(select(func.count()).select_from(table)) or 0)
            for table in tables(connection)
        }


def test_each_revision_takes_a_full_database_up_and_down_again(
    databases: SqliteFiles | PostgresqlDatabases,
) -> None:
    with databases.copy(databases.template("bare", make_bare)) as url:
        engine = create_engine(normalised_url(url), poolclass=NullPool)
        configure(engine)
        for revision in REVISIONS:
            before = counted(engine)
            move(engine, revision)
            kept(before, counted(engine))
            with engine.connect() as connection:
                filled = fill(connection)
            assert min(filled.values()) == 1, "no table is left out"
        for revision in REVISIONS[::-1][:-1]:
            before = counted(engine)
            move(engine, "-1")
            after = counted(engine)
            kept(before, after)
            move(engine, revision)
            move(engine, "-1")
            kept(after, counted(engine))
        engine.dispose()
    assert len(REVISIONS) >= 6


def test_revisions_are_one_line_without_branches() -> None:
    script = ScriptDirectory.from_config(config())
    assert len(script.get_heads()) == len(script.get_bases()) == 1


def test_the_newest_revision_is_told_by_its_number() -> None:
    """The service reads the number alone, without Alembic."""
    assert newest_revision() == ScriptDirectory.from_config(config()).get_current_head()


def test_the_first_revision_is_frozen() -> None:
    """Whoever deployed it has these tables: what is changed later is changed by a later one."""
    assert hashlib.sha256(FIRST_REVISION.read_bytes()).hexdigest() == FIRST_REVISION_SHA256
