"""A player's own text, and the windows a long one is read in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.play.own_texts import read_own_text
from server.domain.text.tokens import windows


@given(tokens=st.integers(1, 600), size=st.integers(1, 64))
def test_windows_score_every_token_once_and_never_exceed_the_model(tokens: int, size: int) -> None:
    scored: list[int] = []
    for window in windows(tokens, size):
        assert 0 <= window.start <= window.kept < window.stop <= tokens
        assert window.stop - window.start <= size
        # Behind the first window each token has at least half a window of context.
        assert window.kept == 0 or window.kept - window.start >= size // 2 or size == 1
        scored.extend(range(window.kept, window.stop))
    assert scored == list(range(tokens))


def test_a_text_within_the_window_is_read_in_one() -> None:
    assert len(list(windows(256, 256))) == 1
    assert len(list(windows(257, 256))) == 2


def test_outer_white_space_goes_and_line_ends_become_plain() -> None:
    assert read_own_text(" \r\n One\r\ntwo\rthree \n").text == "One\ntwo\nthree"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Short and\n sweet.", "Short and sweet."),
        ("A sentence that goes on for longer than forty characters.",
         "A sentence that goes on for longer than…"),
        ("x" * 50, "x" * 40 + "…"),
    ],
)  # fmt: skip
def test_its_title_is_its_first_words(text: str, title: str) -> None:
    assert read_own_text(text).title == title


def test_equal_texts_of_two_players_and_of_the_game_stay_apart() -> None:
    import hashlib

    own = read_own_text("The same text.")
    plain = hashlib.sha256(own.text.encode()).hexdigest()
    assert len({own.content_hash("alice"), own.content_hash("bob"), plain}) == 3
    assert own.content_hash("alice") == read_own_text(" The same text.\n").content_hash("alice")
