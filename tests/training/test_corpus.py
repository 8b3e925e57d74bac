"""The training text: repaired, cut into documents, and split."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.examples import AWKWARD_TEXTS, also, texts
from training.corpus import VALIDATION_DOCUMENTS, read_documents, repaired, split_documents

LOST = "\ufffd\ufffd"
lossy_texts = st.text(alphabet="\ufffd ab1.,\"'()-\n", max_size=40) | texts


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        (f"isn{LOST}t", "isn't"),
        (f"the dog{LOST}s tail", "the dog's tail"),
        (f"we{LOST}ll see", "we'll see"),
        (f"O{LOST}Brien", "O'Brien"),
        ("isn\ufffdt", "isn't"),
        (f"1914{LOST}1918", "1914-1918"),
        (f"this {LOST} or that", "this - or that"),
        (f"{LOST}Good{LOST}, he said", '"Good", he said'),
        (f"he said {LOST}good.{LOST}", 'he said "good."'),
        (f"({LOST}so called{LOST})", '("so called")'),
        (f"really?{LOST} she asked", 'really?" she asked'),
        (f"{LOST}", ""),
        (f"a line\n{LOST}\nanother", "a line\n\nanother"),
    ],
)
def test_lost_characters_are_guessed_from_their_neighbours(broken: str, whole: str) -> None:
    assert repaired(broken) == whole


@given(lossy_texts)
def test_no_lost_character_remains_and_a_second_repair_changes_nothing(text: str) -> None:
    once = repaired(text)
    assert "\ufffd" not in once
    assert repaired(once) == once


@also([text for text in AWKWARD_TEXTS if "\ufffd" not in text])
@given(lossy_texts.map(lambda text: text.replace("\ufffd", "")))
def test_a_text_that_lost_nothing_stays_as_it_is(text: str) -> None:
    assert repaired(text) == text


@given(lossy_texts)
def test_what_was_not_lost_is_kept(text: str) -> None:
    kept = iter(repaired(text))
    assert all(character in kept for character in text if character != "\ufffd")


SAMPLE = f"First isn{LOST}t last. \n\0\n\n\0\nSecond\r\nline\0.\n\0\n {LOST} \n\0\nThird.\n\0\n"
DOCUMENTS = ["First isn't last.", "Second\r\nline\0.", "-", "Third."]


def test_documents_are_read_in_order_without_the_empty_ones(tmp_path: Path) -> None:
    path = tmp_path / "sample.txt"
    path.write_bytes(SAMPLE.encode("utf-8"))
    assert read_documents(path) == DOCUMENTS


def test_a_packed_sample_is_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "sample.txt.xz"
    path.write_bytes(lzma.compress(SAMPLE.encode("utf-8")))
    assert read_documents(path) == DOCUMENTS


@pytest.mark.parametrize("count", [0, 1, 200, 201, 1_000])
def test_the_last_two_hundred_documents_are_never_trained_on(count: int) -> None:
    documents = [f"document {index}" for index in range(count)]
    training, validation = split_documents(documents)
    assert training + validation == documents
    assert len(validation) == min(count, VALIDATION_DOCUMENTS) == min(count, 200)
