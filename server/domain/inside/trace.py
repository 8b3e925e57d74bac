"""What is kept of the inside of a model on one passage: a trace, made once and stored."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from server.domain.inside.parts import part_count
from server.domain.text.tokens import Unit

KEPT_ANSWERS = 16  # the target, then the output's best without it
KEPT_BY_PLAIN = 2  # the plain lens is a switch: the target and the model's word are enough
TOP_AFTER_LAYER = 5
WATCHED_COLUMNS = 8
WEIGHT_STEPS = 255  # attention is kept to the nearest 1/255
LEAST_WEIGHT = 0.03  # what a head looks at less than this is left out

Halves = NDArray[np.float16]
Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


class Lens(StrEnum):
    """How the residual after a layer is read as a guess of the next token."""

    FITTED = "fitted"  # through a map to the last residual, fitted on other text
    PLAIN = "plain"  # as if it were the last residual already


@dataclass(frozen=True, eq=False)
class LensTable:
    """What a lens reads at a positions after layers 0 to L - 1; what the output says is no map's.

    Log-probabilities are natural and under the unit's rule: in `words` among word tokens alone.
    Ranks are too; 1 is the first.
    """

    logprob: Halves  # (a, L, w) of the answers kept at the position
    rank: Integers  # (a, L, w)
    top_ids: Integers  # (a, L, 5) first choice first
    top_logprob: Halves  # (a, L, 5)


@dataclass(frozen=True, eq=False)
class UnitTrace:
    """The a positions asked in one unit: what lenses read, and what pushed towards the target.

    `kept_ids` begin with the target, then the output's best without it: the second is the model's
    word, or, where the target is that, the runner-up. `push` is what each part (`parts_of`) adds to
    the target's logit minus the second's; together that is the difference of the logits.
    """

    positions: Integers  # (a,) ascending
    kept_ids: Integers  # (a, w)
    push: Floats | Halves  # (a, parts)
    fitted: LensTable
    plain: LensTable

    def table(self, lens: Lens) -> LensTable:
        """Return what one of the lenses reads."""
        return self.fitted if lens is Lens.FITTED else self.plain


@dataclass(frozen=True, eq=False)
class PassageTrace:
    """The inside of a model of L layers and H heads in each, at p positions of one passage.

    Attention looks at columns: 0 is the beginning that stands before every text, j the token j - 1.
    A weight of 0 is no column at all. `lens` names the file of the fitted lens. Of heads outside
    `heads_kept` it is not known what they looked at; None stands for all heads. A unit without
    positions was left out (`server.domain.inside.small`).
    """

    positions: Integers  # (p,) ascending: those asked in either unit
    residual_norm: Floats  # (p, L + 1) before the first layer and after each
    attention_norm: Floats  # (p, L)
    mlp_norm: Floats  # (p, L)
    columns: NDArray[np.uint16]  # (p, L, H, 8) most watched first
    weights: NDArray[np.uint8]  # (p, L, H, 8) in steps of 1/255
    words: UnitTrace
    tokens: UnitTrace
    lens: str = ""
    heads_kept: NDArray[np.bool_] | None = None  # (p, L, H)

    def __post_init__(self) -> None:
        p, layers, heads, _ = self.columns.shape
        _require(self.weights.shape == self.columns.shape, "weights")
        _require(self.positions.shape == (p,), "positions")
        _require(self.residual_norm.shape == (p, layers + 1), "residual_norm")
        _require(self.attention_norm.shape == self.mlp_norm.shape == (p, layers), "norms")
        if self.heads_kept is not None:
            fits = self.heads_kept.shape == (p, layers, heads) and self.heads_kept.dtype == np.bool_
            _require(fits, "heads_kept")
        for unit in Unit:
            self._require_whole(self.of(unit), unit, layers, heads)

    @staticmethod
    def _require_whole(part: UnitTrace, unit: Unit, layers: int, heads: int) -> None:
        a = len(part.positions)
        _require(part.kept_ids.ndim == 2 and len(part.kept_ids) == a, f"{unit}.kept_ids")
        _require(part.push.shape == (a, part_count(layers, heads)), f"{unit}.push")
        for lens in Lens:
            table = part.table(lens)
            _require(table.logprob.shape[:2] == (a, layers), f"{unit}.{lens}.logprob")
            _require(table.rank.shape == table.logprob.shape, f"{unit}.{lens}.rank")
            _require(table.logprob.shape[2] <= part.kept_ids.shape[1], f"{unit}.{lens}.logprob")
            _require(table.top_ids.shape[:2] == (a, layers), f"{unit}.{lens}.top_ids")
            _require(table.top_ids.shape == table.top_logprob.shape, f"{unit}.{lens}.top_logprob")

    @property
    def layers(self) -> int:
        """How many layers the model has."""
        return int(self.columns.shape[1])

    @property
    def heads(self) -> int:
        """How many heads each layer has."""
        return int(self.columns.shape[2])

    def of(self, unit: Unit) -> UnitTrace:
        """Return the positions asked in `unit`."""
        return self.words if unit is Unit.WORDS else self.tokens

    def keeps(self, unit: Unit) -> bool:
        """Tell whether any position asked in `unit` is kept."""
        return bool(len(self.of(unit).positions))

    def row_of(self, position: int) -> int | None:
        """Return the row of a position, or None where it is not among those traced."""
        return row_of(self.positions, position)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return every array by its name: `positions`, `words.push`, `words.fitted.rank`."""
        flat: dict[str, NDArray[Any]] = {}
        for name, value in _members(self).items():
            if isinstance(value, UnitTrace):
                for inner, deep in _members(value).items():
                    tables = _members(deep) if isinstance(deep, LensTable) else {"": deep}
                    flat |= {
                        ".".join(filter(None, (name, inner, leaf))): array
                        for leaf, array in tables.items()
                    }
            elif isinstance(value, np.ndarray):
                flat[name] = value
        return flat

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], lens_name: str) -> Self:
        """Return the trace whose `arrays` these are.

        Raises TypeError where one is missing or left over, ValueError where shapes do not fit.
        """
        own: dict[str, Any] = {}
        units: dict[str, dict[str, Any]] = {unit: {} for unit in Unit}
        for name, array in arrays.items():
            unit, _, rest = name.partition(".")
            if not rest:
                own[name] = array
            elif unit in units:
                table, _, leaf = rest.partition(".")
                where = units[unit].setdefault(table, {}) if leaf else units[unit]
                where[leaf or rest] = array
            else:
                raise TypeError(f"a trace has no array {name}")
        for unit, found in units.items():
            for lens in Lens:
                found[lens] = LensTable(**found.get(lens, {}))
            own[unit] = UnitTrace(**found)
        return cls(**own, lens=lens_name)


def row_of(positions: Integers, position: int) -> int | None:
    """Return where `position` stands among ascending `positions`, or None."""
    row = int(np.searchsorted(positions, position))
    return row if row < len(positions) and int(positions[row]) == position else None


def _members(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _require(fits: bool, name: str) -> None:
    if not fits:
        raise ValueError(f"{name} of a trace does not fit its other arrays")
