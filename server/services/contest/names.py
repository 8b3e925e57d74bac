"""What a name that others see must not be: an imitation, or an insult to whoever reads it."""

from __future__ import annotations

from server.domain.errors import InvalidInput
from server.domain.play.nicknames import read_nickname, require_no_imitation


def read_name(text: str | None, field: str = "nickname") -> str | None:
    """Return the name as it is stored, or None for none.

    Raises InvalidInput with the field for one of the wrong form, one that could be taken for the
    model or the admin, also in letters that only look like theirs, and an obscene one.
    """
    try:
        return _read(text)
    except InvalidInput as error:
        raise InvalidInput(field, str(error)) from error


def _read(text: str | None) -> str | None:
    name = read_nickname(text)
    if name is None:
        return None
    import decancer_py  # 3 MB of tables, for the few who take a name
    import pyobscenity

    looks_like = str(decancer_py.parse(name))
    require_no_imitation(name, looks_like)
    if pyobscenity.check(name) or pyobscenity.check(looks_like):
        raise InvalidInput("nickname", "That name is not fit for everybody’s eyes; choose another.")
    return name
