"""Models that play as people: what each holds probable at every place is known."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from benchmarks.oracle.places import (
    Places,
    Reference,
    Tokens,
    reading_all,
    reading_last,
    words_of,
)
from server.domain.estimators.arrays import FloatArray, IntArray
from server.lm.loaded import LoadedModel

SHORT_MEMORY_TOKENS = 4
COLD, HOT = 0.7, 1.5
UNIGRAM_SHARE = 0.5
LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class ModelPlayer:
    """A player whose distribution over words is known at every place, (places, words) nats."""

    name: str
    logprob: FloatArray

    def true_loss(self, places: Places, rows: IntArray | None = None) -> float:
        """Return the mean loss in nats at all places, or at some."""
        chosen = np.arange(places.target.size) if rows is None else rows
        return float(-self.logprob[chosen, places.target[chosen]].mean())


def the_reference(reference: Reference) -> ModelPlayer:
    """The reference playing against itself."""
    return ModelPlayer("reference", reference.logprob)


def tempered(reference: Reference, temperature: float) -> ModelPlayer:
    """The reference at another temperature T: h in proportion to g^(1/T)."""
    kind = "bolder" if temperature < 1 else "more timid"
    powers = reference.logprob / temperature
    return ModelPlayer(kind, _as_distribution(powers))


def with_short_memory(loaded: LoadedModel, scores: Sequence[Tokens], places: Places) -> ModelPlayer:
    """The reference after the last few tokens alone."""
    logprobs = reading_last(loaded, scores, places, SHORT_MEMORY_TOKENS)
    return ModelPlayer("short memory", words_of(logprobs, loaded))


def by_frequency(
    reference: Reference, loaded: LoadedModel, scores: Sequence[Tokens]
) -> ModelPlayer:
    """Half the reference, half how often a word stands in these passages, one added to each."""
    frequency = _frequency(reference, loaded, scores)
    parts = (reference.logprob + np.log(1 - UNIGRAM_SHARE), frequency + np.log(UNIGRAM_SHARE))
    return ModelPlayer("half by frequency", _as_distribution(np.logaddexp(*parts)))


def unigram(reference: Reference, loaded: LoadedModel, scores: Sequence[Tokens]) -> ModelPlayer:
    """How often a word stands in these passages, one added to each: it reads nothing."""
    frequency = _frequency(reference, loaded, scores)
    return ModelPlayer("unigram", np.tile(frequency, (len(reference.logprob), 1)))


def _frequency(reference: Reference, loaded: LoadedModel, scores: Sequence[Tokens]) -> FloatArray:
    """Return (words,) log-probabilities by how often a word stands in these passages."""
    tokens = np.concatenate([passage.token_ids for passage in scores])
    words = loaded.vocabulary.word_answers[tokens]
    counts = np.bincount(words[words >= 0], minlength=reference.logprob.shape[1]) + 1.0
    frequency: FloatArray = np.log(counts / counts.sum())
    return frequency


def well_read(loaded: LoadedModel, scores: Sequence[Tokens], places: Places) -> ModelPlayer:
    """The reference after training on these very passages: stronger than the reference."""
    model = copy.deepcopy(loaded.model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    for passage in scores:
        tokens = torch.tensor([loaded.beginning_id, *passage.token_ids.tolist()])
        logits = model(input_ids=tokens[None, :-1]).logits[0]
        torch.nn.functional.cross_entropy(logits, tokens[1:]).backward()
        optimizer.step()
        optimizer.zero_grad()
    logprobs = reading_all(replace(loaded, model=model), scores, places)
    return ModelPlayer("well-read", words_of(logprobs, loaded))


def _as_distribution(weights: FloatArray) -> FloatArray:
    """Return rows of unnormalised logarithms as log-probabilities."""
    normalised: FloatArray = weights - np.logaddexp.reduce(weights, axis=1, keepdims=True)
    return normalised
