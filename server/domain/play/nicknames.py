"""What a player may call themselves."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from server.domain.errors import InvalidInput

LONGEST_NICKNAME_CHARACTERS = 32
MOST_MARKS_ON_A_LETTER = 3
_JOINER, _BLACK_FLAG, _EMOJI_STYLE = "\u200d", "\U0001f3f4", "\ufe0f"
_TAGS = frozenset(map(chr, range(0xE0020, 0xE0080)))  # spell out whose flag it is
_LOOK_EMPTY = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_DISTURBING = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
# Drawn without a width, though Unicode counts them among marks or unassigned characters.
_WIDTHLESS = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x17B4, 0x17B5),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE0F),
            *range(0xFFF0, 0xFFF9),
            *range(0xE0000, 0xE1000),
        ),
    )
)
_FIRST_EMOJI = 0x1F000

# The first as any word of a name, the second as the whole of it, the third anywhere in it.
_OFFICES = ("admin", "administrator", "moderator")
_ROLES = (
    "operator",
    "staff",
    "support",
    "system",
    "root",
    "model",
    "languagemodel",
    "opponent",
    "bot",
)
_OURS = ("perplexed", "gpt", "smollm", "minnow", "baseline", "unigram")
_ALIKE = str.maketrans("01|!l3@4$57", "oiiiieaasst")  # digits and signs that stand for letters
_SIGNS = re.compile(r"[|!@$]")


def read_nickname(text: str | None) -> str | None:
    """Return the nickname as it is stored (NFKC, stripped), or None for none.

    Emoji are welcome; control, direction and zero-width characters, which could disturb a page or
    make two names look the same, are not (the joiner stays between emoji), and something must be
    visible. Raises InvalidInput with field `nickname`.
    """
    if text is None:
        return None
    name = unicodedata.normalize("NFKC", text).strip()
    if not 1 <= len(name) <= LONGEST_NICKNAME_CHARACTERS:
        limit = LONGEST_NICKNAME_CHARACTERS
        raise InvalidInput("nickname", f"A nickname has 1 to {limit} characters.")
    for character in _invisible(name):
        code = f"U+{ord(character):04X}"
        raise InvalidInput("nickname", f"The invisible character {code} is not allowed.")
    if not any(_is_visible(character) for character in name):
        raise InvalidInput("nickname", "A nickname needs a visible character.")
    if _most_marks(name) > MOST_MARKS_ON_A_LETTER:
        raise InvalidInput(
            "nickname", f"A letter may carry at most {MOST_MARKS_ON_A_LETTER} marks."
        )
    return name


def require_no_imitation(name: str, looks_like: str) -> None:
    """Raise InvalidInput, field `nickname`, where a name could pass for the model or the admin.

    `looks_like` is the name in the plain letters that a reader takes its letters for. Refused are
    "The Admin", "4dm1n", "adm1n7" and "GPT-2 fan", but not "Badminton" or "Model T".
    """
    for text in (name, looks_like):
        words = [_plain(word) for word in re.findall(r"[^\W_]+", _SIGNS.sub(_letter, text))]
        whole = "".join(words)
        if (
            {*words, whole, whole.removeprefix("the")} & _plain_all(_OFFICES)
            or whole.removeprefix("the") in _plain_all(_ROLES)
            or any(own in whole for own in _plain_all(_OURS))
        ):
            raise InvalidInput(
                "nickname", "That could be taken for the model or the admin; choose another name."
            )


def _letter(sign: re.Match[str]) -> str:
    return sign[0].translate(_ALIKE)


def _plain_all(words: tuple[str, ...]) -> set[str]:
    return set(map(_plain, words))


def _plain(word: str) -> str:
    """Return a word folded, without a number at its end, look-alikes as one letter."""
    return word.casefold().rstrip("0123456789").translate(_ALIKE).replace("rn", "m")


def _invisible(name: str) -> Iterator[str]:
    """Yield the characters that do not show, or change how others do."""
    for index, character in enumerate(name):
        before = name[index - 1] if index else ""
        after = name[index + 1 : index + 2]
        if character == _JOINER:
            welcome = _is_emoji(before) and _is_emoji(after)
        elif character in _TAGS:
            welcome = before == _BLACK_FLAG or before in _TAGS
        else:
            category = unicodedata.category(character)
            welcome = category not in _DISTURBING and character not in _WIDTHLESS
        if not welcome:
            yield character


def _is_emoji(character: str) -> bool:
    """Tell whether a character may stand on either side of a joiner."""
    if not character:
        return False
    kind = unicodedata.category(character)
    return character == _EMOJI_STYLE or kind == "So" or ord(character) >= _FIRST_EMOJI


def _most_marks(name: str) -> int:
    """Return how many combining marks follow each other at most."""
    most = run = 0
    for character in name:
        run = run + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        most = max(most, run)
    return most


def _is_visible(character: str) -> bool:
    """Tell whether a character shows by itself; emoji newer than Python's tables do."""
    if character in _LOOK_EMPTY:
        return False
    category = unicodedata.category(character)
    return category == "Cn" or category[0] in "LNPS"
