"""Lower precision, and compiled layers, beside plain float32."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from server.domain.scores.models import Precision
from server.lm import forward
from server.lm.load import load_model
from server.lm.score import PassageScorer
from server.lm.source import ModelUnavailable, find_source
from tests.conftest import skip_or_fail
from tests.lm.test_score import TEXTS, score


def test_bfloat16_changes_the_loss_little_and_says_so(
    checkpoint: Path, scorer: PassageScorer
) -> None:
    lower = PassageScorer(load_model(find_source(str(checkpoint), "")), Precision.BFLOAT16)
    here, there = score(scorer, TEXTS), score(lower, TEXTS)
    assert {one.precision for one in here} == {Precision.FLOAT32}
    assert {one.precision for one in there} == {Precision.BFLOAT16}
    pairs = zip(here, there, strict=True)
    change = np.concatenate([two.target_logprob - one.target_logprob for one, two in pairs])
    assert abs(change.mean()) <= 0.005
    assert 0 < np.abs(change).max() < 0.2


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's own
def test_a_compiled_model_scores_as_the_plain_one(checkpoint: Path, scorer: PassageScorer) -> None:
    if not os.environ.get("COMPILE"):
        skip_or_fail("compile", "COMPILE is not set, and compiling takes a minute")
    loaded = load_model(find_source(str(checkpoint), ""))
    compiled = score(PassageScorer(loaded, compiled=True), TEXTS)
    for here, there in zip(score(scorer, TEXTS), compiled, strict=True):
        np.testing.assert_allclose(here.target_logprob, there.target_logprob, atol=1e-4)
        np.testing.assert_allclose(here.entropy_nats, there.entropy_nats, atol=1e-3)


@pytest.mark.parametrize(
    ("wanted", "passages", "able", "chosen"),
    [
        (None, 10_000, True, Precision.BFLOAT16),
        (None, 10_000, False, Precision.FLOAT32),
        (None, 10, True, Precision.FLOAT32),
        (Precision.FLOAT32, 10_000, True, Precision.FLOAT32),
        (Precision.BFLOAT16, 10, False, Precision.BFLOAT16),
    ],
)
def test_precision_is_lowered_by_itself_only_where_that_pays(
    monkeypatch: pytest.MonkeyPatch,
    wanted: Precision | None,
    passages: int,
    able: bool,
    chosen: Precision,
) -> None:
    monkeypatch.setattr(forward, "multiplies_bfloat16", lambda: able)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert forward.chosen_precision(wanted, passages) is chosen


def test_bfloat16_without_a_compiler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ModelUnavailable, match="compiler"):
        forward.chosen_precision(Precision.BFLOAT16, 10_000)
