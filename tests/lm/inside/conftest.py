"""Models of both shapes that can be looked into: random ones, and the bundled one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
)

from server.lm.load import load_model
from server.lm.loaded import LoadedModel
from server.lm.source import find_source
from server.lm.vocabulary import ids_of_text

TOKENS = 97
TEXT = (
    "The ferry left the island at dawn, and the keeper of the lighthouse watched it go. By noon "
    "the wind had turned, and the keeper of the lighthouse lit the lamp again."
)


def random_gpt2() -> PreTrainedModel:
    """Return a small random GPT-2, its weights wide enough that attention is far from even."""
    torch.manual_seed(2)
    config = GPT2Config(
        vocab_size=TOKENS,
        n_positions=64,
        n_embd=24,
        n_layer=3,
        n_head=3,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=0.4,
    )
    model: PreTrainedModel = GPT2LMHeadModel(config).eval()
    return model


def random_llama() -> PreTrainedModel:
    """Return a small random Llama with fewer keys than heads, as SmolLM2 has."""
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=TOKENS,
        max_position_embeddings=64,
        hidden_size=24,
        intermediate_size=40,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=6,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=0.4,
    )
    model: PreTrainedModel = LlamaForCausalLM(config).eval()
    return model


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Live calls run on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def minnow() -> LoadedModel:
    """The bundled model, loaded as live scoring loads it."""
    return load_model(find_source("bundled", ""))


@pytest.fixture(scope="session")
def minnow_ids(minnow: LoadedModel) -> list[int]:
    """A text with a repetition, as the bundled model reads it, after the beginning."""
    return [minnow.beginning_id, *ids_of_text(minnow.tokenizer, TEXT)]


@pytest.fixture(params=["gpt2", "llama", "minnow"])
def model_and_ids(
    request: pytest.FixtureRequest, minnow: LoadedModel, minnow_ids: list[int]
) -> tuple[PreTrainedModel, list[int]]:
    """Each shape of model in turn, and a text's tokens."""
    if request.param == "minnow":
        return minnow.model, minnow_ids
    ids = torch.randint(1, TOKENS, (19,), generator=torch.Generator().manual_seed(4)).tolist()
    return random_gpt2() if request.param == "gpt2" else random_llama(), [0, *ids]
