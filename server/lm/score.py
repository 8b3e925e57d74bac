"""Score passages: one forward pass each, everything that play needs taken from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from server.domain.errors import InvalidInput
from server.domain.models import ModelIdentity
from server.domain.own_texts import require_few_tokens
from server.domain.rounds import asked_positions, drawing_seed
from server.domain.scores import TOP_AT_ASKED, TOP_EVERYWHERE, PassageScores, TooLong
from server.domain.tokens import TokenizedText, Unit, Vocabulary
from server.domain.windows import windows
from server.lm.load import LoadedModel
from server.lm.rivals import RivalDraws

TOKENS_PER_BATCH = 2_048
ROWS_PER_CHUNK = 512


@dataclass(frozen=True)
class _Encoded:
    index: int
    text: str
    token_ids: list[int]


class PassageScorer:
    """A loaded model that scores passages."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self._word_ids = torch.tensor(loaded.vocabulary.word_ids, device=loaded.model.device)
        self._is_word = torch.zeros(len(loaded.vocabulary), dtype=torch.bool)
        self._is_word[self._word_ids.cpu()] = True
        self._rivals = RivalDraws(loaded.vocabulary)

    @property
    def identity(self) -> ModelIdentity:
        """Which model this is."""
        return self._loaded.identity

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        return self._loaded.vocabulary

    def count_tokens(self, text: str) -> int:
        """Return how many tokens the model reads `text` as."""
        return len(self._token_ids(text))

    def score(self, texts: Sequence[str]) -> Iterator[tuple[int, PassageScores | TooLong | str]]:
        """Yield (index, scores) for each text, in batches of similar length, shortest first.

        A text that is longer than the model's window yields TooLong in place of scores, one that
        its tokenizer changes a sentence that says so.
        """
        encoded, window = [], self.identity.window_tokens
        for index, text in enumerate(texts):
            token_ids = self._encode(text)
            if token_ids is None:
                yield index, "the model's tokenizer does not keep its text."
            elif len(token_ids) > window:
                yield index, TooLong(len(token_ids))
            else:
                encoded.append(_Encoded(index, text, token_ids))
        for batch in _batches(encoded):
            for item, hidden in zip(batch, self._hidden_states(batch), strict=True):
                yield item.index, self._scores(item, hidden)

    def score_text(self, text: str) -> PassageScores:
        """Return the scores of one text, read in overlapping windows where the model's is shorter.

        Raises InvalidInput for a text of too many tokens, or one that its tokens do not rejoin to.
        """
        token_ids = self._encode(text)
        if token_ids is None:
            raise InvalidInput("text", "The model's tokenizer cannot give this text back exactly.")
        require_few_tokens(len(token_ids))
        parts = []
        for window in windows(len(token_ids), self.identity.window_tokens):
            read = _Encoded(0, text, token_ids[window.start : window.stop])
            (hidden,) = self._hidden_states([read])
            parts.append(hidden[window.kept - window.start :])
        return self._scores(_Encoded(0, text, token_ids), torch.cat(parts))

    def _encode(self, text: str) -> list[int] | None:
        """Return the text's token ids, or None unless they rejoin to it byte for byte."""
        ids, pieces = self._token_ids(text), self._loaded.vocabulary.pieces
        rejoined = b"".join(pieces[token_id] for token_id in ids)
        return ids if rejoined == text.encode("utf-8") else None

    def _token_ids(self, text: str) -> list[int]:
        tokenizer = self._loaded.tokenizer
        ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)
        return list(ids["input_ids"])

    @torch.inference_mode()
    def _hidden_states(self, batch: list[_Encoded]) -> Iterator[torch.Tensor]:
        """Yield for each passage (tokens, width): row i predicts token i.

        Padding stands at the right, where causal attention never looks.
        """
        longest = max(len(item.token_ids) for item in batch)
        beginning = self._loaded.beginning_id
        rows = [
            [beginning, *item.token_ids[:-1]] + [beginning] * (longest - len(item.token_ids))
            for item in batch
        ]
        inputs = torch.tensor(rows, device=self._loaded.model.device)  # (batch, longest)
        output = self._loaded.model.base_model(input_ids=inputs, use_cache=False)
        for item, hidden in zip(batch, output.last_hidden_state, strict=True):
            yield hidden[: len(item.token_ids)]

    @torch.inference_mode()
    def _scores(self, item: _Encoded, hidden: torch.Tensor) -> PassageScores:
        """Return the scores of one passage from its hidden states, (tokens, width)."""
        pieces = [self._loaded.vocabulary.pieces[token_id] for token_id in item.token_ids]
        text = TokenizedText(pieces)
        seed = drawing_seed(item.text, self.identity)
        asked = {unit: asked_positions(text, unit, seed) for unit in Unit}
        measured: dict[str, Any] = {
            **self._everywhere(item.token_ids, hidden),
            **self._at_asked(asked, hidden),
            **self._rivals.tables(
                text, item.token_ids, seed, lambda positions: self._logprobs(hidden[positions])
            ),
        }
        return PassageScores(
            token_ids=np.array(item.token_ids, dtype=np.int32),
            token_ends=np.array(text.ends, dtype=np.int32),
            asked_words=np.array(asked[Unit.WORDS], dtype=np.int32),
            asked_tokens=np.array(asked[Unit.TOKENS], dtype=np.int32),
            **measured,
        )

    def _logprobs(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return (rows, vocabulary) log-probabilities in nats of the given rows."""
        head = self._loaded.model.get_output_embeddings()
        logits = head(hidden)[:, : len(self._loaded.vocabulary)]
        return torch.log_softmax(logits.float(), dim=-1)

    def _everywhere(self, token_ids: list[int], hidden: torch.Tensor) -> dict[str, NDArray[Any]]:
        targets = torch.tensor(token_ids, device=hidden.device)
        chunks = [
            self._rows(rows, chunk_targets)
            for rows, chunk_targets in zip(
                hidden.split(ROWS_PER_CHUNK), targets.split(ROWS_PER_CHUNK), strict=True
            )
        ]
        return {
            name: torch.cat([chunk[name] for chunk in chunks]).cpu().numpy() for name in chunks[0]
        }

    def _rows(self, hidden: torch.Tensor, targets: torch.Tensor) -> dict[str, torch.Tensor]:
        logprobs = self._logprobs(hidden)  # (rows, vocabulary)
        words = logprobs[:, self._word_ids]  # (rows, word tokens)
        target = logprobs.gather(1, targets[:, None])  # (rows, 1)
        rank = (logprobs > target).sum(dim=1) + 1
        word_rank = (words > target).sum(dim=1) + 1
        is_word = self._is_word.to(targets.device)[targets]
        top = logprobs.topk(min(TOP_EVERYWHERE, logprobs.shape[1]), dim=1)
        return {
            "target_logprob": target[:, 0],
            "target_rank": rank.int(),
            "entropy_nats": -(logprobs.exp() * logprobs).sum(dim=1),
            "word_log_mass": words.logsumexp(dim=1),
            "word_rank": torch.where(is_word, word_rank, 0).int(),
            "top_ids": top.indices.int(),
            "top_logprob": top.values,
        }

    def _at_asked(
        self, asked: dict[Unit, list[int]], hidden: torch.Tensor
    ) -> dict[str, NDArray[Any]]:
        words = self._logprobs(hidden[asked[Unit.WORDS]])[:, self._word_ids]
        tokens = self._logprobs(hidden[asked[Unit.TOKENS]])
        best_words = words.topk(min(TOP_AT_ASKED, words.shape[1]), dim=1)
        best_tokens = tokens.topk(min(TOP_AT_ASKED, tokens.shape[1]), dim=1)
        return {
            "words_top_ids": self._word_ids[best_words.indices].int().cpu().numpy(),
            "words_top_logprob": best_words.values.cpu().numpy(),
            "tokens_top_ids": best_tokens.indices.int().cpu().numpy(),
            "tokens_top_logprob": best_tokens.values.cpu().numpy(),
        }


def _batches(encoded: list[_Encoded]) -> Iterator[list[_Encoded]]:
    """Yield batches, shortest passages first, each padded to at most TOKENS_PER_BATCH tokens."""
    batch: list[_Encoded] = []
    for item in sorted(encoded, key=lambda item: len(item.token_ids)):
        if batch and (len(batch) + 1) * len(item.token_ids) > TOKENS_PER_BATCH:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch
