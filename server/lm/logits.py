"""What a model's last hidden states say about the next token: logits, and what is measured on them.

GPT-2's vocabulary has 50,257 entries, so each pass over it is costly: logits are computed once,
into memory that is reused, and measured a few rows at a time, while the cache holds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from server.domain.scores.passage_scores import TOP_EVERYWHERE
from server.lm.loaded import LoadedModel
from server.lm.products import fastest_library, pad_rows

ROWS_PER_CHUNK = 512  # in one product with the vocabulary: 103 MB for GPT-2's
_ROWS_PER_BLOCK = 32  # measured together
_ROWS_MORE = 128  # memory grows by this many
_COLUMNS = 64  # rows of a multiple of 16 numbers are aligned, which speeds the product by a third
_LEAST_MASS = 1e-30  # a float32 sum below this has lost digits


class NextTokens:
    """Turns hidden states into measurements, and into log-probabilities where they are wanted.

    Without a head, the hidden states are logits already.
    """

    def __init__(
        self,
        head: torch.nn.Module | None,
        tokens: int,
        word_ids: Sequence[int],
        device: torch.device | str = "cpu",
    ) -> None:
        bias = None if head is None else getattr(head, "bias", None)
        self._weight = None  # (width, tokens)
        if head is not None:
            self._weight = head.get_parameter("weight").detach()[:tokens].float().T
        self._bias = None if bias is None else bias.detach()[:tokens].float()
        self._tokens, self._device = tokens, device
        self._word_ids = torch.tensor(word_ids, dtype=torch.int64, device=device)
        self._is_word = torch.zeros(tokens, device=device)
        self._is_word[self._word_ids] = 1
        self._memory, self._kept = self._empty(0), self._empty(0)
        self._scratch = [self._empty(_ROWS_PER_BLOCK) for _ in range(3)]

    @classmethod
    def of(cls, loaded: LoadedModel) -> NextTokens:
        """Return what reads this model's hidden states."""
        head = loaded.model.get_output_embeddings() if loaded.has_plain_head else None
        vocabulary = loaded.vocabulary
        return cls(head, len(vocabulary), vocabulary.word_ids, loaded.model.device)

    @torch.inference_mode()
    def read(
        self, hidden: torch.Tensor, targets: torch.Tensor, wanted: torch.Tensor
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Return what is measured on every row, by its name in the scores, and the wanted rows.

        `hidden` is (rows, width); `targets` (rows,) are the tokens that came; `wanted`, ascending,
        are rows whose (wanted, tokens) log-probabilities in nats come with the measurements. They
        lie in memory that the next call uses again.
        """
        measured: list[dict[str, torch.Tensor]] = []
        self._kept = self._with_rows(self._kept, len(wanted))
        kept = self._kept[: len(wanted), : self._tokens]
        filled, start = 0, 0
        for logits in self._chunks(hidden):
            for block in logits.split(_ROWS_PER_BLOCK):
                stop = start + len(block)
                inside = wanted[(wanted >= start) & (wanted < stop)] - start
                into = kept[filled : filled + len(inside)]
                measured.append(self._measured(block, targets[start:stop], inside, into))
                filled, start = filled + len(inside), stop
        named = {name: torch.cat([part[name] for part in measured]) for name in measured[0]}
        return named, kept

    @torch.inference_mode()
    def shares_of(self, hidden: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """Return the probability of all chosen tokens together after each row, (rows,).

        `chosen` is (tokens,), 1 for the tokens that are meant and 0 for all others.
        """
        shares = [
            torch.softmax(logits[:, : self._tokens], dim=1) @ chosen
            for logits in self._chunks(hidden)
        ]
        return torch.cat(shares).clamp(0, 1)

    def _chunks(self, hidden: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield the logits a chunk of rows at a time, each in the memory of the one before.

        After the vocabulary's columns come columns of minus infinity, up to a multiple of 64.
        """
        for chunk in hidden.float().chunk(-(-len(hidden) // ROWS_PER_CHUNK)):
            rows = pad_rows(chunk)
            self._memory = self._with_rows(self._memory, len(rows))
            logits = self._memory[: len(rows)]
            if self._weight is None:
                logits[:, : self._tokens] = rows[:, : self._tokens]
            else:
                with fastest_library():
                    torch.mm(rows, self._weight, out=logits[:, : self._tokens])
            if self._bias is not None:
                logits[:, : self._tokens] += self._bias
            yield logits[: len(chunk)]

    def _measured(
        self, padded: torch.Tensor, targets: torch.Tensor, wanted: torch.Tensor, kept: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return what is measured on a few rows; `kept` gets the wanted ones' log-probabilities.

        New memory would cost more than what is computed into it, hence the scratch.
        """
        top = best_columns(padded, min(TOP_EVERYWHERE, self._tokens))
        logits = padded[:, : self._tokens]
        shifted, powers, scratch = (
            memory[: len(logits), : self._tokens] for memory in self._scratch
        )
        torch.sub(logits, top.values[:, :1], out=shifted)
        torch.exp(shifted, out=powers)
        total = powers.sum(dim=1)
        log_total = total.log()
        target = shifted.gather(1, targets[:, None])
        result = {
            "target_logprob": target[:, 0] - log_total,
            # -sum(p ln p), where p = powers / total and ln p = shifted - log_total
            "entropy_nats": log_total - torch.mul(powers, shifted, out=scratch).sum(dim=1) / total,
            # The last to need the powers, which it overwrites.
            "word_log_mass": self._log_of_words(powers, shifted) - log_total,
            "top_ids": top.indices.int(),
            "top_logprob": top.values - top.values[:, :1] - log_total[:, None],
        }
        # Ones and zeros as float32: booleans would take far longer to sum.
        better = torch.gt(shifted, target, out=scratch)
        rank = better.sum(dim=1) + 1
        word_rank = better.mul_(self._is_word).sum(dim=1) + 1
        words = torch.where(self._is_word[targets] > 0, word_rank, 0)
        torch.sub(shifted[wanted], log_total[wanted, None], out=kept)
        return result | {"target_rank": rank.int(), "word_rank": words.int()}

    def _log_of_words(self, powers: torch.Tensor, shifted: torch.Tensor) -> torch.Tensor:
        mass = powers.mul_(self._is_word).sum(dim=1)
        if mass.min() > _LEAST_MASS:
            return mass.log()
        return shifted[:, self._word_ids].logsumexp(dim=1)

    def _with_rows(self, memory: torch.Tensor, rows: int) -> torch.Tensor:
        """Return `memory`, or larger memory in the rare case that it has too few rows."""
        if rows <= len(memory):
            return memory
        return self._empty(-(-rows // _ROWS_MORE) * _ROWS_MORE)

    def _empty(self, rows: int) -> torch.Tensor:
        columns = -(-self._tokens // _COLUMNS) * _COLUMNS
        return torch.full((rows, columns), -torch.inf, device=self._device)


def best_columns(logits: torch.Tensor, count: int) -> torch.return_types.topk:
    """Return the `count` largest logits of each row, (rows, count), as topk does, but faster.

    They lie in those `count` groups of columns whose maxima are largest.
    """
    groups = logits.view(len(logits), -1, _COLUMNS)
    if groups.shape[1] <= count:
        return logits.topk(count, dim=1)
    best = groups.amax(dim=2).topk(count, dim=1).indices.sort(dim=1).values  # (rows, count)
    inside = groups.gather(1, best[:, :, None].expand(-1, -1, _COLUMNS)).flatten(1)
    top = inside.topk(count, dim=1)
    columns = best.gather(1, top.indices // _COLUMNS) * _COLUMNS + top.indices % _COLUMNS
    return torch.return_types.topk((top.values, columns))
