"""Follow what a model could have written, three tokens deep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedModel

from server.domain.inside.tree import (
    BRANCHES,
    KEPT_TOKENS,
    NextToken,
    Path,
    normalisers,
    width_at,
)
from server.lm.inside.anatomy import anatomy_of
from server.lm.inside.prefix import Prefix
from server.lm.inside.widening import widened


def grow_tree(model: PreTrainedModel, token_ids: Sequence[int]) -> dict[Path, NextToken]:
    """Return the distribution after each path that `domain.inside.tree` follows.

    `token_ids` begin with the beginning token. Raises UnknownAnatomy for a model of another shape
    than GPT-2's or Llama's.
    """
    with widened(model, anatomy_of(model)):
        return _grown(model, token_ids)


def _grown(model: PreTrainedModel, token_ids: Sequence[int]) -> dict[Path, NextToken]:
    run = Prefix(model, token_ids)
    nodes: dict[Path, NextToken] = {(): _next_token(run.logprobs(run.hidden[-1:])[0])}
    paths: list[Path] = [()]
    for _ in BRANCHES[1:]:
        paths = [
            (*path, int(token)) for path in paths for token in nodes[path].ids[: width_at(path)]
        ]
        given = torch.tensor(paths, device=model.device)
        for path, logprobs in zip(
            paths, run.logprobs(run.after(len(token_ids), given)), strict=True
        ):
            nodes[path] = _next_token(logprobs)
    return nodes


def _next_token(logprobs: torch.Tensor) -> NextToken:
    best = logprobs.topk(min(KEPT_TOKENS, len(logprobs)))
    return NextToken(
        best.indices.int().cpu().numpy(),
        best.values.cpu().numpy().astype(np.float64),
        normalisers(logprobs.cpu().numpy()),
    )
