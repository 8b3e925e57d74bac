"""Players with another vocabulary: an independent model reads the same places in its own tokens."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import torch

from benchmarks.oracle.places import Places, Reference, Tokens, words_of
from benchmarks.oracle.players import ModelPlayer
from server.domain.estimators.arrays import BoolArray, IntArray
from server.domain.text.tokens import Vocabulary, folded
from server.lm.loaded import LoadedModel
from server.lm.vocabulary import ids_of_text

_LEAST_UNKNOWN = 0.001


def independent(
    name: str,
    stranger: LoadedModel,
    loaded: LoadedModel,
    read: Sequence[Tokens],
    places: Places,
    reference: Reference,
) -> ModelPlayer:
    """Another model than the reference: other layers, training text and vocabulary.

    It holds probable what it says among its own words. Words of the reference that are no single
    token of its own share as much as there are such words among the authors'.
    """
    texts = [_text(loaded, text) for text in read]
    starts = _starts(read, places)
    own = words_of(_reading(stranger, texts, places, starts), stranger)
    number, known = _shared_words(loaded.vocabulary, stranger.vocabulary)
    unknown = max(_LEAST_UNKNOWN, 1 - float(known[places.target].mean()))
    logprob = np.full(reference.logprob.shape, np.log(unknown / max(1, int((~known).sum()))))
    shared = own[:, number[known]]
    scale = np.logaddexp.reduce(shared, axis=1, keepdims=True)
    logprob[:, known] = shared - scale + np.log(1 - unknown * bool((~known).any()))
    return ModelPlayer(name, logprob)


def _text(loaded: LoadedModel, text: Tokens) -> str:
    pieces = loaded.vocabulary.pieces
    return b"".join(pieces[token] for token in text.token_ids).decode("utf-8")


def _starts(read: Sequence[Tokens], places: Places) -> list[int]:
    """Return the byte of its passage at which each place's word begins, its space included."""
    return [
        int(read[passage].token_ends[position - 1])
        for passage, position in zip(places.passage, places.position, strict=True)
    ]


@torch.inference_mode()
def _reading(
    stranger: LoadedModel, texts: Sequence[str], places: Places, starts: Sequence[int]
) -> torch.Tensor:
    """Return (places, tokens) log-probabilities in nats, each after all that stands before it."""
    rows = []
    for passage, text in enumerate(texts):
        token_ids = ids_of_text(stranger.tokenizer, text)
        ends = accumulate(len(stranger.vocabulary.pieces[token]) for token in token_ids)
        behind = {0: 0} | {end: number for number, end in enumerate(ends, start=1)}
        logits = _logits(stranger, token_ids)
        for row in np.flatnonzero(places.passage == passage).tolist():
            number = behind.get(starts[row])
            if number is None:  # its tokens run over the word's beginning: read up to there alone
                before = text.encode()[: starts[row]].decode()
                rows.append(_logits(stranger, ids_of_text(stranger.tokenizer, before))[-1])
            else:
                rows.append(logits[number])
    kept = torch.stack(rows)[:, : len(stranger.vocabulary)]
    return torch.log_softmax(kept.float(), dim=-1)


def _logits(stranger: LoadedModel, token_ids: Sequence[int]) -> torch.Tensor:
    context = torch.tensor([[stranger.beginning_id, *token_ids]])
    logits: torch.Tensor = stranger.model(input_ids=context).logits[0]
    return logits


def _shared_words(wanted: Vocabulary, owned: Vocabulary) -> tuple[IntArray, BoolArray]:
    """Return for each wanted word its number among those owned, and whether it is among them."""
    numbers = {word: number for number, word in enumerate(_words(owned))}
    found = np.array([numbers.get(word, -1) for word in _words(wanted)], dtype=np.int64)
    return found, found >= 0


def _words(vocabulary: Vocabulary) -> list[str]:
    """Return all words by their numbers, as `Vocabulary.word_answers` counts them."""
    ids = np.array(vocabulary.word_ids)
    words: dict[int, str] = {}
    for number, token in zip(vocabulary.word_answers[ids].tolist(), ids.tolist(), strict=True):
        words[number] = folded(vocabulary.text(token)[1:])
    return [words[number] for number in range(len(words))]


def by_subject(well_read: ModelPlayer, short_memory: ModelPlayer, knows: BoolArray) -> ModelPlayer:
    """One who knows some subjects well and others badly; `knows` says of each place, (places,)."""
    logprob = np.where(knows[:, None], well_read.logprob, short_memory.logprob)
    return ModelPlayer("by subject", logprob)
