"""Checkpoints of GPT-2's architecture, written to disk by the tests, with real tokenizers."""

from __future__ import annotations

import json
import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

from server.lm.load import load_model
from server.lm.score import PassageScorer
from server.lm.source import BUNDLED_FOLDER, find_source
from tests.conftest import skip_or_fail

SMALL_SIZE = 2_000  # entries of the tokenizer that tests read which only load models
_BYTES_AND_END = 257  # entries that are no merge


@cache
def small_tokenizer() -> TemporaryDirectory[str]:
    """A folder with the bundled tokenizer's first entries: all 16,384 take a while at each reading.

    Entry 257 + n is what merge n makes, so the first entries need the first merges.
    """
    folder = TemporaryDirectory(prefix="perplexed-tokenizer-")
    whole = json.loads((BUNDLED_FOLDER / "tokenizer.json").read_text(encoding="utf-8"))
    model = whole["model"]
    model["vocab"] = {text: i for text, i in model["vocab"].items() if i < SMALL_SIZE}
    model["merges"] = model["merges"][: SMALL_SIZE - _BYTES_AND_END]
    Path(folder.name, "tokenizer.json").write_text(json.dumps(whole), encoding="utf-8")
    shutil.copy(BUNDLED_FOLDER / "tokenizer_config.json", folder.name)
    return folder


def write_checkpoint(folder: Path, tokenizer_folder: Path, window: int = 64) -> Path:
    """Write a small random GPT-2 with the tokenizer found in a folder; return its folder."""
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    torch.manual_seed(1)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=window,
        n_embd=32,
        n_layer=2,
        n_head=2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.bos_token_id,
        initializer_range=0.4,  # wide, so that the distribution is far from uniform
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with the bundled tokenizer and a window of 64 tokens."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint") / "small", BUNDLED_FOLDER)


@pytest.fixture(scope="session")
def scorer(checkpoint: Path) -> PassageScorer:
    """That checkpoint, loaded by the code that loads GPT-2."""
    return PassageScorer(load_model(find_source(str(checkpoint), "")))


@pytest.fixture(scope="session")
def gpt2_tokenized_scorer(tmp_path_factory: pytest.TempPathFactory) -> PassageScorer:
    """A checkpoint with GPT-2's own tokenizer of 50,257 entries."""
    tokenizer = os.environ.get("GPT2_TOKENIZER", "")
    if not Path(tokenizer, "tokenizer.json").is_file():
        skip_or_fail("gpt2-tokenizer", "GPT2_TOKENIZER names no folder with GPT-2's tokenizer.json")
    folder = tmp_path_factory.mktemp("checkpoint") / "gpt2-tokenized"
    checkpoint = write_checkpoint(folder, Path(tokenizer))
    return PassageScorer(load_model(find_source(str(checkpoint), "")))
