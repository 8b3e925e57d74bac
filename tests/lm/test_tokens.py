"""Tokens of real and of strange texts, as real tokenizers cut them.

Every document of the OpenWebText sample is looked at by

    OPENWEBTEXT_DOCUMENTS=10000 pytest tests/lm/test_tokens.py
"""

from __future__ import annotations

import lzma
import os
from collections.abc import Iterator
from itertools import accumulate, islice
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.domain.play.rounds import MINIMUM_CONTEXT_TOKENS, asked_positions, shuffled_positions
from server.domain.scores.gap import Reading
from server.domain.scores.passage_scores import PassageScores, TooLong
from server.domain.text.tokens import TokenizedText, Unit
from server.lm.score import PassageScorer
from server.lm.source import BUNDLED_FOLDER, ModelSource, find_source
from server.lm.tokenizing import TokenReader
from server.services.corpus.cutting import cut_at_sentence_ends
from tests.conftest import skip_or_fail
from tests.domain.examples import AWKWARD_TEXTS, FAMILY, texts
from tests.lm.test_score import independent_logprobs

DOCUMENTS = int(os.environ.get("OPENWEBTEXT_DOCUMENTS", "50"))
WINDOW = 256

# The definition of a word position, written down once more and in another language.
WORD = regex.compile(r" \p{L}+(['\u2019]\p{L}+)*")
GOES_ON = regex.compile(
    r"[\p{L}\p{N}\p{M}_\u00ad\u200c\u200d\u2060]|['\u2019\-\u2010\u2011.@][\p{L}\p{N}]"
)
few = settings(max_examples=25)
strange = st.lists(
    texts
    | st.sampled_from([FAMILY, "e\u0301", " שלום", "\t", "\r\n", "\0", " it's", " well-known"]),
    max_size=30,
).map("".join)


@pytest.fixture(scope="module", params=["bundled", "gpt2"])
def reader(request: pytest.FixtureRequest) -> TokenReader:
    """Each real tokenizer in turn: the bundled one, and GPT-2's own."""
    if request.param == "bundled":
        return TokenReader(find_source("bundled", ""))
    folder = os.environ.get("GPT2_TOKENIZER", "")
    if not Path(folder, "tokenizer.json").is_file():
        skip_or_fail("gpt2-tokenizer", "GPT2_TOKENIZER names no folder with GPT-2's tokenizer.json")
    return TokenReader(ModelSource("gpt2", "", folder, on_hub=False))


def documents() -> Iterator[str]:
    """Yield the sample's documents as they are, lost characters and all."""
    path = Path(os.environ.get("OPENWEBTEXT_SAMPLE", ""))
    if not path.is_file():
        skip_or_fail("openwebtext", "OPENWEBTEXT_SAMPLE names no openwebtext-sample.txt.xz")
    document: list[str] = []
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            if line != "\0\n":
                document.append(line)
                continue
            yield "".join(document).removesuffix("\n")
            document.clear()
    if document:  # no separator stands behind the last one
        yield "".join(document)


def check(text: str, cut: TokenizedText) -> None:
    """Assert all that must hold of a text's tokens, by other means than the code's own."""
    data = text.encode("utf-8")
    assert cut.before(len(cut)) == text
    assert (cut.ends[-1] if cut.ends else 0) == len(data)
    whole = {0, *accumulate(len(character.encode("utf-8")) for character in text)}
    for position, (start, end) in enumerate(zip([0, *cut.ends], cut.ends, strict=False)):
        is_whole = start in whole and end in whole
        token = data[start:end].decode("utf-8") if is_whole else ""
        is_word = bool(WORD.fullmatch(token))
        if is_word:
            is_word = not GOES_ON.match(data[end : end + 16].decode("utf-8", errors="ignore"))
        assert cut.is_word_position(position) is is_word, (position, token)
        assert is_whole or not cut.eligible(Unit.TOKENS, position)
    for unit in Unit:
        for position in asked_positions(shuffled_positions(cut, unit, ("a", "draw", unit))):
            target = cut.whole_text(position)
            assert position >= MINIMUM_CONTEXT_TOKENS
            assert target
            assert cut.before(position) + target + cut.after(position) == text


def test_every_document_of_openwebtext_is_cut_right(reader: TokenReader) -> None:
    checked = 0
    for text in islice(documents(), DOCUMENTS):
        check(text, reader.tokenized(text))
        checked += 1
    assert checked == DOCUMENTS


@given(strange)
@example("".join(AWKWARD_TEXTS))
@few
def test_strange_texts_are_cut_right(reader: TokenReader, text: str) -> None:
    check(text, reader.tokenized(text))


@pytest.mark.parametrize(
    "unit", ["x", "...", "word ", FAMILY, "漢字", " שלום", "e\u0301", " it's\t", "\r\n", "\0", " "]
)
def test_a_line_of_a_hundred_thousand_characters_is_cut_right(
    reader: TokenReader, unit: str
) -> None:
    text = unit * (100_000 // len(unit))
    cut = reader.tokenized(text)
    assert cut.before(len(cut)) == text
    check(unit * 500, reader.tokenized(unit * 500))


def test_documents_longer_than_the_window_are_whole_in_parts(reader: TokenReader) -> None:
    for text in islice(documents(), 10):
        parts = cut_at_sentence_ends(text, WINDOW, reader.count_tokens)
        assert "".join("".join(parts).split()) == "".join(text.split())
        for part in parts:
            cut = reader.tokenized(part)
            assert len(cut) <= WINDOW
            check(part, cut)


def test_a_passage_longer_than_the_window_is_scored_in_parts(scorer: PassageScorer) -> None:
    window = scorer.identity.window_tokens
    text = " ".join(f"On day {day} the ferry was late, and nobody said why." for day in range(30))
    assert list(scorer.score([text])) == [(0, TooLong(scorer.count_tokens(text)))]
    parts = cut_at_sentence_ends(text, window, scorer.count_tokens)
    assert " ".join(parts) == text
    for index, scores in scorer.score(parts):
        assert isinstance(scores, PassageScores)
        check(parts[index], Reading(scores, scorer.vocabulary, Unit.TOKENS).text)
        assert len(scores.token_ids) <= window


@pytest.mark.parametrize("which", ["checkpoint", "bundled"])
def test_told_that_a_word_comes_the_words_share_all_probability(
    which: str, checkpoint: Path, scorer: PassageScorer, request: pytest.FixtureRequest
) -> None:
    """Over all word tokens, exp(raw − word_log_mass) sums to 1 at every position."""
    folder = checkpoint if which == "checkpoint" else BUNDLED_FOLDER
    speaking = scorer if which == "checkpoint" else request.getfixturevalue("bundled_scorer")
    text = "Nobody at the station knew when the next train would leave, if it left at all."
    ((_, scores),) = speaking.score([text])
    assert isinstance(scores, PassageScores)
    logprobs, _ = independent_logprobs(folder, text)
    words = logprobs[:, list(speaking.vocabulary.word_ids)].double().numpy()
    shares = np.exp(words - scores.word_log_mass[:, None]).sum(axis=1)
    np.testing.assert_allclose(shares, 1, atol=1e-3)
