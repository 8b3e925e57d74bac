"""A model that is ready to score."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import PreTrainedModel, PreTrainedTokenizerFast

from server.domain.scores.models import ModelIdentity
from server.domain.text.tokens import Vocabulary


@dataclass(frozen=True)
class LoadedModel:
    """A model in evaluation mode, in float32, on its device.

    `beginning_id` stands before every text. With a plain head, logits are hidden states times its
    weights, which is faster than the model's own forward pass; `remarks` says where not.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    identity: ModelIdentity
    vocabulary: Vocabulary
    beginning_id: int
    has_plain_head: bool = True
    remarks: tuple[str, ...] = ()
