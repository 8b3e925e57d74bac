"""A player's guess: how it is read, when it is right, and what the model thinks of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from server.domain.errors import InvalidInput
from server.domain.scores.gap import Gap
from server.domain.scores.passage_scores import Candidate
from server.domain.text.tokens import Unit, Vocabulary, compatible, folded, is_word

LONGEST_GUESS_CHARACTERS = 64
CANDIDATES_SHOWN = 5
SUGGESTIONS = 8
CANDIDATES_PER_SUGGESTION = 4  # some differ in case alone, some cannot be answered
LIKELY_WORDS = CANDIDATES_PER_SUGGESTION * SUGGESTIONS  # as far as shown words are looked for
VISIBLE_SPACE, VISIBLE_NEWLINE, VISIBLE_TAB = "\u2423", "\u23ce", "\u21e5"
END_OF_TEXT = "(end of text)"
LOST_CHARACTER = "\ufffd"
_VISIBLE = {" ": VISIBLE_SPACE, "\n": VISIBLE_NEWLINE, "\t": VISIBLE_TAB}


def visible(token: str, unit: Unit) -> str:
    """Return a token's text for a page: in `tokens`, spaces and line ends become visible signs.

    >>> visible(" the", Unit.TOKENS), visible(" the", Unit.WORDS)
    ('␣the', 'the')
    """
    if not token:
        return END_OF_TEXT
    if unit is Unit.WORDS:
        return token.strip()
    return "".join(_VISIBLE.get(character, character) for character in token)


def read_visible(text: str) -> str:
    """Return the text with visible signs read back as the characters that they stand for."""
    for character, sign in _VISIBLE.items():
        text = text.replace(sign, character)
    return text


def read_guess(text: str, unit: Unit) -> str:
    """Return the guess as it is compared and stored: stripped, visible signs read back.

    In `words` it is NFKC with plain apostrophes, in `tokens`, where every character counts, NFC.

    Raises InvalidInput (field `text`) for what could never be a guess: it costs nothing.
    """
    if unit is Unit.WORDS:
        text = compatible(text).strip()
    else:
        text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise InvalidInput("text", "Type a guess, or skip.")
    if len(text) > LONGEST_GUESS_CHARACTERS:
        raise InvalidInput("text", f"At most {LONGEST_GUESS_CHARACTERS} characters, please.")
    if unit is Unit.WORDS:
        return _read_word(text)
    text = read_visible(text)
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text):
        raise InvalidInput("text", "That holds a control character; please type plain text.")
    return text


def _read_word(text: str) -> str:
    if any(character.isspace() for character in text):
        raise InvalidInput("text", "One word only, please.")
    if not is_word(text):
        raise InvalidInput("text", "The next token is a word: letters only, please.")
    return text


def is_right(guess: str, target: str, unit: Unit) -> bool:
    """Tell whether a typed guess is the target token.

    In `words`: equal to the target word ignoring case. In `tokens`: the exact token, tried with
    and without a leading space.
    """
    if unit is Unit.WORDS:
        return folded(guess.strip()) == folded(target.strip())
    return unicodedata.normalize("NFC", target) in (guess, " " + guess)


@lru_cache(maxsize=16_384)  # scoring asks about every token of every passage
def can_be_answered(token: str, unit: Unit) -> bool:
    """Tell whether a player who knows the token could give it as a guess.

    False for invisible characters without a sign, for control characters, and for tokens longer
    than a guess may be: such a token is neither asked nor suggested.
    """
    try:
        return is_right(read_guess(visible(token, unit), unit), token, unit)
    except InvalidInput:
        return False


@dataclass(frozen=True)
class Reveal:
    """What is shown once a position is settled; log-probabilities are under the unit's rule.

    The guess's rank and log-probability are None for a skip, for a guess that is not a single
    token of the model (`guess_is_token` False), and for one beyond the stored candidates; in that
    last case its log-probability is below `guess_below_nats`.
    """

    target: str
    right: bool
    model_guess: str
    model_right: bool
    target_rank: int
    target_loss_nats: float
    candidates: list[Candidate]
    guess_is_token: bool = False
    guess_rank: int | None = None
    guess_logprob_nats: float | None = None
    guess_below_nats: float | None = None


def reveal(gap: Gap, guess: str | None) -> Reveal:
    """Mark a settled position for both sides; `guess` is None for a skip."""
    candidates = gap.candidates(CANDIDATES_SHOWN)
    marks = Reveal(
        target=gap.target,
        right=guess is not None and is_right(guess, gap.target, gap.unit),
        model_guess=candidates[0].text,
        model_right=_model_is_right(candidates[0], gap),
        target_rank=gap.target_rank,
        target_loss_nats=gap.target_loss_nats,
        candidates=candidates,
    )
    if marks.right:
        return replace(
            marks,
            guess_is_token=True,
            guess_rank=marks.target_rank,
            guess_logprob_nats=-marks.target_loss_nats,
        )
    token_ids = ids_of_answer(gap.vocabulary, gap.unit, guess) if guess is not None else ()
    return _placed(marks, gap, token_ids) if token_ids else marks


def _model_is_right(choice: Candidate, gap: Gap) -> bool:
    """Hold the model to the player's rule; it answers in tokens, so its spaces must match too."""
    if gap.unit is Unit.WORDS:
        return is_right(choice.text, gap.target, gap.unit)
    return choice.token_id == gap.target_id


def _placed(marks: Reveal, gap: Gap, token_ids: tuple[int, ...]) -> Reveal:
    place = gap.find(token_ids)
    if place is None:
        below = gap.least_stored_logprob
        return replace(marks, guess_is_token=True, guess_below_nats=below)
    rank, logprob = place
    return replace(marks, guess_is_token=True, guess_rank=rank, guess_logprob_nats=logprob)


def ids_of_answer(vocabulary: Vocabulary, unit: Unit, guess: str) -> tuple[int, ...]:
    """Return the ids of the tokens that a guess may mean; empty where it is not a single token."""
    if unit is Unit.WORDS:
        return vocabulary.ids_of_word(guess)
    ids = (vocabulary.id_of(text) for text in (guess, " " + guess))
    return tuple(token_id for token_id in ids if token_id is not None)


def suggested(candidates: Iterable[Candidate], unit: Unit, count: int) -> list[Candidate]:
    """Return the first `count` candidates that are different answers, in the order given.

    In `words` two tokens that differ in case alone are one answer; what cannot be given as a
    guess (the end of text, parts of characters) is never suggested.
    """
    chosen: dict[str, Candidate] = {}
    for candidate in candidates:
        if LOST_CHARACTER not in candidate.text and can_be_answered(candidate.text, unit):
            text = visible(candidate.text, unit)
            chosen.setdefault(folded(text) if unit is Unit.WORDS else text, candidate)
        if len(chosen) == count:
            break
    return list(chosen.values())


def suggested_candidates(gap: Gap) -> list[tuple[Candidate, tuple[int, ...]]]:
    """Return the eight suggestions, each with the ids of all tokens that it covers.

    They stand in alphabetical order, so that rank does not leak. In `words` a suggestion covers
    its word in every case.
    """
    unit = gap.unit
    chosen = suggested(gap.candidates(LIKELY_WORDS), unit, SUGGESTIONS)
    chosen.sort(key=lambda candidate: _alphabetical(visible(candidate.text, unit)))
    if unit is Unit.TOKENS:
        return [(candidate, (candidate.token_id,)) for candidate in chosen]
    return [(c, ids_of_answer(gap.vocabulary, unit, visible(c.text, unit))) for c in chosen]


def suggestions(gap: Gap) -> list[str]:
    """Return the texts of the eight suggestions, in alphabetical order.

    A token that only begins a longer word is not among them. What a bet offers is: there the eight
    are where the duels' tail begins.
    """
    vocabulary = gap.vocabulary
    likely = [
        candidate
        for candidate in gap.candidates(LIKELY_WORDS)
        if gap.unit is Unit.TOKENS or not vocabulary.begins_longer_word(candidate.token_id)
    ]
    texts = [visible(c.text, gap.unit) for c in suggested(likely, gap.unit, SUGGESTIONS)]
    return sorted(texts, key=_alphabetical)


def _alphabetical(text: str) -> tuple[str, str]:
    return text.casefold(), text
