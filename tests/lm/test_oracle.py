"""Models play as people through the real services, and what they really lose is recovered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.oracle.answers import Answers
from benchmarks.oracle.places import (
    Places,
    all_places,
    cut_into_tokens,
    reading_all,
    reference_of,
)
from benchmarks.oracle.play import Mind, Table, opened, prepare, words_by_number
from benchmarks.oracle.players import ModelPlayer, the_reference, with_short_memory
from benchmarks.oracle.repeated import Studies
from benchmarks.oracle.rows import exported_rows
from benchmarks.oracle.strangers import by_subject, independent
from server.domain.play.betting import target_answer_logprob
from server.domain.scores.gap import Reading
from server.domain.scores.models import BUNDLED
from server.domain.scores.passage_scores import Form, PassageScores
from server.domain.study.analysis import Analysis, analyse
from server.domain.text.tokens import Unit
from server.lm.load import load_model
from server.lm.loaded import LoadedModel
from server.lm.source import find_source

PASSAGES = 2
REFERENCE_WITHIN_NATS = 0.1
WEAK_PLAYER_WITHIN_NATS = 0.4  # two passages


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load_model(find_source(BUNDLED, ""))


@pytest.fixture(scope="module")
def texts(played_passages: Path) -> list[str]:
    lines = played_passages.read_text(encoding="utf-8").splitlines()[:PASSAGES]
    return [json.loads(line)["text"] for line in lines]


@pytest.fixture(scope="module")
def scores(bundled_scorer: Any, texts: list[str]) -> list[PassageScores]:
    outcomes = dict(bundled_scorer.score(texts))
    return [outcomes[index] for index in range(PASSAGES)]


@pytest.fixture(scope="module")
def places(texts: list[str], scores: list[PassageScores], loaded: LoadedModel) -> Places:
    return all_places(texts, scores, loaded)


@pytest.fixture(scope="module")
def reference(loaded: LoadedModel, scores: list[PassageScores], places: Places) -> ModelPlayer:
    return the_reference(reference_of(reading_all(loaded, scores, places), loaded))


Play = Callable[[ModelPlayer], Analysis]


@pytest.fixture
def play(
    tmp_path: Path,
    played_passages: Path,
    bundled_scorer: Any,
    loaded: LoadedModel,
    texts: list[str],
    places: Places,
) -> Play:
    """Let a player of this kind bet on two passages, and judge the duels of their tails."""

    def played(player: ModelPlayer) -> Analysis:
        few, database = tmp_path / "few.jsonl", tmp_path / "few.sqlite3"
        lines = played_passages.read_text(encoding="utf-8").splitlines()[:PASSAGES]
        few.write_text("\n".join(lines) + "\n", encoding="utf-8")
        prepare(database, few, bundled_scorer)
        rows = {
            (texts[passage], int(position)): row
            for row, (passage, position) in enumerate(
                zip(places.passage, places.position, strict=True)
            )
        }
        vocabulary = loaded.vocabulary
        mind = Mind(player, Answers.EXACT, rows, vocabulary, words_by_number(vocabulary))
        with opened(database) as session:
            table = Table(session, loaded.identity, mind)
            table.bet_everywhere()
            table.judge_everywhere(Form.TAIL)
            return analyse(exported_rows(session), reference=loaded.identity.name)

    return played


def true_loss_where_asked(player: ModelPlayer, places: Places) -> float:
    return player.true_loss(places, np.flatnonzero(places.asked))


def test_what_the_players_know_is_what_the_service_scored(
    scores: list[PassageScores], places: Places, reference: ModelPlayer, loaded: LoadedModel
) -> None:
    readings = [Reading(each, loaded.vocabulary, Unit.WORDS) for each in scores]
    rows = np.flatnonzero(places.asked)
    known = reference.logprob[rows, places.target[rows]]
    scored = [
        target_answer_logprob(readings[places.passage[row]].at(int(places.position[row])))
        for row in rows
    ]
    np.testing.assert_allclose(known, scored, atol=1e-3)


def test_the_reference_playing_itself_recovers_its_own_loss(
    play: Play, reference: ModelPlayer, places: Places
) -> None:
    found, truth = play(reference), true_loss_where_asked(reference, places)
    assert found.bets is not None
    assert found.headline is not None
    assert found.bets.loss_nats.value == pytest.approx(truth, abs=2e-3)
    # Rivals are half by frequency, so eight of a question tell its tail with some chance.
    assert found.headline.loss_nats.value == pytest.approx(truth, abs=REFERENCE_WITHIN_NATS)
    assert found.headline.tail_questions >= 12


def test_a_weaker_player_s_headline_is_near_its_true_loss(
    play: Play,
    loaded: LoadedModel,
    scores: list[PassageScores],
    places: Places,
    reference: ModelPlayer,
) -> None:
    weak = with_short_memory(loaded, scores, places)
    truth = true_loss_where_asked(weak, places)
    assert truth > true_loss_where_asked(reference, places)
    found = play(weak)
    assert found.headline is not None
    assert abs(found.headline.loss_nats.value - truth) < WEAK_PLAYER_WITHIN_NATS


def test_studies_from_tables_recover_the_reference_too(
    loaded: LoadedModel, scores: list[PassageScores], places: Places
) -> None:
    reference = reference_of(reading_all(loaded, scores, places), loaded)
    row = Studies(places, reference).repeat(the_reference(reference), Answers.EXACT, times=5)
    for name, found in row.estimates.items():
        # Passages are drawn anew, so the mean differs from the truth; of both it is the same.
        within = REFERENCE_WITHIN_NATS if name in ("headline", "tail_model") else 2e-3
        assert found.mean == pytest.approx(row.estimates["bets"].mean, abs=within)
    assert row.estimates["headline"].held == 5


def test_a_stranger_with_the_same_weights_is_the_reference(
    loaded: LoadedModel, scores: list[PassageScores], places: Places
) -> None:
    reference = reference_of(reading_all(loaded, scores, places), loaded)
    same = independent("itself", loaded, loaded, scores, places, reference)
    np.testing.assert_allclose(same.logprob, reference.logprob, atol=1e-3)


def test_passages_are_cut_into_the_tokens_that_are_scored(
    loaded: LoadedModel, texts: list[str], scores: list[PassageScores]
) -> None:
    for cut, passage in zip(cut_into_tokens(texts, loaded), scores, strict=True):
        assert cut.token_ids.tolist() == passage.token_ids.tolist()
        assert cut.token_ends.tolist() == passage.token_ends.tolist()


def test_who_knows_some_subjects_is_well_read_there_alone(places: Places) -> None:
    shape = (places.target.size, 3)
    good, bad = ModelPlayer("good", np.zeros(shape)), ModelPlayer("bad", np.ones(shape))
    knows = places.passage == 0
    mixed = by_subject(good, bad, knows)
    assert (mixed.logprob[knows] == 0).all()
    assert (mixed.logprob[~knows] == 1).all()
