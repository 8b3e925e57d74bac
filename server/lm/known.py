"""A model by its configuration and tokenizer: enough to know it by, without its weights."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from server.domain.scores.models import ModelIdentity, model_label
from server.domain.text.tokens import Vocabulary
from server.lm.load import window_of
from server.lm.source import ModelSource, ModelUnavailable
from server.lm.tokenizing import TokenReader, beginning_id, first_line
from server.lm.vocabulary import fingerprint, vocabulary_of


class KnownModel(TokenReader):
    """What is known of a model that other machines score with: the same as `load_model` finds."""

    def __init__(self, source: ModelSource) -> None:
        """Read configuration and tokenizer; raise ModelUnavailable where that cannot be done."""
        super().__init__(source)
        label, backend = model_label(source.name), self._tokenizer.backend_tokenizer
        beginning = beginning_id(self._tokenizer, source)
        options: dict[str, Any] = {"gguf_file": source.gguf_file} if source.gguf_file else {}
        try:
            config = AutoConfig.from_pretrained(
                source.location, revision=source.commit, trust_remote_code=False, **options
            )
            with torch.device("meta"):  # parameters have shapes there, and no numbers
                shape = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
        except Exception as error:  # transformers passes on whatever its libraries raise
            raise ModelUnavailable(
                f"The model {label} could not be read: {first_line(error)}"
            ) from error
        window, _ = window_of(shape, self._tokenizer, label)
        outputs = shape.config.get_text_config().vocab_size
        self.vocabulary: Vocabulary = vocabulary_of(self._tokenizer, outputs)
        self.identity = ModelIdentity(
            name=source.name,
            revision=source.revision,
            tokenizer_fingerprint=fingerprint(backend),
            parameters=shape.num_parameters(),
            window_tokens=window,
            beginning=str(backend.id_to_token(beginning)),
        )
