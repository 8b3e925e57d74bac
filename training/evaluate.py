"""Measure a model on the last 200 documents: `python -m training.evaluate --corpus F --model DIR`.

Bits per byte is the loss of all tokens over the UTF-8 bytes of all documents, whatever the
tokenizer; accuracy is the share of positions whose target is the model's first choice, over all
tokens, over word positions, and there also with the model restricted to word tokens.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from server.domain.text.tokens import TokenizedText
from server.lm.load import load_model
from server.lm.loaded import LoadedModel
from server.lm.source import find_source
from training.corpus import read_documents, split_documents

WINDOWS_PER_BATCH = 8


@dataclass(frozen=True)
class Measured:
    """What was measured, over `tokens` tokens and `bytes` bytes."""

    documents: int
    bytes: int
    tokens: int
    word_positions: int
    bits_per_byte: float
    loss_nats_per_token: float
    top1_all_tokens: float
    top1_words: float
    top1_words_restricted: float


@dataclass(frozen=True)
class _Window:
    """Tokens of one document; those from `fresh` on are measured here."""

    token_ids: list[int]
    is_word_position: list[bool]
    fresh: int


def measure(loaded: LoadedModel, documents: list[str], stride: int) -> Measured:
    """Measure `loaded` on `documents`.

    Each document follows a beginning-of-text token; windows advance by `stride` tokens, so that
    every token but a document's first has at least (window - stride) tokens of context.
    """
    windows = [w for document in documents for w in _windows(loaded, document, stride)]
    word_ids = torch.tensor(loaded.vocabulary.word_ids)
    loss_nats, counts = 0.0, torch.zeros(5, dtype=torch.int64)
    for start in range(0, len(windows), WINDOWS_PER_BATCH):
        batch = windows[start : start + WINDOWS_PER_BATCH]
        for window, logprobs in zip(batch, _logprobs(loaded, batch), strict=True):
            targets = torch.tensor(window.token_ids)[window.fresh :]
            words = torch.tensor(window.is_word_position)[window.fresh :]
            fresh = logprobs[window.fresh :]
            loss_nats -= fresh.gather(1, targets[:, None]).double().sum().item()
            hits = fresh.argmax(dim=1) == targets
            word_hits = word_ids[fresh[words][:, word_ids].argmax(dim=1)] == targets[words]
            sums = (words, hits, hits[words], word_hits)
            counts += torch.tensor([len(targets), *(int(marks.sum()) for marks in sums)])
    tokens, word_positions, hits_all, hits_words, hits_restricted = counts.tolist()
    size = sum(len(document.encode("utf-8")) for document in documents)
    return Measured(
        documents=len(documents),
        bytes=size,
        tokens=tokens,
        word_positions=word_positions,
        bits_per_byte=loss_nats / math.log(2) / size,
        loss_nats_per_token=loss_nats / tokens,
        top1_all_tokens=hits_all / tokens,
        top1_words=hits_words / word_positions,
        top1_words_restricted=hits_restricted / word_positions,
    )


def _windows(loaded: LoadedModel, document: str, stride: int) -> Iterator[_Window]:
    ids = loaded.tokenizer(
        document, add_special_tokens=False, split_special_tokens=True, verbose=False
    )["input_ids"]
    text = TokenizedText([loaded.vocabulary.pieces[token_id] for token_id in ids])
    words = [text.is_word_position(position) for position in range(len(ids))]
    size, done, start = loaded.identity.window_tokens, 0, 0
    while done < len(ids):
        end = min(start + size, len(ids))
        yield _Window(ids[start:end], words[start:end], fresh=done - start)
        done, start = end, start + stride


@torch.inference_mode()
def _logprobs(loaded: LoadedModel, batch: list[_Window]) -> Iterator[torch.Tensor]:
    longest = max(len(window.token_ids) for window in batch)
    rows = [
        [loaded.beginning_id, *w.token_ids[:-1]] + [0] * (longest - len(w.token_ids)) for w in batch
    ]
    logits = loaded.model(
        torch.tensor(rows), use_cache=False
    ).logits  # (batch, longest, vocabulary)
    for window, row in zip(batch, logits, strict=True):
        yield torch.log_softmax(row[: len(window.token_ids)].float(), dim=-1)


def main() -> None:
    """Parse the command line, measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="openwebtext-sample.txt.xz")
    parser.add_argument("--model", required=True, help="a folder (/… or ./…) or `bundled`")
    parser.add_argument("--stride", type=int, default=256)
    arguments = parser.parse_args()
    _, documents = split_documents(read_documents(arguments.corpus))
    loaded = load_model(find_source(arguments.model, ""))
    print(json.dumps(asdict(measure(loaded, documents, arguments.stride)), indent=1))


if __name__ == "__main__":
    main()
