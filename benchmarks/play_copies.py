"""Multiply made-up play in a SQLite file: each player once more, with rounds, answers and sums.

To fold ten million guesses takes an hour of processor, and copies add nothing but what is known:
each sum is that much larger. `public_statistics` checks that with whole counts at small sizes.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from server.domain.intervals.clusters import ClusterKind
from server.domain.sums.whole_numbers import CLUSTER, MOMENTS

_SHARED = (ClusterKind.PASSAGE, ClusterKind.POSITION)  # clusters that the copies add to
_IDS = {"player_id": "players", "round_id": "rounds"}
_ROWS = ("players", "rounds", "guesses", "bets", "judgements")
# Nobody else looks meanwhile, and a file that is half made is made anew.
_FAST = (
    "journal_mode=OFF",
    "synchronous=OFF",
    "locking_mode=EXCLUSIVE",
    "cache_size=-1000000",
    "foreign_keys=OFF",
)
_PLAYERS_CLUSTER = f'%,"{ClusterKind.PLAYER.value}",'


def multiply(path: str, copies: int) -> None:
    """Let `copies` players do what one did; the sums hold players' parts, and no duels yet.

    The file must not be open elsewhere.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in _FAST:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        _multiply_sums(connection, copies)
        with _indexes_made_afterwards(connection):
            _multiply_rows(connection, copies)
        connection.execute("COMMIT")
        connection.execute("ANALYZE")


@contextmanager
def _indexes_made_afterwards(connection: sqlite3.Connection) -> Iterator[None]:
    """Drop the indexes, and sort each of them once at the end; those of constraints stay."""
    of_ours = "FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    indexes = connection.execute(f"SELECT name, sql {of_ours}").fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    yield
    for _, sql in indexes:
        connection.execute(sql)


def _multiply_rows(connection: sqlite3.Connection, copies: int) -> None:
    shifts = {table: _largest(connection, table) for table in _ROWS}
    _note_players_clusters(connection)
    for copy in range(1, copies):
        for table in _ROWS:
            _copy(connection, table, shifts, copy)
        _copy_players_sums(connection, shifts["players"] * copy, shifts["players"])


def _largest(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT max(id) FROM {table}").fetchone()[0])


def _copy(connection: sqlite3.Connection, table: str, shifts: dict[str, int], copy: int) -> None:
    """Insert the rows of one copy: with ids of their own, and all else the same."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    made = dict.fromkeys(columns) | {"id": f"id + {copy * shifts[table]}"}
    made |= {name: f"{name} + {copy * shifts[table]}" for name, table in _IDS.items()}
    made |= {"public_id": f"'{copy:05}.' || public_id"}  # a copy's stand together in the index
    wanted = ", ".join(made[column] or column for column in columns)
    connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) "
        f"SELECT {wanted} FROM {table} WHERE id <= {shifts[table]}"
    )


def _note_players_clusters(connection: sqlite3.Connection) -> None:
    """Keep what the clusters of the first players are: their keys end with the player."""
    connection.execute(
        "CREATE TEMPORARY TABLE mine AS "
        "SELECT head, CAST(substr(key, length(head) + 1) AS INTEGER) AS player_id, numbers "
        "FROM (SELECT key, rtrim(key, '0123456789]') AS head, numbers FROM cluster_sums) "
        "WHERE head LIKE ?",
        (_PLAYERS_CLUSTER,),
    )


def _copy_players_sums(connection: sqlite3.Connection, shift: int, players: int) -> None:
    """Insert what the players of one copy contribute, and the clusters that they are."""
    renamed = (
        f"""replace(sums, '"player", ' || player_id || ']', """
        f"""'"player", ' || (player_id + {shift}) || ']')"""
    )
    connection.execute(
        "INSERT INTO player_sums (player_id, counts, judged, sums) "
        f"SELECT player_id + {shift}, counts, judged, {renamed} FROM player_sums "
        f"WHERE player_id <= {players}"
    )
    columns = "model_id, unit, words, passage_squares, right_by_grade, guesses_by_grade"
    connection.execute(
        f"INSERT INTO player_tallies (player_id, {columns}) SELECT player_id + {shift}, {columns} "
        f"FROM player_tallies WHERE player_id <= {players}"
    )
    connection.execute(
        "INSERT INTO cluster_sums (key, numbers) "
        f"SELECT head || (player_id + {shift}) || ']', numbers FROM temp.mine"
    )


def _multiply_sums(connection: sqlite3.Connection, copies: int) -> None:
    for table in ("cluster_sums", "statistics_sums"):
        rows = connection.execute(f"SELECT key, numbers FROM {table}").fetchall()
        connection.executemany(
            f"UPDATE {table} SET numbers = ? WHERE key = ?",
            [(_text(_more(json.loads(k), json.loads(numbers), copies)), k) for k, numbers in rows],
        )


def _more(key: list[object], numbers: list[int], copies: int) -> list[int]:
    """Return what a key holds after the copies."""
    if key[0] == CLUSTER and ClusterKind.PLAYER.value in key:
        return numbers
    if key[0] == MOMENTS and key[-1] in {kind.value for kind in _SHARED}:
        # As many clusters as before, in which all numbers are larger: see `moments`.
        fields = math.isqrt(2 * len(numbers)) - 1
        return [*numbers[: 1 + fields], *(n * copies**2 for n in numbers[1 + fields :])]
    return [number * copies for number in numbers]


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
