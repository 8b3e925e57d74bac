"""Make the trace of a scored passage: one float32 pass, and all that pages show taken from it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from server.domain.inside.parts import part_count
from server.domain.inside.trace import (
    KEPT_ANSWERS,
    KEPT_BY_PLAIN,
    LEAST_WEIGHT,
    TOP_AFTER_LAYER,
    WATCHED_COLUMNS,
    WEIGHT_STEPS,
    Integers,
    LensTable,
    PassageTrace,
    UnitTrace,
)
from server.domain.scores.models import ModelIdentity, Precision, model_label
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.tokens import Unit
from server.lm.inside.anatomy import anatomy_of
from server.lm.inside.contributions import pushes_between
from server.lm.inside.hooks import Trace, trace
from server.lm.inside.lens import FittedLens, log_softmax
from server.lm.loaded import LoadedModel
from server.lm.source import ModelUnavailable

MOST_WEIGHTS = 2**27  # attention weights of a passage, half a gigabyte
TOLERANCE_NATS = 1e-3  # between this pass and float32 scores, made elsewhere perhaps
_ROUNDED_NATS = 0.2  # between this pass and scores of a model that multiplied in bfloat16

_Mapped = Callable[[int, torch.Tensor], torch.Tensor]


class PassageTracer:
    """A loaded model and its lens, which look into one scored passage at a time."""

    def __init__(self, loaded: LoadedModel, lens: FittedLens) -> None:
        """Raise UnknownAnatomy for a model of another shape than GPT-2's or Llama's."""
        self._loaded, self._lens = loaded, lens
        self._anatomy = anatomy_of(loaded.model)
        device = loaded.model.device
        self._lens = FittedLens(lens.maps.to(device), lens.shifts.to(device), lens.name)
        self._word_ids = torch.tensor(loaded.vocabulary.word_ids, device=device)

    @property
    def identity(self) -> ModelIdentity:
        """Which model this is."""
        return self._loaded.identity

    @property
    def lens_name(self) -> str:
        """The revision of the fitted lens."""
        return self._lens.name

    @torch.inference_mode()
    def trace(self, scores: PassageScores) -> PassageTrace | str:
        """Return the inside of the model at the asked positions, or a sentence why it is not kept.

        Raises ModelUnavailable where the output is not what the scores say: then another model
        scored this passage than the one at hand.
        """
        positions = np.union1d(scores.asked_words, scores.asked_tokens).astype(np.int32)
        read = int(positions[-1]) + 1 if positions.size else 0
        layers, heads = len(self._anatomy.layers), self._anatomy.heads
        if not positions.size:
            return "it has no position that is asked."
        if layers * heads * read**2 > MOST_WEIGHTS:
            return f"its {read:,} tokens are too many to keep what every head looks at."
        ids = [self._loaded.beginning_id, *scores.token_ids[: read - 1].tolist()]
        seen = trace(self._loaded.model, ids)
        self._require_same(seen, scores, positions)
        columns, weights = _watched(seen, positions)
        norms = {
            name: getattr(seen, name)[:, positions].norm(dim=2).T.float().cpu().numpy()
            for name in ("residuals", "attention", "mlp")
        }
        tables = self._tables(seen, scores)
        return PassageTrace(
            positions=positions,
            residual_norm=np.ascontiguousarray(norms["residuals"]),
            attention_norm=np.ascontiguousarray(norms["attention"]),
            mlp_norm=np.ascontiguousarray(norms["mlp"]),
            columns=columns,
            weights=weights,
            words=self._of_unit(seen, scores, Unit.WORDS, tables[Unit.WORDS]),
            tokens=self._of_unit(seen, scores, Unit.TOKENS, tables[Unit.TOKENS]),
            lens=self._lens.name,
        )

    def _require_same(self, seen: Trace, scores: PassageScores, positions: Integers) -> None:
        targets = torch.from_numpy(scores.token_ids[positions].astype(np.int64))
        output = log_softmax(self._anatomy, seen.residuals[-1, positions]).cpu()
        here = output.gather(1, targets[:, None])[:, 0].numpy()
        off = float(np.abs(here - scores.target_logprob[positions]).max())
        exact = scores.precision is Precision.FLOAT32
        if off > (TOLERANCE_NATS if exact else _ROUNDED_NATS):
            raise ModelUnavailable(
                f"{model_label(self.identity.name)} gives other numbers here than its scores say "
                f"(by {off:.3f} nats), so what is inside it would not explain them."
            )

    def _of_unit(
        self,
        seen: Trace,
        scores: PassageScores,
        unit: Unit,
        tables: tuple[LensTable, LensTable],
    ) -> UnitTrace:
        kept = kept_answers(scores, unit)
        asked = scores.asked(unit)
        parts = [
            pushes_between(self._anatomy, seen, row, int(ids[0]), int(ids[1]))
            for row, ids in zip(asked, kept, strict=True)
        ]
        empty = torch.zeros(0, part_count(len(self._anatomy.layers), self._anatomy.heads))
        return UnitTrace(
            positions=np.array(asked, dtype=np.int32),
            kept_ids=kept,
            push=(torch.stack(parts) if parts else empty).cpu().numpy().astype(np.float32),
            fitted=tables[0],
            plain=tables[1],
        )

    def _tables(
        self, seen: Trace, scores: PassageScores
    ) -> dict[Unit, tuple[LensTable, LensTable]]:
        """Return for each unit what the fitted and the plain lens read."""

        def plain(_layer: int, residuals: torch.Tensor) -> torch.Tensor:
            return residuals

        by_lens = [
            self._table(seen, scores, self._lens.after, KEPT_ANSWERS),
            self._table(seen, scores, plain, KEPT_BY_PLAIN),
        ]
        return {unit: (by_lens[0][unit], by_lens[1][unit]) for unit in Unit}

    def _table(
        self, seen: Trace, scores: PassageScores, mapped: _Mapped, most: int
    ) -> dict[Unit, LensTable]:
        rows: dict[Unit, list[dict[str, torch.Tensor]]] = {unit: [] for unit in Unit}
        kept = {unit: torch.from_numpy(kept_answers(scores, unit)[:, :most]) for unit in Unit}
        for layer in range(len(self._anatomy.layers)):
            for unit in Unit:
                state = mapped(layer, seen.residuals[layer, scores.asked(unit)])
                logits: torch.Tensor = self._anatomy.head(self._anatomy.final_norm(state))
                rows[unit].append(self._read(logits.float(), kept[unit].to(logits.device), unit))
        return {
            unit: LensTable(
                **{
                    name: np.ascontiguousarray(
                        torch.stack([one[name] for one in rows[unit]], dim=1).cpu().numpy()
                    )
                    for name in ("logprob", "rank", "top_ids", "top_logprob")
                }
            )
            for unit in Unit
        }

    def _read(
        self, logits: torch.Tensor, kept: torch.Tensor, unit: Unit
    ) -> dict[str, torch.Tensor]:
        """Read (a, vocabulary) logits under the unit's rule; `kept` is (a, w) token ids."""
        allowed = logits[:, self._word_ids] if unit is Unit.WORDS else logits
        mass = allowed.logsumexp(dim=1, keepdim=True)
        own = logits.gather(1, kept.long())
        top = allowed.topk(min(TOP_AFTER_LAYER, allowed.shape[1]), dim=1)
        ids = self._word_ids[top.indices] if unit is Unit.WORDS else top.indices
        ahead = torch.stack([(allowed > one[:, None]).sum(dim=1) for one in own.unbind(dim=1)], 1)
        return {
            "logprob": (own - mass).half(),
            "rank": (ahead + 1).int(),
            "top_ids": ids.int(),
            "top_logprob": (top.values - mass).half(),
        }


def kept_answers(scores: PassageScores, unit: Unit) -> Integers:
    """Return the answers that are followed through the layers, (a, up to 16) token ids.

    The target first, then the output's most probable without it.
    """
    best = scores.words_top_ids if unit is Unit.WORDS else scores.tokens_top_ids
    rows = []
    for position, ids in zip(scores.asked(unit), best, strict=True):
        target = int(scores.token_ids[position])
        rows.append([target, *ids[ids != target][: KEPT_ANSWERS - 1].tolist()])
    width = min((len(row) for row in rows), default=KEPT_ANSWERS)
    return np.array([row[:width] for row in rows], dtype=np.int32).reshape(len(rows), width)


def _watched(seen: Trace, positions: Integers) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Return the columns that each head looked at most, (p, L, H, 8), and their weights."""
    rows = seen.weights[:, :, positions].permute(2, 0, 1, 3)  # (p, L, H, tokens)
    top = rows.topk(min(WATCHED_COLUMNS, rows.shape[3]), dim=3)
    looked = top.values >= LEAST_WEIGHT
    columns = torch.where(looked, top.indices, 0).cpu().numpy().astype(np.uint16)
    steps = (top.values * WEIGHT_STEPS).round() * looked
    return columns, steps.cpu().numpy().astype(np.uint8)
