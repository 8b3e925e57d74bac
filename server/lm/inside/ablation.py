"""What a word's probability loses when the model may not use a token of the context."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from server.domain.inside.ablation import ContextEffects, Effect, Way, piece_of
from server.lm.inside.prefix import NEVER, Prefix, causal_mask

_TOGETHER = 4  # neighbours share most of what comes before them; more share less of it


class Ablation:
    """A text up to a gap, from which one column after another is taken.

    `token_ids` begin with the beginning token, which is column 0 and never taken. `neutral_id` is
    the token that stands in another's place.
    """

    def __init__(
        self, model: PreTrainedModel, token_ids: Sequence[int], target_id: int, neutral_id: int
    ) -> None:
        """Raise UnknownAnatomy for a model of another shape than GPT-2's or Llama's."""
        self._run = Prefix(model, token_ids)
        self._ids, self._last = self._run.ids, len(token_ids) - 1
        self._target_id, self._neutral_id = target_id, neutral_id
        self.target_logprob = float(self._target_logprobs(self._run.hidden[-1:])[0])

    @property
    def columns(self) -> list[int]:
        """The columns that can be taken, those first that the last row looks at most."""
        order = self._run.watched[1:].argsort(descending=True, stable=True)
        return [int(place) + 1 for place in order]

    def piece(self, way: Way, piece: int) -> ContextEffects:
        """Return the effects of one piece of the columns; raise InvalidInput for no such piece."""
        columns, pieces = piece_of(self.columns, piece)
        effects = self.effects(way, columns)
        return ContextEffects(
            effects=tuple(
                Effect(column - 1, effects[column], float(self._run.watched[column]))
                for column in columns
            ),
            piece=piece,
            pieces=pieces,
            tokens=self._last,
            target_logprob=self.target_logprob,
        )

    @torch.inference_mode()
    def effects(self, way: Way, columns: Sequence[int]) -> dict[int, float]:
        """Return log p(target) − log p(target | column taken) by column, in nats.

        Where taking a column changes nothing the model does, its effect is 0 and nothing is run.
        """
        found = dict.fromkeys(columns, 0.0)
        changing = sorted(column for column in found if not self._changes_nothing(way, column))
        for start in range(0, len(changing), self._together(way)):
            group = changing[start : start + self._together(way)]
            logprobs = self._target_logprobs(self._last_hidden(way, group))
            for column, logprob in zip(group, logprobs, strict=True):
                found[column] = self.target_logprob - float(logprob)
        return found

    def _together(self, way: Way) -> int:
        return len(self._ids) if way is Way.CUT_HERE else _TOGETHER

    def _changes_nothing(self, way: Way, column: int) -> bool:
        if way in (Way.CUT, Way.CUT_HERE):
            return column == self._last  # a row always sees its own token
        return way is Way.NEUTRAL and int(self._ids[column]) == self._neutral_id

    def _last_hidden(self, way: Way, columns: list[int]) -> torch.Tensor:
        """Return the normed last hidden states, (columns, width); the columns ascend."""
        first = columns[0]
        if way is Way.CUT_HERE:
            return self._cut(columns, self._last)
        if way is Way.CUT:
            return self._cut(columns, first + 1)
        if way is Way.REMOVED:
            return self._removed(columns, first)
        given = self._ids[first:].repeat(len(columns), 1)
        places = torch.arange(len(columns)), torch.tensor(columns) - first
        if way is Way.NEUTRAL:
            given[places] = self._neutral_id
        else:
            given = self._run.anatomy.embedding(given)
            given[places] = 0
        return self._run.after(first, given)

    def _cut(self, columns: list[int], shared: int) -> torch.Tensor:
        """Hide each column from the rows after the `shared` ones, where they stand behind it."""
        rows = len(self._ids) - shared
        mask = causal_mask(len(columns), rows, shared)
        for text, column in enumerate(columns):
            behind = max(0, column + 1 - shared)
            mask[text, 0, behind:, column] = NEVER
        return self._run.after(
            shared, self._ids[shared:].repeat(len(columns), 1), mask.to(self._ids.device)
        )

    def _removed(self, columns: list[int], shared: int) -> torch.Tensor:
        if shared == self._last:
            return self._run.hidden[-2:-1]  # without the last token, the row before it speaks
        given = [
            torch.cat([self._ids[shared:column], self._ids[column + 1 :]]) for column in columns
        ]
        return self._run.after(shared, torch.stack(given))

    def _target_logprobs(self, hidden: torch.Tensor) -> torch.Tensor:
        return self._run.logprobs(hidden)[:, self._target_id]
