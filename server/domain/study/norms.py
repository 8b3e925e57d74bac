"""Cloze norms as psycholinguists publish them, read as guesses.

A table of norms has a row for each answer, or for each different answer with how many people gave
it. Its columns go by other names than the interchange format's; those in common use are known.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from server.domain.errors import InvalidInput
from server.domain.study.cells import FIELDS, OBJECTS, tidied
from server.domain.text.tokens import Unit, is_word

MOST_OF_A_COUNT = 1_000_000
_OTHER_NAMES = {
    "player": ("participant", "participant_id", "subject", "subject_id", "subj", "respondent"),
    "passage": ("text_id", "passage_id", "item", "item_id", "sentence_id"),
    "position": ("word_number", "word_position", "word_index"),
    "guess": ("response", "answer", "completion"),
    "target": ("word", "target_word"),
}
COUNTS = ("response_count", "count", "frequency", "freq")
_FIELD_OF = {name: field for field, names in _OTHER_NAMES.items() for name in names}


def column_named(name: str) -> str:
    """Return a column's name as it is compared: lower case, one underscore for spaces and dashes.

    What follows a dot in `target_logprob.GPT-2` is a model's name, and stays.

    >>> column_named(" Response Count"), column_named("Target_Logprob.GPT-2")
    ('response_count', 'target_logprob.GPT-2')
    """
    head, dot, rest = name.partition(".")
    return "_".join(head.replace("-", " ").split()).lower() + dot + rest


def is_known(column: str) -> bool:
    """Tell whether a column, as compared, is one that a row is read from."""
    head, _, key = column.partition(".")
    return (
        column in FIELDS
        or column in _FIELD_OF
        or column in COUNTS
        or (bool(key) and head in OBJECTS)
    )


def tells_answers(columns: Iterable[str]) -> bool:
    """Tell whether a table with these columns, as compared, can hold answers of some kind."""
    names = {column.partition(".")[0] for column in columns}
    return not names.isdisjoint({"guess", "stakes", "p_target", *_OTHER_NAMES["guess"]})


class Norms:
    """The rows of one file as records of guesses; it remembers how many have no player."""

    def __init__(self, source: str) -> None:
        """Take the name that answers without a player are called by."""
        self._source = source
        self._answers: Counter[tuple[object, object]] = Counter()
        self.without_player = 0

    def records(self, record: Mapping[str, object]) -> Iterator[dict[str, object]]:
        """Yield what a row stands for: itself, tidied, or one guess for each person that it counts.

        Norms are of words: marks around target and answer go, case is no difference. Who gave an
        answer that is only counted is not known, so each has a player of its own. Raises
        InvalidInput where the count is none, or stands beside a player.
        """
        compared = {column_named(name): value for name, value in record.items()}
        named = _in_the_format_s_names(compared)
        count = _count(named)
        plain = tidied({name: value for name, value in named.items() if name != "count"})
        if "guess" in plain and (count is not None or "guess" not in compared):
            _complete(plain)
        if count is None or "guess" not in plain:
            yield plain
            return
        if plain.get("player") is not None:
            if count != 1:
                raise InvalidInput("count", "a row that names a player is one answer")
            yield plain
            return
        place = (plain.get("passage"), plain.get("position"))
        for _ in range(count):
            self._answers[place] += 1
            self.without_player += 1
            name = f"{self._source} {place[0]} {place[1]} answer {self._answers[place]}"
            yield plain | {"player": name}


def _in_the_format_s_names(compared: Mapping[str, object]) -> dict[str, object]:
    """Return the record by the format's names; another name counts where that one is missing."""
    named = {name: value for name, value in compared.items() if name not in _FIELD_OF}
    for field, others in _OTHER_NAMES.items():
        if field not in named:
            found = next((name for name in others if name in compared), None)
            if found is not None:
                named[field] = compared[found]
    counts = next((name for name in COUNTS if name in compared), None)
    return named if counts is None else named | {"count": compared[counts]}


def _count(named: Mapping[str, object]) -> int | None:
    if "count" not in named:
        return None
    count = tidied({"position": named["count"]}).get("position")
    if isinstance(count, int) and 0 <= count <= MOST_OF_A_COUNT:
        return count
    raise InvalidInput("count", f"it must be a whole number from 0 to {MOST_OF_A_COUNT:,}")


def _complete(guess: dict[str, object]) -> None:
    """Add what norms leave unsaid: that words are asked, and without the marks around them."""
    guess.setdefault("unit", Unit.WORDS.value)
    for field in ("guess", "target"):
        text = guess.get(field)
        if isinstance(text, str) and guess["unit"] == Unit.WORDS.value:
            guess[field] = without_marks(text)
    target = guess.get("target")
    if isinstance(target, str):
        guess.setdefault("is_word", is_word(target.strip()))


def without_marks(word: str) -> str:
    """Return the word without what stands around its letters and digits, if it has any.

    >>> without_marks("“lake,”"), without_marks("o'clock."), without_marks("--")
    ('lake', "o'clock", '--')
    """
    inside = [
        place
        for place, character in enumerate(word)
        if character.isalnum() or unicodedata.category(character).startswith("M")
    ]
    return word[inside[0] : inside[-1] + 1] if inside else word
