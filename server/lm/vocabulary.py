"""A byte-level BPE tokenizer's entries as bytes, and a fingerprint of the tokenizer."""

from __future__ import annotations

import hashlib

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from server.domain.text.tokens import Vocabulary


def vocabulary_of(tokenizer: PreTrainedTokenizerFast, size: int) -> Vocabulary:
    """Return the bytes of every id below `size`; ids that no text gives are empty.

    A byte-level entry is written in GPT-2's characters for bytes. An added token is literal text:
    blanks or other signs that have no such character. The tokenizer is byte-level BPE.
    """
    backend = tokenizer.backend_tokenizer
    added = backend.get_added_tokens_decoder()
    special = set(tokenizer.all_special_tokens)
    byte_of = _byte_of_character()
    pieces = [b""] * size
    for entry, token_id in backend.get_vocab(with_added_tokens=True).items():
        if token_id >= size:
            continue
        if token_id in added or entry in special:
            is_special = entry in special or added[token_id].special
            if not is_special or ids_of_text(tokenizer, entry) == [token_id]:
                pieces[token_id] = entry.encode("utf-8")
            continue
        try:
            pieces[token_id] = bytes(map(byte_of.__getitem__, entry))
        except KeyError:  # not written in those characters: it stands as it is
            pieces[token_id] = entry.encode("utf-8")
    return Vocabulary(tuple(pieces))


def ids_of_text(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Return the tokens that a text is cut into; a special token's name in it is plain text."""
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)
    return list(ids["input_ids"])


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
