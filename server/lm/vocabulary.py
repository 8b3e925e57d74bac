"""A byte-level BPE tokenizer's entries as bytes, and a fingerprint of the tokenizer."""

from __future__ import annotations

import hashlib

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from server.domain.text.tokens import Vocabulary
from server.lm.source import ModelUnavailable


def vocabulary_of(tokenizer: PreTrainedTokenizerFast, size: int) -> Vocabulary:
    """Return the bytes of every id below `size`; special and unused ids are empty.

    Raises ModelUnavailable for a tokenizer that is not byte-level BPE (GPT-2's kind).
    """
    backend = tokenizer.backend_tokenizer
    if type(backend.decoder).__name__ != "ByteLevel":
        raise ModelUnavailable(
            f"The tokenizer of {tokenizer.name_or_path} is not byte-level BPE, GPT-2's kind."
        )
    byte_of = _byte_of_character()
    special = set(tokenizer.all_special_tokens)
    pieces = [b""] * size
    for entry, token_id in backend.get_vocab(with_added_tokens=True).items():
        if entry not in special and token_id < size:
            pieces[token_id] = bytes(byte_of[character] for character in entry)
    return Vocabulary(tuple(pieces))


def fingerprint(backend: Tokenizer) -> str:
    """Return SHA-256 of the tokenizer's whole definition, as 64 hexadecimal digits."""
    return hashlib.sha256(backend.to_str().encode("utf-8")).hexdigest()


def _byte_of_character() -> dict[str, int]:
    """Return GPT-2's table: each byte is written as one printable character.

    Printable bytes of Latin-1 stand for themselves, the others for U+0100 onwards, in order.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    table = {chr(byte): byte for byte in printable}
    return table | {chr(0x100 + index): byte for index, byte in enumerate(others)}
