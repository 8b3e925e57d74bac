"""What a model must show before its numbers are believed.

Its weights are whole, its numbers are finite, it never looks ahead, and scoring it here gives the
same as transformers' own forward pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from server.domain.scores.models import Precision
from server.lm.forward import Forward
from server.lm.loaded import LoadedModel
from server.lm.logits import NextTokens
from server.lm.source import ModelUnavailable
from server.lm.tokenizing import first_line

_TOLERANCE_NATS = 1e-3
_RELATIVE = 1e-5  # of a logit: float32 keeps seven digits, and sums of many keep fewer
_MOST_NAMES = 3
_LONGEST_TRIED = 1_024  # a window up to this is tried whole; longer ones would take long


@dataclass(frozen=True)
class Probe:
    """A plain text's tokens after the beginning, and the same repeated to fill the window."""

    ids: list[int]
    longest: list[int]

    @classmethod
    def of(cls, ids: list[int], window: int) -> Probe:
        """Return the probe for a model that reads `window` tokens."""
        tried = min(window, _LONGEST_TRIED)
        repeated = ids * (-(-tried // len(ids)))
        return cls(ids[:window], repeated[:tried])


def require_whole(model: PreTrainedModel, info: Mapping[str, Any], label: str) -> None:
    """Raise ModelUnavailable where a weight is missing, misfits, is left over or is not finite.

    `info` is what transformers reports about loading: it draws missing weights at random. A weight
    of the language model that finds no place in it means that the configuration is another's.
    """
    if missing := sorted(info["missing_keys"]):
        raise ModelUnavailable(
            f"Weights of {label} are missing from its files: {_listed(missing)}. Numbers drawn at "
            "random would stand in their place."
        )
    if misfits := sorted(str(key) for key, *_ in info["mismatched_keys"]):
        raise ModelUnavailable(
            f"Weights of {label} do not have the shape in its config.json: {_listed(misfits)}."
        )
    inside = (f"{model.base_model_prefix}.", "lm_head.", "embed_out.")
    if left_over := sorted(key for key in info["unexpected_keys"] if key.startswith(inside)):
        raise ModelUnavailable(
            f"The files of {label} hold weights that its config.json has no place for: "
            f"{_listed(left_over)}."
        )
    unfit = [name for name, weight in model.named_parameters() if not weight.isfinite().all()]
    if unfit:
        raise ModelUnavailable(f"Weights of {label} are not finite numbers: {_listed(unfit)}.")


def require_ids_inside(
    tokenizer: PreTrainedTokenizerFast, model: PreTrainedModel, beginning_id: int, label: str
) -> None:
    """Raise ModelUnavailable where a token that a text can hold has no embedding."""
    embeddings = cast("torch.nn.Embedding", model.get_input_embeddings())
    rows = embeddings.weight.shape[0]
    if beginning_id >= rows:
        raise ModelUnavailable(
            f"{label} has no embedding for the token that stands before every text, "
            f"{tokenizer.convert_ids_to_tokens(beginning_id)!r}: its id is {beginning_id}, and "
            f"there are {rows} rows. Choose another one with --beginning."
        )
    backend = tokenizer.backend_tokenizer
    added = backend.get_added_tokens_decoder()
    outside = [
        entry
        for entry, token_id in backend.get_vocab(with_added_tokens=True).items()
        if token_id >= rows and not (token_id in added and added[token_id].special)
    ]
    if outside:
        raise ModelUnavailable(
            f"{label} has no embedding for {len(outside)} of its tokens: its tokenizer belongs "
            f"to another model ({_listed(sorted(outside))})."
        )


def first_logits(model: PreTrainedModel, probe: Probe, label: str) -> torch.Tensor:
    """Return the logits of the probe, (tokens, outputs), by the model's own forward pass.

    Raises ModelUnavailable where it cannot run, over a whole window too; where a logit is not
    finite; or where a later token changes what is said before it.
    """
    logits = _own_logits(model, probe.ids, label)
    if not logits.isfinite().all():
        raise ModelUnavailable(
            f"{label} gives numbers that are not finite for a plain English text, so none of its "
            "numbers can be trusted."
        )
    half = len(probe.ids) // 2
    for kept in (len(probe.ids) - 1, half):
        others = probe.ids[:kept] + probe.ids[1 : 1 + len(probe.ids) - kept]
        changed = _own_logits(model, others, label)
        if not _agree(changed[:kept], logits[:kept]):
            raise ModelUnavailable(
                f"{label} looks ahead: another last word changes what it says of the words "
                "before. A masked or two-way model cannot predict the next word."
            )
    if _has_positions(model):
        _run(model.base_model, probe.longest, label)
    return logits


def with_right_path(loaded: LoadedModel, probe: Probe, logits: torch.Tensor) -> LoadedModel:
    """Return the model with the fastest way to its numbers that gives what its own logits say.

    Texts of two lengths are read together, so that padding is tried as well. Raises
    ModelUnavailable where no way gives the same.
    """
    truth = logits.log_softmax(dim=1)
    if _scores_as(loaded, probe, truth):
        return loaded
    slow = replace(
        loaded,
        has_plain_head=False,
        remarks=(
            "Its logits are more than hidden states times a matrix (scaled, soft-capped or the "
            "like), so the model's own forward pass gives them, which is slower.",
        ),
    )
    if _scores_as(slow, probe, truth):
        return slow
    raise ModelUnavailable(
        f"{loaded.identity.name} gives different numbers when texts are read together and when one "
        "is read alone, so it cannot be scored here."
    )


def _scores_as(loaded: LoadedModel, probe: Probe, truth: torch.Tensor) -> bool:
    """Tell whether scoring gives the log-probabilities `truth`, (tokens, outputs), of the probe."""
    short = max(1, len(probe.ids) // 2)
    # `hidden_states` puts the beginning before its texts and leaves the last token out.
    texts = [[*probe.ids[1:], probe.ids[0]], [*probe.ids[1:short], probe.ids[0]]]
    try:
        forward = Forward(loaded, Precision.FLOAT32, compiled=False)
        hidden = forward.hidden_states(texts)
        reader = NextTokens.of(loaded)
        targets = torch.zeros(len(hidden), dtype=torch.int64, device=hidden.device)
        everywhere = torch.arange(len(hidden), device=hidden.device)
        _, logprobs = reader.read(hidden, targets, everywhere)
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
        return False  # a model of another build, without the parts that the fast way needs
    if logprobs.shape[1] != truth.shape[1]:
        return False
    return _agree(logprobs, torch.cat([truth, truth[:short]]))


def _has_positions(model: PreTrainedModel) -> bool:
    """Tell whether there is a table besides the tokens' own: one of positions can be too short."""
    tables = [module for module in model.modules() if isinstance(module, torch.nn.Embedding)]
    return any(table is not model.get_input_embeddings() for table in tables)


def _own_logits(model: PreTrainedModel, ids: list[int], label: str) -> torch.Tensor:
    logits: torch.Tensor = _run(model, ids, label).logits[0].float()
    return logits


@torch.inference_mode()
def _run(model: torch.nn.Module, ids: list[int], label: str) -> Any:
    try:
        return model(input_ids=torch.tensor([ids], device=next(model.parameters()).device))
    except Exception as error:  # whatever an unfit checkpoint leads to
        raise ModelUnavailable(
            f"{label} cannot read {len(ids)} tokens: {type(error).__name__}, {first_line(error)}."
        ) from error


def _agree(one: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.allclose(one, other, rtol=_RELATIVE, atol=_TOLERANCE_NATS)


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    return ", ".join(listed[:_MOST_NAMES]) + more
