"""Scores as score files hold them: the same bits, in fewer bytes."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError
from safetensors.numpy import save

from server.domain.text.tokens import Vocabulary
from server.store.scoring.blobs import (
    scores_from_blob,
    scores_to_blob,
    vocabulary_from_blob,
    vocabulary_to_blob,
)
from server.store.scoring.packing import packed, unpacked
from tests.domain.by_hand import scored


def test_what_is_unpacked_is_what_was_packed_bit_for_bit() -> None:
    blob = scores_to_blob(scored())
    assert unpacked(packed(blob)) == blob


def test_scores_written_before_the_mixed_draw_are_still_read() -> None:
    arrays = {n: a for n, a in scored().arrays().items() if not n.startswith("mixed_")}
    read = scores_from_blob(save(arrays, metadata={"precision": "float32"}))
    assert read.mixed_words.size == 0
    assert unpacked(packed(scores_to_blob(read))) == scores_to_blob(read)


def test_a_vocabulary_comes_back_with_what_is_known_of_its_tokens() -> None:
    plain = Vocabulary((b" the", b"\xc3", b"", b" sw"))
    known = plain.with_continued({0: 0.0, 3: 0.94})
    assert vocabulary_from_blob(vocabulary_to_blob(plain)) == plain
    read = vocabulary_from_blob(vocabulary_to_blob(known))
    assert read == known
    assert [read.begins_longer_word(token_id) for token_id in range(4)] == [False] * 3 + [True]
    assert [read.knows_whether_continued(token_id) for token_id in range(4)] == [
        True,
        False,
        False,
        True,
    ]


@given(st.lists(st.floats(width=32), min_size=7, max_size=7))
@example([0.0, -0.0, float("nan"), float("inf"), -float("inf"), -1e-45, -3.4e38])
@settings(max_examples=50)
def test_every_float_comes_back_whatever_its_order(losses: list[float]) -> None:
    numbers = np.array(losses, dtype=np.float32)
    blob = scores_to_blob(scored(target_logprob=numbers, top_logprob=numbers[:, None]))
    assert unpacked(packed(blob)) == blob


def test_packed_scores_compress_to_less_than_two_thirds() -> None:
    """A thousand log-probabilities that fall by small random steps, and as many random tokens."""
    draw = np.random.default_rng(1)
    steps = draw.exponential(0.004, (7, 1_000)).cumsum(axis=1)
    blob = scores_to_blob(
        scored(
            tokens_top_logprob=(-3 - steps).astype(np.float32),
            tokens_top_ids=draw.integers(0, 49_152, (7, 1_000)).astype(np.int32),
        )
    )
    assert len(zlib.compress(packed(blob))) < 0.67 * len(zlib.compress(blob))


@pytest.mark.parametrize("spoilt", [b"", b"\0" * 40, scores_to_blob(scored())])
def test_what_was_never_packed_is_refused(spoilt: bytes) -> None:
    with pytest.raises((SafetensorError, ValueError, KeyError, TypeError)):
        unpacked(spoilt)
