"""Score passages: one forward pass each, everything that play needs taken from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from server.domain.errors import InvalidInput
from server.domain.play.own_texts import require_few_tokens
from server.domain.play.rounds import (
    asked_positions,
    drawing_seed,
    mixed_positions,
    shuffled_positions,
)
from server.domain.scores.checks import contradiction
from server.domain.scores.models import ModelIdentity, Precision
from server.domain.scores.passage_scores import (
    TOP_AT_ASKED,
    TOP_AT_MIXED,
    Draw,
    Outcome,
    PassageScores,
    TooLong,
)
from server.domain.text.tokens import TokenizedText, Unit, Vocabulary, windows
from server.lm.continuing import Continuations
from server.lm.forward import Forward, in_groups
from server.lm.load import load_model
from server.lm.loaded import LoadedModel
from server.lm.logits import NextTokens
from server.lm.rivals import POSITIONS_EXAMINED, RivalDraws
from server.lm.source import ModelSource
from server.lm.vocabulary import ids_of_text

_ROWS_KEPT = 256  # 51 MB for GPT-2's vocabulary; about sixty per text


@dataclass(frozen=True)
class _Encoded:
    """A text as tokens, and the positions that questions come from, in the order of asking."""

    index: int
    text: TokenizedText
    token_ids: list[int]
    seed: tuple[str, str]
    order: dict[Unit, list[int]]
    words: list[int]  # all positions that may be asked in `words`

    @cached_property
    def wanted(self) -> list[int]:
        """The positions whose whole distribution is looked at, ascending."""
        return sorted({position for order in self.order.values() for position in order})


def _can_be_kept(texts: list[_Encoded]) -> bool:
    """Tell whether the texts' whole distributions may be kept together."""
    return sum(len(text.wanted) for text in texts) <= _ROWS_KEPT


class PassageScorer:
    """A loaded model that scores passages."""

    def __init__(
        self,
        loaded: LoadedModel,
        precision: Precision = Precision.FLOAT32,
        *,
        compiled: bool = False,
    ) -> None:
        self._loaded, self._precision = loaded, precision
        self._forward = Forward(loaded, precision, compiled=compiled)
        vocabulary = loaded.vocabulary
        self._next_tokens = NextTokens.of(loaded)
        self._word_ids = torch.tensor(vocabulary.word_ids, device=loaded.model.device)
        self._rivals = RivalDraws(vocabulary)

    @property
    def loaded(self) -> LoadedModel:
        """The model itself."""
        return self._loaded

    @property
    def identity(self) -> ModelIdentity:
        """Which model this is."""
        return self._loaded.identity

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        return self._loaded.vocabulary

    def continued(self, token_ids: Sequence[int]) -> list[float]:
        """Return how probable it is after each word token that the model goes on with the word."""
        shares: list[float] = self._continuations.shares(token_ids).tolist()
        return shares

    @cached_property
    def _continuations(self) -> Continuations:
        return Continuations(self._loaded, self._forward, self._next_tokens)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What anyone who scores with this model should know about it, as sentences."""
        return self._loaded.remarks

    def count_tokens(self, text: str) -> int:
        """Return how many tokens the model reads `text` as."""
        return len(self._token_ids(text))

    def score(self, texts: Sequence[str]) -> Iterator[tuple[int, Outcome]]:
        """Yield (index, scores) for each text, in batches of similar length, shortest first.

        A text that is longer than the model's window yields TooLong in place of scores; one that
        its tokenizer changes yields a sentence that says so.
        """
        encoded, window = [], self.identity.window_tokens
        for index, text in enumerate(texts):
            token_ids = self._token_ids(text)
            if not self._rejoin(token_ids, text):
                yield index, "the model's tokenizer does not keep its text."
            elif len(token_ids) > window:
                yield index, TooLong(len(token_ids))
            else:
                encoded.append(self._encoded(index, text, token_ids))
        for batch in self._forward.batches(encoded, lambda item: len(item.token_ids)):
            rest = self._forward.hidden_states([item.token_ids for item in batch])
            for group in in_groups(batch, _can_be_kept):
                hidden, rest = rest.tensor_split([sum(len(item.token_ids) for item in group)])
                for item, scores in zip(group, self._scores(group, hidden), strict=True):
                    problem = contradiction(scores, texts[item.index], self.vocabulary)
                    yield item.index, f"the model's numbers: {problem}." if problem else scores

    def score_text(self, text: str) -> PassageScores:
        """Return the scores of one text, read in overlapping windows where the model's is shorter.

        Raises InvalidInput for a text of too many tokens, or one that its tokens do not join to.
        """
        return self._score_one(self._own(text), text)

    def score_position(self, text: str, position: int) -> PassageScores:
        """Return the same where one position alone is asked, in words too if it is one.

        Raises InvalidInput as well for a position that is not in the text, has nothing before it,
        or is part of a character.
        """
        item = self._own(text)
        if not 0 < position < len(item.token_ids):
            last = len(item.token_ids) - 1
            raise InvalidInput("position", f"Positions 1 to {last} are allowed in this text.")
        if not item.text.eligible(Unit.TOKENS, position):
            raise InvalidInput("position", "This token is a part of a character.")
        units = [unit for unit in Unit if item.text.eligible(unit, position)]
        order = {unit: [position] if unit in units else [] for unit in Unit}
        return self._score_one(replace(item, order=order), text)

    def _own(self, text: str) -> _Encoded:
        token_ids = self._token_ids(text)
        if not self._rejoin(token_ids, text):
            raise InvalidInput("text", "The model's tokenizer cannot give this text back exactly.")
        require_few_tokens(len(token_ids))
        return self._encoded(0, text, token_ids)

    def _score_one(self, item: _Encoded, text: str) -> PassageScores:
        token_ids, parts = item.token_ids, []
        for window in windows(len(token_ids), self.identity.window_tokens):
            hidden = self._forward.hidden_states([token_ids[window.start : window.stop]])
            parts.append(hidden[window.kept - window.start :])
        (scores,) = self._scores([item], torch.cat(parts))
        problem = contradiction(scores, text, self.vocabulary)
        if problem:
            raise InvalidInput("text", f"The model's numbers for it cannot be right: {problem}.")
        return scores

    def _rejoin(self, token_ids: list[int], text: str) -> bool:
        pieces = self._loaded.vocabulary.pieces
        return b"".join(pieces[token_id] for token_id in token_ids) == text.encode("utf-8")

    def _token_ids(self, text: str) -> list[int]:
        return ids_of_text(self._loaded.tokenizer, text)

    def _encoded(self, index: int, text: str, token_ids: list[int]) -> _Encoded:
        tokens = TokenizedText([self._loaded.vocabulary.pieces[token_id] for token_id in token_ids])
        seed = drawing_seed(text, self.identity)
        shuffled = {unit: shuffled_positions(tokens, unit, (*seed, unit)) for unit in Unit}
        order = {unit: positions[:POSITIONS_EXAMINED] for unit, positions in shuffled.items()}
        return _Encoded(index, tokens, token_ids, seed, order, shuffled[Unit.WORDS])

    def _scores(self, batch: list[_Encoded], hidden: torch.Tensor) -> Iterator[PassageScores]:
        """Yield the scores of each text from the hidden states of all, (tokens, width)."""
        starts = [0, *accumulate(len(item.token_ids) for item in batch)]
        targets = torch.tensor([i for item in batch for i in item.token_ids], device=hidden.device)
        wanted = [
            start + position
            for start, item in zip(starts, batch, strict=False)
            for position in item.wanted
        ]
        rows = torch.tensor(wanted, dtype=torch.int64, device=hidden.device)
        measured, logprobs = self._next_tokens.read(hidden, targets, rows)
        everywhere = {name: column.cpu().numpy() for name, column in measured.items()}
        wanted_of = logprobs.split([len(item.wanted) for item in batch])
        uniform = []  # all of them before the memory of `logprobs` is used again
        for item, (start, stop), its_rows in zip(batch, pairwise(starts), wanted_of, strict=True):
            here = {name: column[start:stop] for name, column in everywhere.items()}
            uniform.append(self._of_passage(item, here, its_rows))
        for item, scores, states in zip(
            batch, uniform, hidden.split([len(item.token_ids) for item in batch]), strict=True
        ):
            yield self._with_mixed(item, scores, states)

    def _with_mixed(
        self, item: _Encoded, scores: PassageScores, states: torch.Tensor
    ) -> PassageScores:
        """Add the daily's positions and their candidates, from all hidden states of the text."""
        seed = (*item.seed, Draw.MIXED)
        positions = mixed_positions(item.words, scores.entropy_nats, seed)
        if not positions:
            return scores
        targets = torch.tensor([item.token_ids[i] for i in positions], device=states.device)
        rows = torch.arange(len(positions), device=states.device)
        _, logprobs = self._next_tokens.read(states[positions], targets, rows)
        top_ids, top_logprob = self._best_words(logprobs, TOP_AT_MIXED)
        return replace(
            scores,
            mixed_words=np.array(positions, dtype=np.int32),
            mixed_top_ids=top_ids,
            mixed_top_logprob=top_logprob,
        )

    def _of_passage(
        self, item: _Encoded, everywhere: dict[str, NDArray[Any]], wanted: torch.Tensor
    ) -> PassageScores:
        """Return one text's scores; `wanted` is (wanted positions, vocabulary) in nats."""
        row_of = {position: row for row, position in enumerate(item.wanted)}
        asked = {unit: asked_positions(item.order[unit]) for unit in Unit}
        at_asked = {unit: wanted[[row_of[position] for position in asked[unit]]] for unit in Unit}
        distributions = wanted.cpu()
        measured: dict[str, Any] = {
            **everywhere,
            **self._at_asked(at_asked),
            **self._rivals.tables(
                item.order,
                item.token_ids,
                item.seed,
                lambda positions: distributions[[row_of[position] for position in positions]],
            ),
        }
        return PassageScores(
            token_ids=np.array(item.token_ids, dtype=np.int32),
            token_ends=np.array(item.text.ends, dtype=np.int32),
            asked_words=np.array(asked[Unit.WORDS], dtype=np.int32),
            asked_tokens=np.array(asked[Unit.TOKENS], dtype=np.int32),
            precision=self._precision,
            **measured,
        )

    def _at_asked(self, logprobs: dict[Unit, torch.Tensor]) -> dict[str, NDArray[Any]]:
        """Return the best candidates, given (asked positions, vocabulary) of each unit."""
        tokens = logprobs[Unit.TOKENS]
        best_tokens = tokens.topk(min(TOP_AT_ASKED, tokens.shape[1]), dim=1)
        words_top_ids, words_top_logprob = self._best_words(logprobs[Unit.WORDS], TOP_AT_ASKED)
        return {
            "words_top_ids": words_top_ids,
            "words_top_logprob": words_top_logprob,
            "tokens_top_ids": best_tokens.indices.int().cpu().numpy(),
            "tokens_top_logprob": best_tokens.values.cpu().numpy(),
        }

    def _best_words(
        self, logprobs: torch.Tensor, most: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the ids and log-probabilities of the best word tokens of each row."""
        words = logprobs.index_select(1, self._word_ids)
        best = words.topk(min(most, words.shape[1]), dim=1)
        return self._word_ids[best.indices].int().cpu().numpy(), best.values.cpu().numpy()


def load_on_one_thread(source: ModelSource) -> PassageScorer:
    """Load the model for scoring on the calling thread alone: the other cores serve requests.

    Raises ModelUnavailable where transformers cannot read it.
    """
    torch.set_num_threads(1)
    return PassageScorer(load_model(source))
