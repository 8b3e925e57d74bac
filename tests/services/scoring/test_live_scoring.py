"""Live scoring's queue and patience, with a model that waits until the test lets it go."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.domain.errors import LiveScoringUnavailable
from server.domain.scores.models import ModelIdentity
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.tokens import Vocabulary
from server.services.scoring.live_scoring import (
    WAITING_TEXTS,
    LiveScoring,
    ModelInside,
    TextScorer,
)
from tests.waiting import PATIENCE_S


class SlowModel:
    """A model that scores once it is let go, and remembers what it was given, and by whom."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.seen: list[str] = []
        self.threads: set[str] = set()
        self.problem: str | None = None
        self.loads = 0
        self.loading = threading.Event()

    identity = ModelIdentity("m", "r", "t", 1, 1)
    vocabulary = Vocabulary(())

    def has_lens(self, name: str, revision: str) -> bool:
        return False

    def stand_in(self) -> tuple[str, str]:
        return "small", "s"

    def why_not(self, name: str, revision: str) -> str | None:
        return self.problem if name == "m" else None

    def load(self, name: str, revision: str) -> TextScorer:
        self.loads += 1
        self.loading.set()
        return self

    def look_into(self, name: str, revision: str) -> ModelInside:
        raise LiveScoringUnavailable("Its inside is not known.")

    def score_text(self, text: str) -> PassageScores:
        self.threads.add(threading.current_thread().name)
        self.begun.set()
        self.let_go.wait(timeout=PATIENCE_S)
        self.seen.append(text)
        if text == "broken":
            raise ZeroDivisionError
        return object()  # type: ignore[return-value]


@pytest.fixture
def model() -> Iterator[SlowModel]:
    model = SlowModel()
    yield model
    model.let_go.set()


def test_texts_are_scored_one_at_a_time_on_a_thread_of_their_own(model: SlowModel) -> None:
    model.let_go.set()
    live = LiveScoring(model)
    with ThreadPoolExecutor(WAITING_TEXTS) as players:
        list(players.map(lambda text: live.score("m", "r", text), "abc"))
    assert sorted(model.seen) == ["a", "b", "c"]
    assert len(model.threads) == 1
    assert threading.current_thread().name not in model.threads


def test_a_full_queue_refuses_kindly_and_has_room_again_later(model: SlowModel) -> None:
    live = LiveScoring(model)
    with ThreadPoolExecutor(1 + WAITING_TEXTS) as players:
        waiting = [players.submit(live.score, "m", "r", "x") for _ in range(1 + WAITING_TEXTS)]
        model.begun.wait(timeout=PATIENCE_S)
        while live._places._value:  # until all of them wait
            threading.Event().wait(0.01)
        with pytest.raises(LiveScoringUnavailable, match="Several texts are waiting") as caught:
            live.score("m", "r", "one too many")
        assert caught.value.retry_after_s
        model.let_go.set()
        assert all(future.result(timeout=PATIENCE_S) for future in waiting)
    assert live.score("m", "r", "later")
    assert "one too many" not in model.seen


def test_patience_ends_and_what_nobody_waits_for_is_not_scored(model: SlowModel) -> None:
    live = LiveScoring(model, patience_s=0.05)
    for text in ("running", "given up in the queue"):
        with pytest.raises(LiveScoringUnavailable, match="try again in") as caught:
            live.score("m", "r", text)
        assert caught.value.retry_after_s
    model.let_go.set()
    live._patience_s = 10
    live.score("m", "r", "later")
    assert model.seen == ["running", "later"]


def test_a_failure_frees_its_place(model: SlowModel) -> None:
    model.let_go.set()
    live = LiveScoring(model)
    for _ in range(2 + WAITING_TEXTS):
        with pytest.raises(ZeroDivisionError):
            live.score("m", "r", "broken")


def test_a_model_that_is_not_here_is_never_loaded(model: SlowModel) -> None:
    model.problem = "It is elsewhere."
    with pytest.raises(LiveScoringUnavailable, match="It is elsewhere"):
        LiveScoring(model).score("m", "r", "x")
    assert model.seen == []


def test_where_the_playing_model_is_elsewhere_another_one_reads(model: SlowModel) -> None:
    assert LiveScoring(model).reader("m", "r") == ("m", "r")
    model.problem = "It is elsewhere."
    assert LiveScoring(model).reader("m", "r") == ("small", "s")


class NeverLoaded(SlowModel):
    """A model that takes as long to load as the test wants, and then cannot be read."""

    def load(self, name: str, revision: str) -> TextScorer:
        super().load(name, revision)
        self.let_go.wait(timeout=PATIENCE_S)
        raise LiveScoringUnavailable("It cannot be read.")


def test_a_model_is_loaded_ahead_once_and_nobody_waits_for_it() -> None:
    model = NeverLoaded()
    live = LiveScoring(model)
    for _ in range(3):
        live.load_ahead("m", "r")  # returns while the model is still being loaded
    assert model.loading.wait(timeout=PATIENCE_S)
    assert not model.let_go.is_set()
    assert (model.loads, live._places._value) == (1, 1 + WAITING_TEXTS)
    model.let_go.set()
    with pytest.raises(LiveScoringUnavailable, match="It cannot be read"):
        live.score("m", "r", "told to whoever sends a text")
    assert model.loads == 2


def test_a_model_that_is_not_here_is_not_loaded_ahead_either(model: SlowModel) -> None:
    model.problem = "It is elsewhere."
    LiveScoring(model).load_ahead("m", "r")
    assert model.loads == 0
