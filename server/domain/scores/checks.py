"""Whether arrays that come from elsewhere can be a model's scores of a passage."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.domain.scores.passage_scores import (
    RIVAL_TABLES,
    RIVALS_PER_POSITION,
    Draw,
    Form,
    PassageScores,
)
from server.domain.text.tokens import TokenizedText, Unit, Vocabulary

_ROUNDING = 1e-3  # of a float32 log-probability near 0
_INTEGERS = ("ids", "ends", "rank", "positions", "words", "tokens")  # how their names end
_OF_RANKS = ("top_ids", "words_top_ids", "tokens_top_ids", "mixed_top_ids")


def contradiction(scores: PassageScores, text: str, vocabulary: Vocabulary) -> str | None:
    """Return why these cannot be scores of `text` with this vocabulary, or None where they can.

    Every array must have its type and shape, the tokens must join to the text byte for byte, and
    whatever is asked or stored must exist.
    """
    return (
        _unfit_array(scores)
        or _unknown_token(scores, vocabulary)
        or _other_text(scores, text, vocabulary)
        or _wrong_questions(scores, vocabulary)
        or _wrong_mixed(scores, vocabulary)
    )


def _unfit_array(scores: PassageScores) -> str | None:
    arrays = scores.arrays()
    for name, array in arrays.items():
        wanted = np.int32 if name.endswith(_INTEGERS) else np.float32
        if array.dtype != wanted:
            return f"{name} holds {array.dtype}, not {np.dtype(wanted)}"
        if wanted is np.float32 and not _is_loss(name, array):
            kind = "entropies" if "entropy" in name else "log-probabilities"
            return f"{name} holds values that are not {kind}"
    return _unfit_shape(arrays)


def _is_loss(name: str, array: NDArray[Any]) -> bool:
    """Tell whether log-probabilities are at most 0, or entropies at least; and none is NaN."""
    nats = array if name == "entropy_nats" else -array
    return bool(np.isfinite(array).all() and (nats >= -_ROUNDING).all())


def _unfit_shape(arrays: dict[str, NDArray[Any]]) -> str | None:
    ranked = {name: arrays[name].shape[1:] for name in _OF_RANKS}
    rivals = {f"{table}.rival_ids": (RIVALS_PER_POSITION,) for table in RIVAL_TABLES.values()}
    widths = ranked | rivals
    widths |= {name.replace("_ids", "_logprob"): width for name, width in widths.items()}
    widths |= {
        f"{table}.rival_drawn_logprob": (RIVALS_PER_POSITION,) for table in RIVAL_TABLES.values()
    }
    for name, array in arrays.items():
        width = widths.get(name, ())
        if array.shape[1:] != width or (name in ranked and (len(width) != 1 or not width[0])):
            return f"{name} has the shape {array.shape}"
    return None


def _unknown_token(scores: PassageScores, vocabulary: Vocabulary) -> str | None:
    for name, array in scores.arrays().items():
        known = not name.endswith("ids") or ((array >= 0) & (array < len(vocabulary))).all()
        if not known:
            return "they hold tokens that the vocabulary does not have"
    ranks = np.concatenate((scores.target_rank, scores.word_rank[scores.word_rank != 0]))
    if ((ranks < 1) | (ranks > len(vocabulary))).any():
        return "a rank is beyond the vocabulary"
    return None


def _other_text(scores: PassageScores, text: str, vocabulary: Vocabulary) -> str | None:
    pieces = [vocabulary.pieces[token_id] for token_id in scores.token_ids]
    if b"".join(pieces) != text.encode("utf-8"):
        return "their tokens do not join to its text"
    if scores.token_ends.tolist() != TokenizedText(pieces).ends:
        return "their tokens end elsewhere"
    return None


def _wrong_questions(scores: PassageScores, vocabulary: Vocabulary) -> str | None:
    cut = TokenizedText([vocabulary.pieces[token_id] for token_id in scores.token_ids])
    for unit in Unit:
        asked = scores.asked(unit)
        whole, tail = (
            scores.rivals(unit, form).positions.tolist() for form in (Form.WHOLE, Form.TAIL)
        )
        if any(places != sorted(set(places)) for places in (asked, tail)) or not all(
            0 <= position < len(cut) for position in (*asked, *tail)
        ):
            return f"the positions asked in {unit} are not positions of it"
        if whole != asked:
            return f"the rivals in {unit} belong to positions other than those asked"
        if not all(cut.eligible(unit, position) for position in (*asked, *tail)):
            return f"a position asked in {unit} may not be asked"
        if unit is Unit.WORDS and not scores.word_rank[asked].all():
            return "a word that is asked has no rank among words"
    return None


def _wrong_mixed(scores: PassageScores, vocabulary: Vocabulary) -> str | None:
    cut = TokenizedText([vocabulary.pieces[token_id] for token_id in scores.token_ids])
    positions = scores.asked(Unit.WORDS, Draw.MIXED)
    if positions != sorted(set(positions)) or not all(
        0 <= position < len(cut) and cut.is_word_position(position) for position in positions
    ):
        return "the mixed positions are not words of it"
    return None if scores.word_rank[positions].all() else "a mixed word has no rank among words"
