"""One run over a text, whose first rows are then shared by many runs that differ further on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel

from server.lm.inside.anatomy import anatomy_of
from server.lm.inside.hooks import hooked, plain_attention
from server.lm.inside.widening import logits_of

NEVER = torch.finfo(torch.float32).min


class Prefix:
    """A run over `token_ids`, which begin with the beginning token; its keys and values are kept.

    `hidden` is (rows, width), normed; `watched` is (rows,): how much the last row looks at each
    token, the mean over all heads.
    """

    @torch.inference_mode()
    def __init__(self, model: PreTrainedModel, token_ids: Sequence[int]) -> None:
        """Raise UnknownAnatomy for a model of another shape than GPT-2's or Llama's."""
        self.model, self.anatomy = model, anatomy_of(model)
        self.ids = torch.tensor(token_ids, device=model.device)
        rows: list[torch.Tensor] = []

        def read(_module: torch.nn.Module, _inputs: Any, output: Any) -> None:
            rows.append(output[1][0, :, -1])

        readers: list[Callable[[], Any]] = [
            partial(layer.attention.register_forward_hook, read) for layer in self.anatomy.layers
        ]
        with plain_attention(model), hooked(readers):
            result: Any = self.anatomy.base(input_ids=self.ids[None], use_cache=True)
        self.hidden: torch.Tensor = result.last_hidden_state[0]
        self.watched = torch.stack(rows).mean(dim=(0, 1))
        self._kept = [(layer.keys, layer.values) for layer in result.past_key_values.layers]

    @torch.inference_mode()
    def after(
        self,
        shared: int,
        given: torch.Tensor,
        mask: torch.Tensor | None = None,
        *,
        hooked_elsewhere: bool = False,
    ) -> torch.Tensor:
        """Return the normed last hidden states, (texts, width), of texts that go on differently.

        `shared` rows are this run's. Then come `given`: tokens (texts, n), or their embeddings
        (texts, n, width). `mask` (texts, 1, n, shared + n) is added to the attention scores. The
        last layer works out its last row alone, unless the caller's own hooks want the others.
        """
        texts = len(given)
        cache = DynamicCache(config=self.model.config)
        for number, (keys, values) in enumerate(self._kept):
            cache.update(
                keys[:, :, :shared].expand(texts, -1, -1, -1),
                values[:, :, :shared].expand(texts, -1, -1, -1),
                number,
            )
        layer = self.anatomy.layers[-1]
        last_alone = [
            partial(part.register_forward_pre_hook, _last_row)
            for part in (layer.projection, layer.mlp)
        ]
        name = "inputs_embeds" if given.is_floating_point() else "input_ids"
        if mask is None:
            mask = causal_mask(texts, given.shape[1], shared).to(self.hidden)
        with hooked([] if hooked_elsewhere else last_alone):
            result: Any = self.anatomy.base(
                **{name: given}, attention_mask=mask, past_key_values=cache, use_cache=True
            )
        hidden: torch.Tensor = result.last_hidden_state[:, -1]
        return hidden

    @torch.inference_mode()
    def logprobs(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the natural log-probabilities of all tokens after normed states."""
        return logits_of(self.anatomy.head, hidden).double().log_softmax(dim=-1)


def _last_row(_module: torch.nn.Module, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
    """Leave the last row alone; what it gives is added to all rows, of which one is looked at."""
    return (inputs[0][:, -1:],)


def causal_mask(texts: int, rows: int, shared: int) -> torch.Tensor:
    """Return (texts, 1, rows, shared + rows): 0 where a row may look, NEVER where it may not."""
    ahead = torch.ones(rows, shared + rows, dtype=torch.bool).triu(shared + 1)
    mask = torch.zeros(rows, shared + rows).masked_fill(ahead, NEVER)
    return mask.repeat(texts, 1, 1, 1)
