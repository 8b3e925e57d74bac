"""Load a model's tokenizer, and refuse one that would cut texts differently from its model's own.

Needs no torch, GGUF files apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from server.domain.scores.models import model_label
from server.domain.text.tokens import TokenizedText
from server.lm.source import ModelSource, ModelUnavailable
from server.lm.vocabulary import ids_of_text, vocabulary_of

# Plain English: a tokenizer that cannot give it back can give nothing back.
PROBE = (
    "The harbour was quiet when the ferry came in, and nobody on the quay looked up. A dog barked "
    "twice. Then the men began to unload the crates, slowly, as if the whole afternoon was theirs."
)
_BYTES = 256  # each has an entry in a byte-level tokenizer
# How GGUF files name their rules for cutting text before merges apply. transformers knows some of
# them; it cuts by GPT-2's rule wherever it does not, SmolLM2's among them.
_GPT2_RULE = "gpt-2"
_RULES = {
    "smollm": pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
}


def load_tokenizer(source: ModelSource) -> PreTrainedTokenizerFast:
    """Load the tokenizer of the model at `source`.

    Raises ModelUnavailable where there is none, where it is not of GPT-2's kind (byte-level BPE),
    or where it does not give plain English back.
    """
    label = model_label(source.name)
    tokenizer = _read(source, label)
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelUnavailable(f"{label} has no fast tokenizer, which scoring needs.")
    backend = tokenizer.backend_tokenizer
    if backend.get_vocab_size(with_added_tokens=False) < _BYTES:
        raise ModelUnavailable(
            f"{label} has no tokenizer, or an empty one: tokenizer.json, or vocab.json and "
            "merges.txt, belong beside its weights."
        )
    if not _is_byte_level(backend):
        raise ModelUnavailable(f"The tokenizer of {label} is not byte-level BPE, GPT-2's kind.")
    _require_faithful(tokenizer, label)
    return tokenizer


def beginning_id(tokenizer: PreTrainedTokenizerFast, source: ModelSource) -> int:
    """Return the id of the token that stands before every text.

    That is the chosen one, or else the one that the tokenizer declares as its beginning of text.
    Raises ModelUnavailable where neither is a token.
    """
    label, backend = model_label(source.name), tokenizer.backend_tokenizer
    if not source.beginning:
        declared = tokenizer.bos_token_id
        if isinstance(declared, int):
            return declared
        raise ModelUnavailable(_advice(tokenizer, label))
    token_id = backend.token_to_id(source.beginning)
    if token_id is None:
        ids = ids_of_text(tokenizer, source.beginning)
        if len(ids) != 1:
            raise ModelUnavailable(
                f"{source.beginning!r} is not a single token of {label}, so it cannot stand before "
                "every text."
            )
        (token_id,) = ids
    return int(token_id)


def _advice(tokenizer: PreTrainedTokenizerFast, label: str) -> str:
    named = dict.fromkeys(("<|endoftext|>", tokenizer.eos_token))
    id_of = tokenizer.backend_tokenizer.token_to_id
    known = [name for name in named if name and id_of(name) is not None]
    example = f": --beginning '{known[0]}', say, which ends its texts" if known else ""
    return (
        f"{label} declares no token that stands before a text, so say which one does{example}. "
        "The setting is MODEL_BEGINNING."
    )


def _read(source: ModelSource, label: str) -> object:
    options: dict[str, Any] = {"gguf_file": source.gguf_file} if source.gguf_file else {}
    rule = _cutting_rule(source, label) if source.gguf_file else None
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            source.location, revision=source.commit, trust_remote_code=False, **options
        )
    except Exception as error:  # transformers passes on whatever its libraries raise
        raise ModelUnavailable(
            f"The tokenizer of {label} could not be read: {first_line(error)}"
        ) from error
    if rule is not None:
        tokenizer.backend_tokenizer.pre_tokenizer = rule
    return tokenizer


def _cutting_rule(source: ModelSource, label: str) -> pre_tokenizers.PreTokenizer | None:
    """Return how a GGUF file's texts are cut, or None where transformers does that correctly.

    Raises ModelUnavailable where it would cut by another rule than the file names.
    """
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS
    from transformers.integrations.gguf.reader import read_gguf_metadata

    file = Path(source.location) / (source.gguf_file or "")
    try:
        metadata, _ = read_gguf_metadata(str(file))
    except Exception as error:  # whatever a damaged file leads to
        raise ModelUnavailable(
            f"{file} cannot be read as a GGUF file: {first_line(error)}"
        ) from error
    rule = metadata.get("tokenizer.ggml.pre")
    if rule in _RULES:
        return _RULES[rule]
    if rule == _GPT2_RULE or rule in GGUF_PRE_TOKENIZER_SPLITS:
        return None
    raise ModelUnavailable(
        f"{label} cuts text by a rule ({rule}) that cannot be rebuilt from its GGUF file; use its "
        "folder with a tokenizer.json."
    )


def _is_byte_level(backend: Tokenizer) -> bool:
    """Tell whether entries are written in GPT-2's characters for bytes: its decoder undoes that."""
    decoder = backend.decoder
    if isinstance(decoder, decoders.Sequence):
        return "ByteLevel" in repr(decoder)
    return isinstance(decoder, decoders.ByteLevel)


def _require_faithful(tokenizer: PreTrainedTokenizerFast, label: str) -> None:
    """Raise ModelUnavailable unless plain English comes back, from tokens that are more than bytes.

    A tokenizer that has lost its merges reads each letter as a token of its own, without an error.
    """
    pieces = vocabulary_of(tokenizer, len(tokenizer)).pieces
    cut = [pieces[token_id] for token_id in ids_of_text(tokenizer, PROBE)]
    if b"".join(cut) != PROBE.encode("utf-8"):
        raise ModelUnavailable(
            f"The tokenizer of {label} changes plain English text, so its model would be asked "
            "about a different text from people."
        )
    if len(pieces) > 2 * _BYTES and all(len(piece) == 1 for piece in cut):
        raise ModelUnavailable(
            f"The tokenizer of {label} cuts words into single letters although it has entries for "
            "words: its merges (merges.txt) are missing."
        )


def first_line(error: BaseException) -> str:
    """Return an error's first line, at most 300 characters: libraries' messages can be pages."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]


class TokenReader:
    """Reads texts as the model at `source` does."""

    def __init__(self, source: ModelSource) -> None:
        """Load the tokenizer; raise ModelUnavailable where that cannot be done."""
        self._tokenizer = load_tokenizer(source)
        self._pieces = vocabulary_of(self._tokenizer, len(self._tokenizer)).pieces

    def count_tokens(self, text: str) -> int:
        """Return how many tokens the model reads `text` as."""
        return len(ids_of_text(self._tokenizer, text))

    def tokenized(self, text: str) -> TokenizedText:
        """Return `text` as the model reads it."""
        return TokenizedText(
            [self._pieces[token_id] for token_id in ids_of_text(self._tokenizer, text)]
        )
