"""Places that rounds may ask, and what a model says there about every word it might name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from server.domain.estimators.arrays import BoolArray, FloatArray, IntArray
from server.domain.play.guessing import SUGGESTIONS
from server.domain.play.rounds import drawing_seed, shuffled_positions
from server.domain.scores.passage_scores import Integers
from server.domain.text.tokens import TokenizedText, Unit
from server.lm.loaded import LoadedModel
from server.lm.rivals import RivalDraws
from server.lm.vocabulary import ids_of_text

UNIT = Unit.WORDS
PLACES_PER_PASSAGE = 40  # the first that rounds might ask, those that they do ask included


class Tokens(Protocol):
    """A passage in a model's tokens; `PassageScores` are, and more."""

    @property
    def token_ids(self) -> Integers:
        """Its tokens, (n,)."""
        ...

    @property
    def token_ends(self) -> Integers:
        """The end of each token in the passage's bytes, (n,)."""
        ...

    @property
    def asked_words(self) -> Integers:
        """The positions that rounds ask in `words`, ascending."""
        ...


@dataclass(frozen=True)
class ReadPassage:
    """A passage that was cut into tokens and not scored: rounds ask nothing of it."""

    token_ids: Integers
    token_ends: Integers
    asked_words: Integers


def cut_into_tokens(texts: Sequence[str], loaded: LoadedModel) -> list[ReadPassage]:
    """Return texts in a model's tokens."""
    read = []
    for text in texts:
        ids = ids_of_text(loaded.tokenizer, text)
        ends = np.cumsum([len(loaded.vocabulary.pieces[token]) for token in ids])
        columns = (np.array(ids), ends, np.array([]))
        read.append(ReadPassage(*(column.astype(np.int32) for column in columns)))
    return read


@dataclass(frozen=True)
class Places:
    """Forty positions of each passage, drawn as those that are asked in `words`, (places,) each.

    A word's number stands for all its cases, as `Vocabulary.word_answers` has it.
    """

    passage: IntArray  # index of the passage
    position: IntArray
    target: IntArray  # the author's word
    asked: BoolArray  # through the service by bets, tries, and duels of the whole form


@dataclass(frozen=True)
class Reference:
    """The model that offers and draws: its log-probabilities of words, and its suggestions."""

    logprob: FloatArray  # (places, words) nats
    suggested: IntArray  # (places, 8)
    frequency: FloatArray  # (words,) in proportion to how often each is written


def all_places(texts: Sequence[str], scores: Sequence[Tokens], loaded: LoadedModel) -> Places:
    """Return the places of all passages, in their order."""
    rows = []
    for index, (text, scored) in enumerate(zip(texts, scores, strict=True)):
        tokens = TokenizedText([loaded.vocabulary.pieces[i] for i in scored.token_ids])
        seed = drawing_seed(text, loaded.identity)
        drawn = shuffled_positions(tokens, UNIT, (*seed, UNIT))[:PLACES_PER_PASSAGE]
        asked = set(scored.asked_words.tolist())
        rows += [(index, p, scored.token_ids[p], p in asked) for p in sorted(drawn)]
    passage, position, token, is_asked = (np.array(column) for column in zip(*rows, strict=True))
    target = loaded.vocabulary.word_answers[token].astype(np.int64)
    return Places(passage, position, target, is_asked)


@torch.inference_mode()
def reading_all(loaded: LoadedModel, scores: Sequence[Tokens], places: Places) -> torch.Tensor:
    """Return (places, tokens) log-probabilities in nats, each place after its whole passage."""
    rows = []
    for index, passage in enumerate(scores):
        context = [loaded.beginning_id, *passage.token_ids.tolist()[:-1]]
        logits = loaded.model(input_ids=torch.tensor([context])).logits[0]
        rows.append(logits[places.position[places.passage == index]])
    return _normalised(torch.cat(rows), loaded)


@torch.inference_mode()
def reading_last(
    loaded: LoadedModel, scores: Sequence[Tokens], places: Places, tokens: int
) -> torch.Tensor:
    """Return (places, tokens) log-probabilities in nats, each place after a few tokens alone."""
    contexts = [
        [loaded.beginning_id, *scores[index].token_ids[position - tokens : position].tolist()]
        for index, position in zip(places.passage, places.position, strict=True)
    ]
    batches = torch.tensor(contexts).split(256)
    logits = [loaded.model(input_ids=batch).logits[:, -1] for batch in batches]
    return _normalised(torch.cat(logits), loaded)


def _normalised(logits: torch.Tensor, loaded: LoadedModel) -> torch.Tensor:
    return torch.log_softmax(logits[:, : len(loaded.vocabulary)].float(), dim=-1)


def words_of(logprobs: torch.Tensor, loaded: LoadedModel) -> FloatArray:
    """Return (places, words) log-probabilities among words, all cases of one added up."""
    answers = torch.tensor(loaded.vocabulary.word_answers, dtype=torch.int64)
    named = answers >= 0
    mass = torch.zeros(len(logprobs), int(answers.max()) + 1, dtype=torch.float64)
    mass.index_add_(1, answers[named], logprobs[:, named].double().exp())
    return np.asarray((mass / mass.sum(dim=1, keepdim=True)).log().numpy())


def reference_of(logprobs: torch.Tensor, loaded: LoadedModel) -> Reference:
    """Return what the reference says at every place, as duels and bets are drawn from it."""
    draws = RivalDraws(loaded.vocabulary)
    suggested = draws.suggested_answers(UNIT, logprobs)
    if any(len(words) != SUGGESTIONS for words in suggested):
        raise ValueError("somewhere the model has fewer than eight words to suggest")
    words = words_of(logprobs, loaded)
    return Reference(words, np.array(suggested, dtype=np.int64), draws.frequency)
