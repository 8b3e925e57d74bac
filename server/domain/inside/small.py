"""Small traces: of words alone, with what the strongest heads looked at; a quarter of a whole one.

Of a model with many heads, what each of them looked at at every position is most of a trace, and a
page names five.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from server.domain.inside.parts import PartKind, parts_of
from server.domain.inside.trace import PassageTrace, UnitTrace, row_of
from server.domain.scores.passage_scores import PassageScores, Rivals
from server.domain.text.tokens import Unit

HEADS_EACH_WAY = 8  # pages name five whichever way they pushed, and stories ask eight


def of_words_alone(scores: PassageScores) -> PassageScores:
    """Return the scores as if rounds in `tokens` asked nothing: what a small trace is made of."""
    whole = scores.tokens_whole
    none = Rivals(**{each.name: getattr(whole, each.name)[:0] for each in fields(Rivals)})
    return replace(
        scores,
        asked_tokens=scores.asked_tokens[:0],
        tokens_top_ids=scores.tokens_top_ids[:0],
        tokens_top_logprob=scores.tokens_top_logprob[:0],
        tokens_whole=none,
    )


def smaller(trace: PassageTrace) -> PassageTrace:
    """Return a trace with less: what the heads that pushed most looked at, pushes as float16.

    At each position those are the eight that pushed most towards the target, and the eight that
    pushed most against it.
    """
    kept = np.zeros(trace.columns.shape[:3], dtype=np.bool_)
    for unit in Unit:
        part = trace.of(unit)
        strongest = _strongest_heads(part, trace.layers, trace.heads)
        for position, heads in zip(part.positions, strongest, strict=True):
            kept[row_of(trace.positions, int(position))] |= heads
    return replace(
        trace,
        columns=np.where(kept[..., None], trace.columns, 0).astype(trace.columns.dtype),
        weights=np.where(kept[..., None], trace.weights, 0).astype(trace.weights.dtype),
        words=replace(trace.words, push=trace.words.push.astype(np.float16)),
        tokens=replace(trace.tokens, push=trace.tokens.push.astype(np.float16)),
        heads_kept=kept,
    )


def _strongest_heads(part: UnitTrace, layers: int, heads: int) -> NDArray[np.bool_]:
    """Return (a, L, H): whether a head is among the eight strongest either way."""
    is_head = [one.kind is PartKind.HEAD for one in parts_of(layers, heads)]
    order = part.push[:, is_head].argsort(axis=1, kind="stable")
    chosen = np.zeros(order.shape, dtype=np.bool_)
    for ends in (order[:, :HEADS_EACH_WAY], order[:, -HEADS_EACH_WAY:]):
        np.put_along_axis(chosen, ends, values=True, axis=1)
    return chosen.reshape(len(order), layers, heads)
