"""Fit a lens to a model: one pass over other text, then some steps on a sample of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch

from server.lm.inside.anatomy import anatomy_of
from server.lm.inside.lens import (
    FittedLens,
    LensFit,
    LensQuality,
    quality_of,
    residuals_of,
)
from server.lm.inside.lens_steps import STEPS, refined
from server.lm.loaded import LoadedModel
from server.lm.vocabulary import ids_of_text

TOKENS_TO_FIT = 60_000
ROWS_KEPT = 10_000  # of them, in memory, for the steps
_LONGEST_READ = 512  # tokens at a time
_HELD_OUT_EVERY = 10  # one text in ten is kept apart, to measure on
_MOST_MEASURED = 4_000  # tokens: the head's products take far longer than fitting

Advance = Callable[[int, int], None]


def readable(text_ids: Iterable[list[int]], beginning_id: int, window: int) -> Iterator[list[int]]:
    """Yield texts' tokens in pieces that the model reads at once, each after its beginning."""
    size = min(window, _LONGEST_READ) - 1
    for ids in text_ids:
        for start in range(0, len(ids), size):
            yield [beginning_id, *ids[start : start + size]]


def fit_lens(
    loaded: LoadedModel,
    texts: Iterable[str],
    tokens: int = TOKENS_TO_FIT,
    steps: int = STEPS,
    advance: Advance | None = None,
) -> tuple[FittedLens, LensQuality, int]:
    """Fit a lens to a model on `tokens` tokens of the texts, or all that they have.

    In closed form first; then every map takes `steps` steps towards the output. Every tenth piece
    of text is kept apart; on those the quality is measured. Returns lens, quality and the number
    of tokens read. Raises UnknownAnatomy for a model of another shape than GPT-2's or Llama's,
    ModelUnavailable where the texts have too few tokens.
    """
    anatomy = anatomy_of(loaded.model)
    fit = LensFit(len(anatomy.layers), anatomy.width, loaded.model.device)
    ids_of = (ids_of_text(loaded.tokenizer, text) for text in texts)
    pieces = readable(ids_of, loaded.beginning_id, loaded.identity.window_tokens)
    held_out: list[list[int]] = []
    sample = list[torch.Tensor]()
    for number, ids in enumerate(pieces):
        if number % _HELD_OUT_EVERY == _HELD_OUT_EVERY - 1:
            if sum(map(len, held_out)) < _MOST_MEASURED:
                held_out.append(ids)
            continue
        residuals = residuals_of(loaded.model, ids)
        fit.add(residuals)
        if steps:
            sample.append(residuals[:, 1 :: max(1, tokens // ROWS_KEPT)].clone())
        if advance is not None:
            advance(min(fit.tokens, tokens), tokens)
        if fit.tokens >= tokens:
            break
    lens = fit.solved()
    if steps:
        lens = refined(anatomy, lens, torch.cat(sample, dim=1), steps, advance)
    return lens, quality_of(loaded, lens, held_out), fit.tokens
