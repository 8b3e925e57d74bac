"""A model's tokenizer alone, without the model and without torch."""

from __future__ import annotations

from transformers import AutoTokenizer, PreTrainedTokenizerFast

from server.domain.text.tokens import TokenizedText
from server.lm.source import ModelSource, ModelUnavailable
from server.lm.vocabulary import vocabulary_of


class TokenReader:
    """Reads texts as the model at `source` does."""

    def __init__(self, source: ModelSource) -> None:
        """Load the tokenizer; raise ModelUnavailable where that cannot be done."""
        revision = source.revision if source.on_hub else None
        try:
            tokenizer = AutoTokenizer.from_pretrained(source.location, revision=revision)
        except Exception as error:  # transformers passes on whatever its libraries raise
            raise ModelUnavailable(f"The tokenizer of {source.name}: {error}") from error
        if not isinstance(tokenizer, PreTrainedTokenizerFast):
            raise ModelUnavailable(f"{source.name} has no fast tokenizer.")
        self._tokenizer = tokenizer
        self._pieces = vocabulary_of(tokenizer, len(tokenizer)).pieces

    def count_tokens(self, text: str) -> int:
        """Return how many tokens the model reads `text` as."""
        return len(self._ids(text))

    def tokenized(self, text: str) -> TokenizedText:
        """Return `text` as the model reads it."""
        return TokenizedText([self._pieces[token_id] for token_id in self._ids(text)])

    def _ids(self, text: str) -> list[int]:
        ids = self._tokenizer(
            text, add_special_tokens=False, split_special_tokens=True, verbose=False
        )
        return list(ids["input_ids"])
