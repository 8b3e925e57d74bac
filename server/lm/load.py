"""Load a model and its tokenizer through transformers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.activations import NewGELUActivation
from transformers.utils import logging as transformers_logging

from server.domain.scores.models import ModelIdentity
from server.domain.text.tokens import Vocabulary
from server.lm.products import use_fastest_library
from server.lm.source import ModelSource, ModelUnavailable
from server.lm.vocabulary import fingerprint, vocabulary_of


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to score: in evaluation mode, in float32, on its device."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    identity: ModelIdentity
    vocabulary: Vocabulary

    @property
    def beginning_id(self) -> int:
        """The id that stands before every text."""
        beginning = self.tokenizer.bos_token_id
        assert isinstance(beginning, int)
        return beginning


def load_model(source: ModelSource) -> LoadedModel:
    """Load the model at `source`, on a GPU where there is one.

    Raises ModelUnavailable where transformers cannot read it, or where it has no beginning-of-text
    token or no byte-level tokenizer.
    """
    if not source.on_hub:
        transformers_logging.disable_progress_bar()  # a download's progress is worth seeing
    revision = source.revision if source.on_hub else None
    try:
        tokenizer = AutoTokenizer.from_pretrained(source.location, revision=revision)
        model = AutoModelForCausalLM.from_pretrained(
            source.location, revision=revision, dtype=torch.float32
        )
    except Exception as error:  # transformers passes on whatever its libraries raise
        raise ModelUnavailable(f"The model {source.name} could not be read: {error}") from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast) or tokenizer.bos_token_id is None:
        raise ModelUnavailable(
            f"{source.name} has no fast tokenizer with a beginning-of-text token."
        )
    _fuse_gelu(model)
    use_fastest_library(model)
    model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
    identity = ModelIdentity(
        name=source.name,
        revision=source.revision,
        tokenizer_fingerprint=fingerprint(tokenizer.backend_tokenizer),
        parameters=model.num_parameters(),
        window_tokens=model.config.max_position_embeddings,
    )
    size = model.config.vocab_size
    return LoadedModel(model, tokenizer, identity, vocabulary_of(tokenizer, size))


def _fuse_gelu(model: PreTrainedModel) -> None:
    """Let one operation compute GPT-2's activation, which transformers writes as eight."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, NewGELUActivation):
                setattr(module, name, torch.nn.GELU(approximate="tanh"))
