"""Run a model's layers over passages: batches of similar length, in float32 or bfloat16."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import torch

from server.domain.scores.models import Precision
from server.lm.loaded import LoadedModel
from server.lm.products import lower_precision
from server.lm.source import ModelUnavailable

TOKENS_PER_BATCH = 1_024  # more make no product faster, and fall out of the cache
LARGE_JOB_PASSAGES = 1_000  # this many repay compiling, ten seconds for each length
_LENGTHS = (64, 128, 256, 512, 768)  # and the window: compiled code wants few shapes

Item = TypeVar("Item")


def chosen_precision(wanted: Precision | None, passages: int) -> Precision:
    """Return the precision to score so many passages in; None leaves the choice to the machine.

    That is bfloat16 where the processor multiplies it, a compiler is at hand and the job is large.
    Raises ModelUnavailable where bfloat16 is wanted and nothing can compile.
    """
    if wanted is Precision.BFLOAT16 and not _can_compile():
        raise ModelUnavailable("bfloat16 needs a C++ compiler (g++) to be worth its while.")
    if wanted is not None:
        return wanted
    pays = passages >= LARGE_JOB_PASSAGES and multiplies_bfloat16() and _can_compile()
    return Precision.BFLOAT16 if pays else Precision.FLOAT32


def multiplies_bfloat16() -> bool:
    """Tell whether scoring is on a processor that multiplies bfloat16: others take far longer."""
    features = torch.cpu.get_capabilities()
    has = any(features.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    return has and not torch.cuda.is_available()


def _can_compile() -> bool:
    return any(shutil.which(compiler) for compiler in ("g++", "clang++"))


def in_groups(items: Iterable[Item], fits: Callable[[list[Item]], bool]) -> Iterator[list[Item]]:
    """Yield the items in order, in groups that grow while they fit; one alone always does."""
    group: list[Item] = []
    for item in items:
        if group and not fits([*group, item]):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


class Forward:
    """The layers of a loaded model below its head; from then on the model is this object's.

    Where the head is not plain, the whole model runs, and its logits replace the hidden states.
    """

    def __init__(self, loaded: LoadedModel, precision: Precision, *, compiled: bool) -> None:
        self._loaded = loaded
        whole: Callable[..., Any] = loaded.model
        self._layers = loaded.model.base_model if loaded.has_plain_head else whole
        self._precision = precision
        self._compiled = compiled
        if precision is Precision.BFLOAT16:
            lower_precision(loaded.model)
        if compiled:
            # The compiler fuses the softmax of plain attention, which beats the fused operation.
            loaded.model.set_attn_implementation("eager")
            self._layers = torch.compile(self._layers, dynamic=False)

    def batches(
        self, items: Sequence[Item], length_of: Callable[[Item], int]
    ) -> Iterator[list[Item]]:
        """Yield batches, shortest items first, each padded to at most TOKENS_PER_BATCH tokens."""

        def fits(batch: list[Item]) -> bool:  # the last is the longest
            return len(batch) * self._padded(length_of(batch[-1])) <= TOKENS_PER_BATCH

        yield from in_groups(sorted(items, key=length_of), fits)

    @torch.inference_mode()
    def hidden_states(self, batch: Sequence[list[int]]) -> torch.Tensor:
        """Return (tokens of all, width), in order: in each text, row i predicts token i.

        The width is the vocabulary's where these are logits already: see `Forward`.

        Padding stands at the right, where causal attention never looks.
        """
        longest = self._padded(max(map(len, batch)))
        count = max(len(batch), TOKENS_PER_BATCH // longest) if self._compiled else len(batch)
        beginning = self._loaded.beginning_id
        rows = [[beginning, *ids[:-1]] + [beginning] * (longest - len(ids)) for ids in batch]
        rows += [[beginning] * longest] * (count - len(batch))
        device = self._loaded.model.device
        inputs = torch.tensor(rows, device=device)  # (count, longest)
        lower = self._precision is Precision.BFLOAT16
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=lower):
            result = self._layers(input_ids=inputs, use_cache=False)
        output = result.last_hidden_state if self._loaded.has_plain_head else result.logits
        return torch.cat([states[: len(ids)] for states, ids in zip(output, batch, strict=False)])

    def _padded(self, length: int) -> int:
        if not self._compiled:
            return length
        window = self._loaded.identity.window_tokens
        return min((size for size in _LENGTHS if length <= size < window), default=window)
