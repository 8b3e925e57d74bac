"""A circuit built by hand: two heads read two words, and a gate joins what they carry.

It shows why both directions of swapping are wanted. Of an AND, each head is needed and neither is
enough; of an OR, each is enough and neither is needed. All its numbers are 0 or 1, so the shares
are exact. Source of the example: Heimersheim and Nanda (arXiv 2404.15255).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from server.domain.inside.presets import Gate
from server.lm.inside.anatomy import Anatomy, Layer
from server.lm.inside.hooks import traced
from server.lm.inside.swap import Runs

WORDS = ("no", "yes", "=")
_WORD, _FIRST, _SECOND, _RESULT = range(4)  # the residual stream's coordinates
_WIDTH = 4


@dataclass(frozen=True)
class _Result:
    last_hidden_state: torch.Tensor


class _Attention(torch.nn.Module):
    """Two heads of width 1; at the last row, they look at the first and the second word."""

    def __init__(self) -> None:
        super().__init__()
        self.projection = torch.nn.Linear(2, _WIDTH, bias=False)
        weight = torch.zeros(_WIDTH, 2)
        weight[_FIRST, 0] = weight[_SECOND, 1] = 1
        self.projection.weight = torch.nn.Parameter(weight, requires_grad=False)

    def forward(self, states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        rows = states.shape[1]
        weights = torch.zeros(len(states), 2, rows, rows)
        weights[:, [0, 1], -1, [0, 1]] = 1
        heads = (weights @ states[:, None, :, _WORD, None])[..., 0].mT  # (texts, rows, heads)
        return self.projection(heads), weights


class _Gate(torch.nn.Module):
    """The MLP: 1 where both heads carry a yes (AND), or either (OR)."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        both = states[..., _FIRST] + states[..., _SECOND]
        answer = (both - 1).relu() if self._gate is Gate.AND else 1 - (1 - both).relu()
        return torch.nn.functional.pad(answer[..., None], (_RESULT, 0))


class _Block(torch.nn.Module):
    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.attention, self.mlp = _Attention(), _Gate(gate)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        states = states + self.attention(states)[0]
        result: torch.Tensor = states + self.mlp(states)
        return result


class _Base(torch.nn.Module):
    """One layer between an embedding that knows yes from no, and a norm that does nothing."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(len(WORDS), _WIDTH)
        weight = torch.zeros(len(WORDS), _WIDTH)
        weight[WORDS.index("yes"), _WORD] = 1
        self.embedding.weight = torch.nn.Parameter(weight, requires_grad=False)
        self.block, self.final_norm = _Block(gate), torch.nn.Identity()

    def forward(self, input_ids: torch.Tensor, **_options: bool) -> _Result:
        return _Result(self.final_norm(self.block(self.embedding(input_ids))))


def gate_runs(gate: Gate, clean: list[int], corrupt: list[int], answers: tuple[int, int]) -> Runs:
    """Return the runs of a circuit on two texts of words' places in WORDS; there is no beginning.

    The logit of "yes" is the gate's answer, that of every other word is 0.
    """
    base = _Base(gate)
    head = torch.nn.Linear(_WIDTH, len(WORDS), bias=False)
    weight = torch.zeros(len(WORDS), _WIDTH)
    weight[WORDS.index("yes"), _RESULT] = 1
    head.weight = torch.nn.Parameter(weight, requires_grad=False)
    attention = base.block.attention
    anatomy = Anatomy(
        base=base,
        embedding=base.embedding,
        layers=(Layer(base.block, attention, attention.projection, base.block.mlp),),
        final_norm=base.final_norm,
        head=head,
        heads=2,
        head_width=1,
        width=_WIDTH,
        centres=False,
        epsilon=0.0,
    )
    one, other = torch.tensor(clean), torch.tensor(corrupt)
    return Runs(
        anatomy=anatomy,
        clean=one,
        corrupt=other,
        answers=answers,
        shared=0,
        traces=(traced(anatomy, one[None]), traced(anatomy, other[None])),
        hidden_of=lambda given: base(given).last_hidden_state[:, -1],
    )
