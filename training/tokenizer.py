"""Train the bundled model's byte-level BPE tokenizer: GPT-2's kind, with a smaller vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

BEGINNING_OF_TEXT = "<|endoftext|>"


def train_tokenizer(documents: Iterable[str], vocabulary: int) -> Tokenizer:
    """Return a byte-level BPE tokenizer of `vocabulary` entries; id 0 begins every text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[BEGINNING_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def save_for_transformers(tokenizer: Tokenizer, folder: Path, window: int) -> None:
    """Write `tokenizer` to `folder` in the form that `AutoTokenizer.from_pretrained` reads."""
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BEGINNING_OF_TEXT,
        eos_token=BEGINNING_OF_TEXT,
        unk_token=BEGINNING_OF_TEXT,
        clean_up_tokenization_spaces=False,
        model_max_length=window,
    ).save_pretrained(folder)
