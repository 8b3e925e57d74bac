"""What a model says about each token of a text, and how likely a word is to end before it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from server.domain.errors import InvalidInput
from server.domain.scores.models import Precision
from server.domain.study.surprisal import FloatArray, TokenLogprobs
from server.domain.text.tokens import continues_word, windows
from server.lm.forward import Forward
from server.lm.loaded import LoadedModel
from server.lm.logits import NextTokens

_ROWS_KEPT = 256  # 51 MB for GPT-2's vocabulary
_GENERAL_PUNCTUATION = b"\xe2\x80"  # of quotation marks and dashes, in UTF-8


def _is_space(piece: bytes) -> bool:
    """Tell whether an entry begins with white space; one without text stands for the text's end."""
    return not piece or piece.decode("utf-8", errors="replace")[0].isspace()


def _ends_word(piece: bytes) -> bool:
    """Tell whether an entry does not continue a word.

    Part of a character does, since letters come in parts, unless it is of general punctuation.
    """
    text = piece.decode("utf-8", errors="replace")
    if text.startswith("\ufffd"):
        return piece.startswith(_GENERAL_PUNCTUATION)
    return not continues_word(text)


class TextReader:
    """A loaded model that reads texts of any length in overlapping windows."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self._forward = Forward(loaded, Precision.FLOAT32, compiled=False)
        vocabulary = loaded.vocabulary
        self._next_tokens = NextTokens.of(loaded)
        spaces = [number for number, piece in enumerate(vocabulary.pieces) if _is_space(piece)]
        ends = [number for number, piece in enumerate(vocabulary.pieces) if _ends_word(piece)]
        self._spaces, self._ends = (
            torch.tensor(ids, device=loaded.model.device) for ids in (spaces, ends)
        )

    def read(self, text: str) -> TokenLogprobs:
        """Return the tokens of `text` with their log-probabilities.

        Raises InvalidInput for a text without a token, or one that its tokens do not join to.
        """
        tokenizer, pieces = self._loaded.tokenizer, self._loaded.vocabulary.pieces
        ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)
        token_ids = list(ids["input_ids"])
        if not token_ids:
            raise InvalidInput("text", "It has no tokens.")
        if b"".join(pieces[token_id] for token_id in token_ids) != text.encode("utf-8"):
            raise InvalidInput("text", "The model's tokenizer cannot give this text back exactly.")
        parts = [self._measured(*piece) for piece in self._hidden_states(token_ids)]
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        return TokenLogprobs(tuple(pieces[token_id] for token_id in token_ids), *columns)

    def _hidden_states(self, token_ids: Sequence[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return the states that predict each token and the one after the last, in pieces.

        The very last state predicts what never comes; the id that stands there is not looked at.
        """
        ids = [*token_ids, self._loaded.beginning_id]
        states = []
        for window in windows(len(ids), self._loaded.identity.window_tokens):
            hidden = self._forward.hidden_states([ids[window.start : window.stop]])
            kept = hidden[window.kept - window.start :]
            targets = torch.tensor(ids[window.kept : window.stop], device=hidden.device)
            states += list(zip(kept.split(_ROWS_KEPT), targets.split(_ROWS_KEPT), strict=True))
        return states

    def _measured(self, hidden: torch.Tensor, targets: torch.Tensor) -> tuple[FloatArray, ...]:
        rows = torch.arange(len(hidden), device=hidden.device)
        measured, logprobs = self._next_tokens.read(hidden, targets, rows)
        sums = (logprobs[:, ids].logsumexp(dim=1) for ids in (self._spaces, self._ends))
        return tuple(
            column.double().cpu().numpy() for column in (measured["target_logprob"], *sums)
        )
