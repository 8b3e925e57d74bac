"""Scores, held against transformers' own loss and against plain torch."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool
from transformers import AutoModelForCausalLM, AutoTokenizer

from server.domain.play.guessing import can_be_answered
from server.domain.scores.gap import Reading
from server.domain.scores.passage_scores import (
    RIVAL_TABLES,
    Form,
    PassageScores,
    TooLong,
)
from server.domain.scores.unigram import unigram
from server.domain.text.passages import Passage
from server.domain.text.tokens import Unit, Vocabulary, is_word_token
from server.lm.load import load_model
from server.lm.score import PassageScorer
from server.lm.source import BUNDLED_FOLDER, find_source
from server.services.scoring.scoring import has_unscored, score_all
from server.store.engine import configure, writing
from server.store.passages import add_passages
from server.store.scoring.scores import find_scored, load_scores, models_by_id
from server.store.tables import Base
from tests.lm.conftest import write_checkpoint

Logprobs = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_OF_RIVALS = ("rival_logprob", "rival_drawn_logprob")

TEXTS = [
    "The ferry was late again, so we sat on the wall and ate what was left of the bread.",
    "Nobody at the station knew when the next train to Leeds would leave, if it left at all. "
    "A man with two dogs said he had waited since six, and that the dogs did not mind.",
    "Short text here.",
    "Añejo café \U0001f469\u200d\U0001f373 e\u0301 \u05e9\u05dc\u05d5\u05dd\ttab\n\n"
    "line <|endoftext|> done",
]


def score(scorer: PassageScorer, texts: list[str]) -> list[PassageScores]:
    outcomes = dict(scorer.score(texts))
    scores = [outcomes[index] for index in range(len(texts))]
    assert all(isinstance(one, PassageScores) for one in scores)
    return scores  # type: ignore[return-value]


@pytest.fixture(scope="module")
def scored(scorer: PassageScorer) -> list[PassageScores]:
    return score(scorer, TEXTS)


def independent_logprobs(checkpoint: Path, text: str) -> tuple[torch.Tensor, list[int]]:
    """Log-probabilities, (tokens, vocabulary), by a plain forward pass of one text alone."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    with torch.no_grad():
        logits = model(torch.tensor([[tokenizer.bos_token_id, *ids]])).logits[0, :-1]
    return torch.log_softmax(logits, dim=-1), ids


@pytest.mark.parametrize("index", range(len(TEXTS)))
def test_target_log_probabilities_are_transformers_own_loss(
    checkpoint: Path, scored: list[PassageScores], index: int
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    ids = torch.tensor([[tokenizer.bos_token_id, *scored[index].token_ids.tolist()]])
    with torch.no_grad():
        loss = model(ids, labels=ids).loss.item()
    assert -scored[index].target_logprob.mean() == pytest.approx(loss, abs=1e-4)


@pytest.mark.parametrize("index", range(len(TEXTS)))
def test_every_position_agrees_with_a_plain_forward_pass(
    checkpoint: Path, scorer: PassageScorer, scored: list[PassageScores], index: int
) -> None:
    logprobs, ids = independent_logprobs(checkpoint, TEXTS[index])
    scores, rows = scored[index], torch.arange(len(ids))
    targets = logprobs[rows, ids]
    word_ids = [i for i in range(len(scorer.vocabulary)) if is_word(scorer, i)]
    words = logprobs[:, word_ids]
    np.testing.assert_allclose(scores.target_logprob, targets, atol=1e-4)
    np.testing.assert_allclose(scores.word_log_mass, words.logsumexp(1), atol=1e-4)
    entropy = torch.distributions.Categorical(logits=logprobs).entropy()
    np.testing.assert_allclose(scores.entropy_nats, entropy, atol=1e-3)
    np.testing.assert_allclose(
        scores.top_logprob, logprobs.sort(dim=1, descending=True)[0][:, :10], atol=1e-4
    )
    ordered = logprobs.argsort(dim=1, descending=True, stable=True).tolist()
    for position, target in enumerate(ids):
        assert abs(ordered[position].index(target) + 1 - scores.target_rank[position]) <= 1
        if target in word_ids:
            better = int((words[position] > logprobs[position, target]).sum())
            assert abs(better + 1 - scores.word_rank[position]) <= 1
        else:
            assert scores.word_rank[position] == 0


def is_word(scorer: PassageScorer, token_id: int) -> bool:
    text = scorer.vocabulary.text(token_id)
    return "\ufffd" not in text and is_word_token(text)


def test_scoring_in_batches_equals_scoring_one_by_one(
    scorer: PassageScorer, scored: list[PassageScores]
) -> None:
    for text, together in zip(TEXTS, scored, strict=True):
        (alone,) = score(scorer, [text])
        for name, array in together.arrays().items():
            if array.dtype.kind == "f" and not name.endswith(_OF_RIVALS):
                np.testing.assert_allclose(array, alone.arrays()[name], atol=1e-4, err_msg=name)
        for name in ("token_ids", "asked_words", "asked_tokens", "words_tail.positions"):
            np.testing.assert_array_equal(together.arrays()[name], alone.arrays()[name], name)
        # A draw that falls between two tokens may go either way by the last bit of a sum.
        for unit, form in RIVAL_TABLES:
            drawn = together.rivals(unit, form).rival_ids, alone.rivals(unit, form).rival_ids
            assert (drawn[0] != drawn[1]).sum() <= 2


def test_texts_score_the_same_however_few_are_measured_together(
    scorer: PassageScorer, scored: list[PassageScores], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.lm.score._ROWS_KEPT", 1)
    for here, there in zip(scored, score(scorer, TEXTS), strict=True):
        for name in ("target_logprob", "entropy_nats", "words_top_logprob", "tokens_top_logprob"):
            arrays = here.arrays()[name], there.arrays()[name]
            np.testing.assert_allclose(*arrays, atol=1e-4, err_msg=name)


def test_a_position_never_depends_on_what_follows(scorer: PassageScorer) -> None:
    start = "The ferry was late again, so we sat"
    first, second = score(scorer, [start + " on the wall.", start + " down and counted gulls."])
    shared = len(score(scorer, [start])[0].token_ids)
    assert first.token_ids[:shared].tolist() == second.token_ids[:shared].tolist()
    for name in ("target_logprob", "entropy_nats", "word_log_mass", "top_logprob"):
        ours, theirs = first.arrays()[name][:shared], second.arrays()[name][:shared]
        np.testing.assert_allclose(ours, theirs, atol=1e-5, err_msg=name)


def test_tokens_rejoin_to_the_text_byte_for_byte(
    scorer: PassageScorer, scored: list[PassageScores]
) -> None:
    for text, scores in zip(TEXTS, scored, strict=True):
        whole = Reading(scores, scorer.vocabulary, Unit.TOKENS).text
        assert whole.before(len(whole)) == text
        assert scores.token_ends[-1] == len(text.encode())


def test_gpt2s_own_tokenizer_is_read_to_the_byte(gpt2_tokenized_scorer: PassageScorer) -> None:
    assert len(gpt2_tokenized_scorer.vocabulary) == 50257
    (hello,) = score(gpt2_tokenized_scorer, ["Hello world"])
    assert hello.token_ids.tolist() == [15496, 995]
    for text, scores in zip(TEXTS, score(gpt2_tokenized_scorer, TEXTS), strict=True):
        whole = Reading(scores, gpt2_tokenized_scorer.vocabulary, Unit.TOKENS).text
        assert whole.before(len(whole)) == text


def test_word_probabilities_sum_to_one_under_the_words_rule(
    scorer: PassageScorer, scored: list[PassageScores]
) -> None:
    scores = scored[1]
    for row, position in enumerate(scores.asked_words):
        stored = np.exp(scores.words_top_logprob[row] - scores.word_log_mass[position])
        assert 0 < stored.sum() <= 1 + 1e-5
        everything = min(1000, len(scorer.vocabulary.word_ids))
        assert len(stored) == everything
        assert set(scores.words_top_ids[row].tolist()) <= set(scorer.vocabulary.word_ids)


def test_asked_positions_are_word_positions_behind_the_minimum_context(
    scorer: PassageScorer, scored: list[PassageScores]
) -> None:
    scores = scored[1]
    text = Reading(scores, scorer.vocabulary, Unit.TOKENS).text
    assert len(scores.asked_words) == 12
    assert all(p >= 20 and text.is_word_position(int(p)) for p in scores.asked_words)
    assert all(p >= 20 and text.eligible(Unit.TOKENS, int(p)) for p in scores.asked_tokens)


def test_mixed_positions_are_words_from_each_third_of_the_entropies(
    scorer: PassageScorer, scored: list[PassageScores]
) -> None:
    scores = scored[1]
    text = Reading(scores, scorer.vocabulary, Unit.WORDS).text
    eligible = [p for p in range(20, len(text)) if text.is_word_position(p)]
    ranked = sorted(eligible, key=lambda position: (float(scores.entropy_nats[position]), position))
    mixed = set(scores.mixed_words.tolist())
    assert len(mixed) == 12
    assert [len(mixed & set(third.tolist())) for third in np.array_split(ranked, 3)] == [4, 4, 4]


def test_mixed_positions_have_two_hundred_candidates_that_agree_with_a_plain_forward_pass(
    checkpoint: Path, scorer: PassageScorer, scored: list[PassageScores]
) -> None:
    scores = scored[1]
    logprobs, _ = independent_logprobs(checkpoint, TEXTS[1])
    word_ids = [i for i in range(len(scorer.vocabulary)) if is_word(scorer, i)]
    best = logprobs[:, word_ids].sort(dim=1, descending=True)[0][:, :200]
    np.testing.assert_allclose(scores.mixed_top_logprob, best[scores.mixed_words], atol=1e-4)
    assert set(scores.mixed_top_ids.ravel().tolist()) <= set(word_ids)


def test_a_text_with_fewer_than_twelve_words_to_ask_has_no_mixed_positions(
    scorer: PassageScorer,
) -> None:
    (short,) = score(scorer, ["The ferry was late again, so we sat on the wall and waited."])
    assert short.mixed_words.size == 0
    assert short.mixed_top_ids.shape == (0, 1)


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("unit", Unit)
def test_rivals_are_draws_from_the_models_distribution_and_from_word_frequency(
    checkpoint: Path, scorer: PassageScorer, unit: Unit, form: Form
) -> None:
    logprobs, _ = independent_logprobs(checkpoint, TEXTS[1])
    vocabulary, (scores,) = scorer.vocabulary, score(scorer, [TEXTS[1]])
    rivals = scores.rivals(unit, form)
    assert len(rivals.positions) == 12
    expected, found, variance = 0.0, 0, 0.0
    for row, position in enumerate(rivals.positions):
        at = logprobs[int(position)].double().numpy()
        allowed = np.array([unit is Unit.TOKENS or is_word(scorer, i) for i in range(len(at))])
        mass = answer_masses(vocabulary, unit, at)
        if form is Form.TAIL:
            head = eight_suggestions(vocabulary, unit, at)
            assert scores.token_ids[position] not in head
            allowed[list(head)] = False
        drawn = rivals.rival_ids[row]
        assert allowed[drawn].all()
        np.testing.assert_allclose(rivals.rival_logprob[row], np.log(mass[drawn]), atol=1e-4)
        given = np.where(allowed, np.exp(at), 0) / np.exp(at)[allowed].sum()
        tail = np.exp(at)[allowed].sum()
        if (unit, form) == (Unit.WORDS, Form.TAIL):
            given, of_answer = half_by_frequency(vocabulary, allowed, given)
            named = np.array([scores.token_ids[position], *drawn])
            told = [rivals.target_drawn_logprob[row], *rivals.rival_drawn_logprob[row]]
            np.testing.assert_allclose(told, np.log(of_answer[named] * tail), atol=1e-4)
        else:
            assert rivals.by_model
        likely = np.argsort(-given)[:20]
        share = float(given[likely].sum())
        expected, variance = expected + 16 * share, variance + 16 * share * (1 - share)
        found += int(np.isin(drawn, likely).sum())
    assert abs(found - expected) < 4 * variance**0.5


def half_by_frequency(
    vocabulary: Vocabulary, allowed: BoolArray, given: Logprobs
) -> tuple[Logprobs, Logprobs]:
    """How likely each token is drawn, and its word in any case, if half is by frequency."""
    words = vocabulary.word_answers[allowed]
    mass = np.bincount(words, weights=given[allowed], minlength=vocabulary.answers(Unit.WORDS))
    common = np.zeros(mass.size)
    for i in np.flatnonzero(allowed):
        frequency = math.exp(-unigram().loss_nats(vocabulary.text(int(i))))
        common[vocabulary.word_answers[i]] = frequency
    of_word = (mass / mass.sum() + common / common.sum()) / 2
    of_token = np.zeros(given.size)
    of_token[allowed] = of_word[words] * given[allowed] / mass[words]
    return of_token, of_word[vocabulary.word_answers]


def answer_masses(vocabulary: Vocabulary, unit: Unit, logprobs: Logprobs) -> Logprobs:
    """The probability of each token as an answer: in words, all cases of it together."""
    given = np.exp(logprobs)
    if unit is Unit.TOKENS:
        return given
    ids = [vocabulary.ids_of_word(vocabulary.text(i).strip()) or (i,) for i in range(len(given))]
    return np.array([given[list(same)].sum() for same in ids])


def eight_suggestions(vocabulary: Vocabulary, unit: Unit, logprobs: Logprobs) -> set[int]:
    """The ids that the eight most probable possible answers cover."""
    covered: set[int] = set()
    answers = 0
    for i in np.argsort(-logprobs):
        text = vocabulary.text(int(i))
        possible = "\ufffd" not in text and can_be_answered(text, unit)
        if unit is Unit.WORDS:
            possible = possible and is_word_token(text)
        if possible and int(i) not in covered:
            same = vocabulary.ids_of_word(text.strip()) if unit is Unit.WORDS else (int(i),)
            covered.update(same)
            answers += 1
        if answers == 8:
            break
    return covered


def test_the_same_passage_gets_the_same_rivals(scorer: PassageScorer) -> None:
    (first,), (second,) = score(scorer, [TEXTS[1]]), score(scorer, [TEXTS[1]])
    for unit, form in RIVAL_TABLES:
        ours, theirs = first.rivals(unit, form), second.rivals(unit, form)
        np.testing.assert_array_equal(ours.rival_ids, theirs.rival_ids)


def test_a_text_longer_than_the_window_is_too_long(scorer: PassageScorer) -> None:
    text = "word " * 100
    assert list(scorer.score([text])) == [(0, TooLong(101))]
    assert scorer.count_tokens(text) == 101


def test_nothing_is_asked_of_a_text_shorter_than_the_context(scored: list[PassageScores]) -> None:
    assert scored[2].asked_words.size == 0
    assert scored[2].words_top_ids.shape[0] == 0


def test_models_that_begin_texts_otherwise_are_scored_one_beside_the_other(tmp_path: Path) -> None:
    """Two folders of one name, alike but for the beginning that their tokenizers declare."""
    sources = []
    for folder, beginning in (("first", "<|endoftext|>"), ("second", "<|start|>")):
        tokenizer = AutoTokenizer.from_pretrained(BUNDLED_FOLDER)
        tokenizer.add_special_tokens({"additional_special_tokens": ["<|start|>"]})
        tokenizer.bos_token = beginning
        tokenizer.save_pretrained(tmp_path / folder / "tokenizer")
        checkpoint = tmp_path / folder / "same"
        write_checkpoint(checkpoint, tmp_path / folder / "tokenizer")
        sources.append(find_source(str(checkpoint), ""))
    engine = create_engine("sqlite://", poolclass=StaticPool)
    configure(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        text = "The ferry left before anyone had counted the bicycles on its deck. " * 3
        passage = Passage(text, "A title", "", "", "")
        with writing(session):
            add_passages(session, [passage], datetime.now(UTC))
        for source in sources:
            assert has_unscored(session, source.name, source.revision)
            scored = score_all(session, PassageScorer(load_model(source)), lambda *_: None)
            assert scored.added == 1
        models = {row.beginning: row.id for row in models_by_id(session).values()}
        assert set(models) == {"<|endoftext|>", "<|start|>"}
        losses = []
        for model_id in models.values():
            row = find_scored(session, 1, model_id)
            assert row is not None
            losses.append(load_scores(session, row.id).target_logprob[0])
        assert losses[0] != losses[1]
