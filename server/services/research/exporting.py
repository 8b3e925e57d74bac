"""All answers as JSON Lines, in constant memory; players by pseudonyms, and back again."""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from functools import lru_cache
from itertools import islice

import orjson
from sqlalchemy.orm import Session

from server.domain.errors import NotFound
from server.services.research.records import Kind, export_names, records
from server.store.players import find_player, public_ids
from server.store.tables import PlayerRow

_GZIP = 16 + zlib.MAX_WBITS  # tells zlib to write gzip's frame
_LINES_AT_ONCE = 200
_PSEUDONYM_CHARACTERS = 20
_PLAYERS_REMEMBERED = 4_096


def pseudonym(public_id: str, secret: str) -> str:
    """Return the name under which a player is exported.

    It is the beginning of HMAC-SHA256 of the public id with a key made of the deployment's secret:
    the same player has the same name in every export, nobody without the secret can tell whose
    cookie it is or make another deployment's names match, and a new secret makes new names.
    """
    key = hmac.digest(secret.encode(), b"names of players in exports", "sha256")
    digest = hmac.new(key, public_id.encode(), hashlib.sha256)
    return digest.hexdigest()[:_PSEUDONYM_CHARACTERS]


def export_chunks(sessions: Callable[[], Session], kind: Kind, secret: str) -> Iterator[bytes]:
    """Yield JSON Lines, some hundred at a time, as one reading of the database finds them.

    The session is the reading's own: it outlives the request that asked, and ends with the last
    line, or when nobody takes more.
    """

    @lru_cache(maxsize=_PLAYERS_REMEMBERED)
    def name(public_id: str) -> str:
        return pseudonym(public_id, secret)

    with sessions() as session, closing(_lines(session, kind, name)) as lines:
        while portion := b"".join(islice(lines, _LINES_AT_ONCE)):
            yield portion


def _lines(
    session: Session, kind: Kind, name: Callable[[str], str]
) -> Generator[bytes, None, None]:
    for record in records(session, kind, export_names(session, name)):
        yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes as one gzip stream."""
    packer = zlib.compressobj(wbits=_GZIP)
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()


def player_called(session: Session, name: str, secret: str) -> PlayerRow:
    """Return the player of this public id or pseudonym; raise NotFound where there is none."""
    player = find_player(session, name)
    if player is None:
        known = (own for own in public_ids(session) if pseudonym(own, secret) == name)
        player = find_player(session, next(known, ""))
    if player is None:
        raise NotFound(f"There is no player “{name}”, by public id or by the name in an export.")
    return player
