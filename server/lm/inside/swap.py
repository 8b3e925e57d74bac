"""Activation patching, in both directions, over every layer and position."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from server.domain.inside.swaps import Direction, Site, SwapMaps, normalised
from server.lm.inside.anatomy import Anatomy
from server.lm.inside.hooks import Trace, hooked, trace
from server.lm.inside.prefix import Prefix

_ROWS_TOGETHER = 768  # tokens in one batch: more make no product faster, and take memory

HiddenOf = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Patch:
    """Something of the other run, put in place of this run's.

    Without a `head`, it is what stands at a site and a layer, at one column or (None) all of them;
    with one, that head's output.
    """

    layer: int
    site: Site | None
    column: int | None = None
    head: int | None = None


@dataclass(frozen=True)
class Runs:
    """Two texts of as many tokens, as a model reads them, and two tokens weighed against another.

    The first `shared` columns are equal, and so is all that happens there. `hidden_of` returns the
    normed last hidden states of texts, (texts, width), given their tokens after the shared ones.
    `traces` are what passes through in the clean run and in the corrupt one.
    """

    anatomy: Anatomy
    clean: torch.Tensor
    corrupt: torch.Tensor
    answers: tuple[int, int]
    shared: int
    hidden_of: HiddenOf
    traces: tuple[Trace, Trace]

    @classmethod
    def of_model(
        cls, model: PreTrainedModel, clean: list[int], corrupt: list[int], answers: tuple[int, int]
    ) -> Runs:
        """Return the runs of a model; both texts begin with its beginning token.

        Raises UnknownAnatomy for a model of another shape than GPT-2's or Llama's.
        """
        prefix = Prefix(model, clean)
        shared = next(
            (
                column
                for column, ids in enumerate(zip(clean, corrupt, strict=True))
                if len({*ids}) > 1
            ),
            len(clean) - 1,
        )
        one, other = (torch.tensor(ids, device=model.device) for ids in (clean, corrupt))
        return cls(
            prefix.anatomy,
            one,
            other,
            answers,
            shared,
            partial(prefix.after, shared, hooked_elsewhere=True),
            (trace(model, clean), trace(model, corrupt)),
        )

    @torch.inference_mode()
    def differences(
        self, ids: torch.Tensor, source: Trace | None = None, patches: Sequence[Patch] = ()
    ) -> NDArray[np.float64]:
        """Return m, the first answer's logit minus the second's, after each patch alone.

        `ids` are the run that is changed, `source` the other. Without patches: one, unchanged.
        """
        tokens = ids[self.shared :]
        if source is None:
            return self._differences(self.hidden_of(tokens[None]))
        size = max(1, _ROWS_TOGETHER // len(tokens))
        parts = []
        for start in range(0, len(patches), size):
            batch = patches[start : start + size]
            with hooked(list(_patching(self.anatomy, source, batch, self.shared))):
                parts.append(self._differences(self.hidden_of(tokens.repeat(len(batch), 1))))
        return np.concatenate(parts)

    def _differences(self, hidden: torch.Tensor) -> NDArray[np.float64]:
        weight = self.anatomy.head.get_parameter("weight")
        first, second = (weight[token].double() for token in self.answers)
        bias = getattr(self.anatomy.head, "bias", None)
        constant = 0.0 if bias is None else float(bias[self.answers[0]] - bias[self.answers[1]])
        result: NDArray[np.float64] = (hidden.double() @ (first - second)).cpu().numpy() + constant
        return result


def swap_maps(
    runs: Runs, clean_tokens: tuple[str, ...], corrupt_tokens: tuple[str, ...]
) -> SwapMaps:
    """Return what each swap does in both directions, over all sites, layers, positions and heads.

    The tokens are the texts' own, without the beginning. Raises InvalidInput where the model tells
    the two texts not apart.
    """
    clean, corrupt = (float(runs.differences(ids)[0]) for ids in (runs.clean, runs.corrupt))
    sites: dict[Direction, dict[Site, NDArray[np.float64]]] = {}
    heads: dict[Direction, NDArray[np.float64]] = {}
    for direction, into in (
        (Direction.ENOUGH, _Into(runs, runs.corrupt, runs.traces[0], corrupt, clean)),
        (Direction.NEEDED, _Into(runs, runs.clean, runs.traces[1], clean, corrupt)),
    ):
        sites[direction] = {site: into.over_columns(site) for site in Site}
        heads[direction] = into.over_heads()
    first = len(runs.clean) - len(clean_tokens)  # the beginning is no word, and never differs
    return SwapMaps(
        clean_tokens=clean_tokens,
        corrupt_tokens=corrupt_tokens,
        clean_difference=clean,
        corrupt_difference=corrupt,
        sites={
            direction: {site: values[:, first:] for site, values in of_site.items()}
            for direction, of_site in sites.items()
        },
        heads=heads,
    )


@dataclass(frozen=True)
class _Into:
    """A direction: the run that is changed, what is put into it, and m in it and in the other."""

    runs: Runs
    ids: torch.Tensor
    source: Trace
    before: float
    other: float

    def shares(self, patches: Sequence[Patch]) -> NDArray[np.float64]:
        """Return what each patch alone does, (patches,): 0 for nothing, 1 for the other run."""
        patched = self.runs.differences(self.ids, self.source, patches)
        return normalised(patched, self.before, self.other)

    def over_columns(self, site: Site) -> NDArray[np.float64]:
        """Return (layers, columns); where both runs are equal, swapping changes nothing: 0."""
        layers, shared = len(self.runs.anatomy.layers), self.runs.shared
        result = np.zeros((layers, len(self.ids)))
        columns = range(shared, len(self.ids))
        patches = [Patch(layer, site, column) for layer in range(layers) for column in columns]
        result[:, shared:] = self.shares(patches).reshape(layers, -1)
        return result

    def over_heads(self) -> NDArray[np.float64]:
        """Return (layers, heads)."""
        layers, heads = len(self.runs.anatomy.layers), self.runs.anatomy.heads
        patches = [Patch(layer, None, head=h) for layer in range(layers) for h in range(heads)]
        return self.shares(patches).reshape(layers, heads)


def _patching(
    anatomy: Anatomy, source: Trace, patches: Sequence[Patch], shared: int
) -> Iterator[Callable[[], Any]]:
    """Yield what registers the hooks that put each patch into its own text of the batch."""
    for number, layer in enumerate(anatomy.layers):
        here = [(text, patch) for text, patch in enumerate(patches) if patch.layer == number]
        at = {
            site: [(text, _columns(patch, shared)) for text, patch in here if patch.site is site]
            for site in Site
        }
        if at[Site.RESIDUAL]:
            put = partial(_put, source.residuals[number, shared:], at[Site.RESIDUAL])
            yield partial(layer.block.register_forward_pre_hook, _entering(put))
        if at[Site.ATTENTION]:
            put = partial(_put, source.attention[number, shared:], at[Site.ATTENTION])
            yield partial(layer.attention.register_forward_hook, _leaving_first(put))
        if at[Site.MLP]:
            put = partial(_put, source.mlp[number, shared:], at[Site.MLP])
            yield partial(layer.mlp.register_forward_hook, _leaving(put))
        of_heads = [(text, patch.head) for text, patch in here if patch.head is not None]
        if of_heads:
            put = partial(_put_heads, source.heads[number, shared:], of_heads)
            yield partial(layer.projection.register_forward_pre_hook, _entering(put))


Put = Callable[[torch.Tensor], torch.Tensor]


def _entering(put: Put) -> Callable[..., Any]:
    return lambda _module, inputs: (put(inputs[0]), *inputs[1:])


def _leaving(put: Put) -> Callable[..., Any]:
    return lambda _module, _inputs, output: put(output)


def _leaving_first(put: Put) -> Callable[..., Any]:
    return lambda _module, _inputs, output: (put(output[0]), *output[1:])


def _columns(patch: Patch, shared: int) -> slice:
    if patch.column is None:
        return slice(None)
    return slice(patch.column - shared, patch.column - shared + 1)


def _put(
    source: torch.Tensor, places: list[tuple[int, slice]], states: torch.Tensor
) -> torch.Tensor:
    states = states.clone()
    for text, columns in places:
        states[text, columns] = source[columns]
    return states


def _put_heads(
    source: torch.Tensor, places: list[tuple[int, int]], states: torch.Tensor
) -> torch.Tensor:
    """Put single heads' outputs; `source` is (rows, heads, head width)."""
    states = states.clone()
    split = states.unflatten(-1, source.shape[1:])
    for text, head in places:
        split[text, :, head] = source[:, head]
    return states
