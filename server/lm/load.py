"""Load a model and its tokenizer through transformers, and refuse what could score wrongly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast
from transformers.activations import NewGELUActivation
from transformers.utils import logging as transformers_logging

from server.domain.scores.models import ModelIdentity, model_label
from server.lm.guards import (
    Probe,
    first_logits,
    require_ids_inside,
    require_whole,
    with_right_path,
)
from server.lm.loaded import LoadedModel
from server.lm.products import use_fastest_library
from server.lm.source import ModelSource, ModelUnavailable
from server.lm.tokenizing import PROBE, beginning_id, first_line, load_tokenizer
from server.lm.vocabulary import fingerprint, ids_of_text, vocabulary_of

# Where configurations say how many tokens a model reads; the first is GPT-2's and most others'.
_WINDOWS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "max_sequence_length",
    "seq_length",
    "n_ctx",
    "context_length",
)
_DEFAULT_WINDOW = 1_024  # for models that read texts of any length: all were trained on as much
_LONGEST_WINDOW = 2**31 - 1  # a larger one is a way of saying nothing


def load_model(source: ModelSource) -> LoadedModel:
    """Load the model at `source`, on a GPU where there is one.

    Raises ModelUnavailable where transformers cannot read it, where weights are missing, where a
    token has no embedding, where it looks ahead, or where its numbers are not finite.
    """
    if not source.on_hub:
        transformers_logging.disable_progress_bar()  # a download's progress is worth seeing
    transformers_logging.set_verbosity_error()  # what matters in its warnings is checked here
    tokenizer = load_tokenizer(source)
    tokenizer_fingerprint = fingerprint(tokenizer.backend_tokenizer)
    beginning = beginning_id(tokenizer, source)
    model = _read(source)
    model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
    label = model_label(source.name)
    require_ids_inside(tokenizer, model, beginning, label)
    window, remarks = window_of(model, tokenizer, label)
    probe = Probe.of([beginning, *ids_of_text(tokenizer, PROBE)], window)
    # The model as transformers made it, before anything is replaced by what is faster.
    logits = first_logits(model, probe, label)
    _fuse_gelu(model)
    use_fastest_library(model)
    identity = ModelIdentity(
        name=source.name,
        revision=source.revision,
        tokenizer_fingerprint=tokenizer_fingerprint,
        parameters=model.num_parameters(),
        window_tokens=window,
        beginning=str(tokenizer.backend_tokenizer.id_to_token(beginning)),
    )
    vocabulary = vocabulary_of(tokenizer, logits.shape[-1])
    loaded = LoadedModel(model, tokenizer, identity, vocabulary, beginning)
    loaded = with_right_path(loaded, probe, logits)
    return replace(loaded, remarks=(*remarks, *loaded.remarks))


def _read(source: ModelSource) -> PreTrainedModel:
    options: dict[str, Any] = {"gguf_file": source.gguf_file} if source.gguf_file else {}
    label = model_label(source.name)
    try:
        result: Any = AutoModelForCausalLM.from_pretrained(
            source.location,
            revision=source.commit,
            dtype=torch.float32,
            trust_remote_code=False,
            output_loading_info=True,
            **options,
        )
    except ImportError as error:
        raise ModelUnavailable(
            f"The model {label} needs a package that is missing here: {first_line(error)} For GGUF "
            "files: pip install -r requirements-gguf.txt"
        ) from error
    except Exception as error:  # transformers passes on whatever its libraries raise
        raise ModelUnavailable(
            f"The model {label} could not be read: {first_line(error)}"
        ) from error
    model: PreTrainedModel
    model, info = result
    require_whole(model, info, label)
    return model


def window_of(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, label: str
) -> tuple[int, tuple[str, ...]]:
    """Return how many tokens the model reads, and any remarks on that.

    The model's configuration says it, or the tokenizer's; neither does for models that add no
    positions to their tokens.
    """
    config = model.config.get_text_config()
    declared = [getattr(config, name, None) for name in _WINDOWS]
    for window in (*declared, tokenizer.model_max_length):
        if isinstance(window, int) and 0 < window < _LONGEST_WINDOW:
            return window, ()
    return _DEFAULT_WINDOW, (
        f"{label} does not say how many tokens it reads; passages are cut to {_DEFAULT_WINDOW:,}.",
    )


def _fuse_gelu(model: PreTrainedModel) -> None:
    """Let one operation compute GPT-2's activation, which transformers writes as eight."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, NewGELUActivation):
                setattr(module, name, torch.nn.GELU(approximate="tanh"))
