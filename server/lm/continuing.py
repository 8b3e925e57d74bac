"""Which of a model's word tokens are words, and which mostly begin longer ones, as " sw" does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from server.domain.text.tokens import continues_word
from server.lm.forward import Forward
from server.lm.loaded import LoadedModel
from server.lm.logits import NextTokens

_HYPHEN = "-"  # right after a word it joins more often than it breaks off
_TOKENS_TOGETHER = 256
_CONTEXTS = 6
_EARLIEST = 100  # word tokens among which contexts are looked for
_SELDOM, _MOSTLY = 0.1, 0.5

Shares = NDArray[np.float64]


class Continuations:
    """How probable it is that a loaded model goes on with the same word after a token.

    A word goes on differently in different places: " car" after nothing is often "carry", after
    " the" it is a car. So each token is read after nothing and after a few very frequent words, and
    the least of its shares is taken: a token that goes on everywhere is no word.
    """

    def __init__(self, loaded: LoadedModel, forward: Forward, next_tokens: NextTokens) -> None:
        self._loaded, self._forward, self._next_tokens = loaded, forward, next_tokens
        vocabulary = loaded.vocabulary
        self._going_on = torch.tensor(
            [float(_goes_on(vocabulary.text(i))) for i in range(len(vocabulary))],
            device=loaded.model.device,
        )

    def shares(self, token_ids: Sequence[int]) -> Shares:
        """Return the share of each token, (tokens,), between 0 and 1."""
        ids = np.array(token_ids, dtype=np.int64)
        least = self._after([], ids)
        for context in self._contexts:
            doubtful = np.flatnonzero(least > _MOSTLY)
            if doubtful.size:
                least[doubtful] = np.minimum(least[doubtful], self._after([context], ids[doubtful]))
        return least

    @cached_property
    def _contexts(self) -> list[int]:
        """The first few words of the vocabulary, which lists what is frequent first."""
        early = np.array(self._loaded.vocabulary.word_ids[:_EARLIEST], dtype=np.int64)
        whole = early[self._after([], early) < _SELDOM]
        return [int(token_id) for token_id in whole[:_CONTEXTS]]

    def _after(self, context: list[int], ids: NDArray[np.int64]) -> Shares:
        """Return how probable it is after `context` and each token that the word goes on."""
        parts = [np.zeros(0)]
        for start in range(0, len(ids), _TOKENS_TOGETHER):
            group = ids[start : start + _TOKENS_TOGETHER].tolist()
            # The last token of each text is predicted from all others; which it is does not matter.
            texts = [[*context, token_id, token_id] for token_id in group]
            hidden = self._forward.hidden_states(texts)[len(context) + 1 :: len(context) + 2]
            parts.append(self._next_tokens.shares_of(hidden, self._going_on).cpu().double().numpy())
        return np.concatenate(parts)


def _goes_on(text: str) -> bool:
    return text == _HYPHEN or continues_word(text)
