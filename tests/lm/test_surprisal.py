"""A text's log-probabilities, held against a plain forward pass and sums entry by entry."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from server.domain.errors import InvalidInput
from server.domain.study.surprisal import word_surprisals
from server.domain.text.tokens import continues_word
from server.lm.load import load_model
from server.lm.loaded import LoadedModel
from server.lm.source import find_source
from server.lm.surprisal import TextReader
from tests.lm.test_score import TEXTS


@pytest.fixture(scope="module")
def loaded(checkpoint: Path) -> LoadedModel:
    return load_model(find_source(str(checkpoint), ""))


@pytest.fixture(scope="module")
def reader(loaded: LoadedModel) -> TextReader:
    return TextReader(loaded)


def probabilities(checkpoint: Path, text: str) -> tuple[torch.Tensor, list[int]]:
    """(tokens + 1, vocabulary) by transformers alone; the last row is behind the text."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    with torch.no_grad():
        logits = model(torch.tensor([[tokenizer.bos_token_id, *ids]])).logits[0]
    return torch.softmax(logits.double(), dim=-1), ids


@pytest.mark.parametrize("text", TEXTS)
def test_ends_of_words_are_sums_over_the_vocabulary(
    checkpoint: Path, reader: TextReader, text: str
) -> None:
    found, (expected, ids) = reader.read(text), probabilities(checkpoint, text)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    size = expected.shape[1]
    entries = [
        str(tokenizer.decode([token_id], skip_special_tokens=True)) for token_id in range(size)
    ]
    spaces = [
        not entry or entry[0] in " \n\t\r\x0b\x0c\xa0\x85\x1c\x1d\x1e\x1f" for entry in entries
    ]
    parts = [entry.startswith("\ufffd") for entry in entries]  # of characters: either may be meant
    ends = [not continues_word(entry) for entry in entries]
    assert found.text == text
    for place, row in enumerate(expected.tolist()):
        by_space = sum(share for share, space in zip(row, spaces, strict=True) if space)
        by_parts = sum(share for share, part in zip(row, parts, strict=True) if part)
        by_end = sum(share for share, end in zip(row, ends, strict=True) if end)
        assert np.exp(found.space_log_mass[place]) == pytest.approx(by_space, abs=1e-6)
        assert by_end - by_parts - 1e-6 <= np.exp(found.end_log_mass[place]) <= by_end + 1e-6
    logprobs = [math.log(expected[place, token_id]) for place, token_id in enumerate(ids)]
    assert found.logprob[:-1] == pytest.approx(logprobs, abs=1e-4)


def test_words_have_the_probability_of_their_letters_and_of_ending(
    checkpoint: Path, reader: TextReader
) -> None:
    text = "The ferry was late"
    expected, ids = probabilities(checkpoint, text)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    pieces = [str(tokenizer.decode([token_id])) for token_id in ids]
    entries = [
        str(tokenizer.decode([i], skip_special_tokens=True)) for i in range(expected.shape[1])
    ]
    spaces = [number for number, entry in enumerate(entries) if not entry or entry[0].isspace()]
    starts = [place for place, piece in enumerate(pieces) if piece.startswith(" ") or place == 0]
    for word, start, stop in zip(
        word_surprisals(reader.read(text)), starts, [*starts[1:], len(ids)], strict=True
    ):
        bits = -sum(math.log2(expected[place, ids[place]]) for place in range(start, stop))
        bits -= math.log2(expected[stop, spaces].sum())
        bits += math.log2(expected[start, spaces].sum()) if start else 0
        assert word.surprisal_bits == pytest.approx(bits, abs=1e-3)


def test_a_text_longer_than_the_window_is_read_to_its_end(reader: TextReader) -> None:
    text = " ".join(TEXTS[:2] * 5)
    found = reader.read(text)
    assert len(found.pieces) > 64
    assert found.text == text
    assert len(found.logprob) == len(found.space_log_mass) == len(found.pieces) + 1
    short = reader.read(TEXTS[0])
    size = len(short.pieces)
    assert found.logprob[:size] == pytest.approx(short.logprob[:size], abs=1e-4)
    assert np.isfinite(found.end_log_mass).all()


def test_a_text_without_a_token_is_refused(reader: TextReader) -> None:
    with pytest.raises(InvalidInput, match="no token"):
        reader.read("")
