"""Cut a long text at sentence ends, so that each part fits into a number of tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import regex
import sentencex

from server.domain.text.passages import LONGEST_LABEL, Passage

CountTokens = Callable[[str], int]

_WORD = re.compile(r"\S+\s*|\s+")
_LETTER = regex.compile(r"\X")  # what a reader sees as one character


def cut_at_sentence_ends(
    text: str, most_tokens: int, count_tokens: CountTokens, language: str = "en"
) -> list[str]:
    """Return `text` in parts of at most `most_tokens` tokens, as equal in length as they can be.

    A part ends with a sentence. Only a sentence that alone is too long is cut inside: between
    words, or in a word between letters, or in a letter between code points. Between two parts
    nothing is lost but white space.
    """
    atoms = list(_atoms(text, most_tokens, count_tokens, language))
    parts, start, left = [], 0, count_tokens(text)
    while start < len(atoms):
        if left < 4 * most_tokens:  # a sum of parts is not quite the whole: near the end, count
            left = count_tokens("".join(atoms[start:]).strip())
        end = _end_of_part(atoms, start, left, most_tokens, count_tokens)
        part = "".join(atoms[start:end])
        parts.append(part.strip())
        start, left = end, left - count_tokens(parts[-1])
    return [part for part in parts if part]


def cut_passage(passage: Passage, most_tokens: int, count_tokens: CountTokens) -> list[Passage]:
    """Return `passage` as passages of at most `most_tokens` tokens, titled "Title (1 of 3)"."""
    texts = cut_at_sentence_ends(passage.text, most_tokens, count_tokens)
    if len(texts) == 1:
        return [passage]
    return [
        replace(passage, text=text, title=_numbered(passage.title, f" ({number} of {len(texts)})"))
        for number, text in enumerate(texts, start=1)
    ]


def _numbered(title: str, number: str) -> str:
    room = LONGEST_LABEL - len(number)
    return (title if len(title) <= room else title[: room - 1].rstrip() + "…") + number


def _end_of_part(atoms: list[str], start: int, left: int, most: int, count: CountTokens) -> int:
    """Return where the part from `start` ends: at about an equal share of the tokens `left`."""
    last = _longest(atoms, start, most, count)
    if last == len(atoms):
        return last
    share = left // max(2, -(-left // most))
    end = _longest(atoms, start, share, count)
    # Rounded up to the next end of an atom, so that no short part is left over at the end.
    return end if count("".join(atoms[start:end])) >= share else min(last, end + 1)


def _longest(atoms: list[str], start: int, most: int, count: CountTokens) -> int:
    """Return the largest end for which the atoms from `start` fit, at least one of them.

    Doubles the step until it is too far, then halves: the cost grows with the part, not the text.
    """
    fitting, step = start + 1, 1
    while fitting + step <= len(atoms) and _fits(atoms[start : fitting + step], most, count):
        fitting += step
        step *= 2
    while step:
        if fitting + step <= len(atoms) and _fits(atoms[start : fitting + step], most, count):
            fitting += step
        step //= 2
    return fitting


def _fits(atoms: list[str], most: int, count: CountTokens) -> bool:
    return count("".join(atoms).strip()) <= most


def _atoms(text: str, most: int, count: CountTokens, language: str) -> Iterator[str]:
    """Yield what is never cut: sentences, and the pieces of those that alone are too long."""
    for sentence in _sentences(text, language):
        if _fits([sentence], most, count):
            yield sentence
            continue
        for word in _WORD.findall(sentence):
            if _fits([word], most, count):
                yield word
                continue
            for letter in _LETTER.findall(word):
                yield from [letter] if _fits([letter], most, count) else letter


def _sentences(text: str, language: str) -> list[str]:
    sentences: list[str] = sentencex.segment(language, text)
    # Whatever the library makes of strange texts, no character may be lost.
    return sentences if "".join(sentences) == text else [text]
