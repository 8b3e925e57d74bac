"""A model's tokenizer alone, without the model and without torch."""

from __future__ import annotations

from server.domain.text.tokens import TokenizedText
from server.lm.source import ModelSource
from server.lm.tokenizing import load_tokenizer
from server.lm.vocabulary import ids_of_text, vocabulary_of


class TokenReader:
    """Reads texts as the model at `source` does."""

    def __init__(self, source: ModelSource) -> None:
        """Load the tokenizer; raise ModelUnavailable where that cannot be done."""
        self._tokenizer = load_tokenizer(source)
        self._pieces = vocabulary_of(self._tokenizer, len(self._tokenizer)).pieces

    def count_tokens(self, text: str) -> int:
        """Return how many tokens the model reads `text` as."""
        return len(ids_of_text(self._tokenizer, text))

    def tokenized(self, text: str) -> TokenizedText:
        """Return `text` as the model reads it."""
        return TokenizedText(
            [self._pieces[token_id] for token_id in ids_of_text(self._tokenizer, text)]
        )
