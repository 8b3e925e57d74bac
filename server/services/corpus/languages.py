"""Which language a record is in: as it says, or as its text looks."""

from __future__ import annotations

import re
from functools import lru_cache

import py3langid

from server.domain.errors import InvalidInput
from server.domain.text.corpus import Dropped
from server.services.corpus.sources import LANGUAGE_COLUMNS, Record

_CHARACTERS_READ = 2_000
_NOT_SAID = ("und", "mul", "mis", "zxx")  # undetermined, several, uncoded, none
_SUBTAGS = re.compile(r"[-_].*", re.DOTALL)  # script, region: en-US, eng_Latn


@lru_cache(maxsize=1_000)
def language_code(stated: str) -> str | None:
    """Return the ISO 639 code of a language, however it is stated; None where it is none.

    The code has two letters where there is one of two, three otherwise: `en` for "en", "EN",
    "en-US", "eng", "eng_Latn" and "English"; a language of a group has the group's (`zh` for
    "cmn") where it has no two letters itself.
    """
    from iso639 import Language, LanguageNotFoundError  # large; only this needs it

    for form in (stated.strip(), _SUBTAGS.sub("", stated.strip())):
        try:
            language = Language.match(form, strict_case=False)
        except LanguageNotFoundError:
            continue
        if language.part1 is None and language.macrolanguage:
            language = Language.match(language.macrolanguage)
        return str(language.part1 or language.part3)
    return None


def wanted_language(stated: str) -> str:
    """Return the code of the language that somebody asks for; raise InvalidInput for none."""
    code = language_code(stated)
    if code is None or code in _NOT_SAID:
        raise InvalidInput(
            "language",
            f"--language: {stated!r} is no language; an ISO 639 code (en, eng) or an English name "
            "(English) is allowed.",
        )
    return code


def language_of(record: Record, text: str) -> str:
    """Return the code of the language that the record states, or else its text looks like.

    Of a list the first counts. Raises Dropped where what is stated is no language.
    """
    for column in LANGUAGE_COLUMNS:
        stated = record.get(column)
        if isinstance(stated, list) and stated:
            stated = stated[0]
        if not isinstance(stated, str) or not stated.strip():
            continue
        code = language_code(stated)
        if code is None:
            raise Dropped(f"{column}: neither an ISO 639 code nor the English name of a language")
        if code not in _NOT_SAID:
            return code
    code, _ = py3langid.classify(text[:_CHARACTERS_READ])
    return str(code)
