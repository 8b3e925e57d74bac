"""A model by its configuration and tokenizer: enough to know it by, without its weights."""

from __future__ import annotations

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from server.domain.scores.models import ModelIdentity
from server.domain.text.tokens import Vocabulary
from server.lm.read import TokenReader
from server.lm.source import ModelSource, ModelUnavailable
from server.lm.vocabulary import fingerprint, vocabulary_of


class KnownModel(TokenReader):
    """What whoever lets other machines score needs to know of the model; it scores nothing."""

    def __init__(self, source: ModelSource) -> None:
        """Read configuration and tokenizer; raise ModelUnavailable where that cannot be done."""
        super().__init__(source)
        revision = source.revision if source.on_hub else None
        try:
            config = AutoConfig.from_pretrained(source.location, revision=revision)
            with torch.device("meta"):  # parameters have shapes there, and no numbers
                shape = AutoModelForCausalLM.from_config(config)
        except Exception as error:  # transformers passes on whatever its libraries raise
            raise ModelUnavailable(f"The model {source.name} could not be read: {error}") from error
        self.vocabulary: Vocabulary = vocabulary_of(self._tokenizer, config.vocab_size)
        self.identity = ModelIdentity(
            name=source.name,
            revision=source.revision,
            tokenizer_fingerprint=fingerprint(self._tokenizer.backend_tokenizer),
            parameters=shape.num_parameters(),
            window_tokens=config.max_position_embeddings,
        )
