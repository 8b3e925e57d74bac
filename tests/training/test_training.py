"""Training goes down, goes on where it stopped, and is measured right."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from server.lm.load import load_model
from server.lm.score import PassageScorer
from server.lm.source import find_source
from training.evaluate import measure
from training.suggest import examples
from training.train import Batches, Recipe, Trainer, begin_with, train

# torch's compiler imports a part of torch that torch itself has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")

TINY = Recipe(
    steps=12,
    vocabulary=64,
    window=16,
    short_window=8,
    width=16,
    layers=1,
    heads=2,
    windows_per_step=4,
    warmup_steps=2,
    decay_steps=6,
    always_counted=16,
    whole_steps=3,
)


@pytest.fixture(autouse=True)
def without_a_compiler() -> Iterator[None]:
    with torch.compiler.set_stance("force_eager"):
        yield


@pytest.fixture
def batches() -> Batches:
    tokens = np.tile(np.arange(64, dtype=np.uint16), 200)
    return Batches(tokens, TINY)


def test_a_batch_depends_on_its_step_alone(batches: Batches) -> None:
    later = Batches(np.tile(np.arange(64, dtype=np.uint16), 200), TINY)
    for step in (0, 5, 400):
        for mine, theirs in zip(batches.at(step), later.at(step), strict=True):
            assert torch.equal(mine, theirs)
    inputs, targets = batches.at(3)
    assert torch.equal((inputs + 1) % 64, targets)
    assert not torch.equal(inputs, batches.at(4)[0])


def test_windows_are_short_until_the_last_steps(batches: Batches) -> None:
    shapes = [batches.at(step)[0].shape for step in (8, 9)]
    assert shapes == [(8, 8), (4, 16)]
    inputs, targets = batches.at(8)
    assert torch.equal((inputs + 1) % 64, targets)


def test_the_last_steps_count_the_whole_vocabulary(batches: Batches) -> None:
    exact, sampled = (
        Trainer(replace(TINY, whole_steps=steps), batches) for steps in (TINY.steps, 0)
    )
    inputs, targets = batches.at(0)
    logits = exact.model(inputs).logits.flatten(0, 1)
    loss = torch.nn.functional.cross_entropy(logits, targets.flatten()).item()
    assert exact.train_step() == pytest.approx(loss, abs=1e-5)
    assert sampled.train_step() != pytest.approx(loss, abs=1e-5)


def test_a_model_goes_on_with_a_longer_window(batches: Batches, tmp_path: Path) -> None:
    first = Trainer(TINY, batches)
    first.train_step()
    first.model.save_pretrained(tmp_path)
    longer = Trainer(replace(TINY, window=24), batches)
    begin_with(longer.model, tmp_path)
    inputs, _ = batches.at(10)
    with torch.no_grad():
        before, after = (trainer.model(inputs).logits for trainer in (first, longer))
    torch.testing.assert_close(before, after)
    places = longer.model.transformer.wpe.weight
    assert len(places) == 24
    assert torch.equal(places[20], places[15])


def test_the_rate_warms_up_stays_and_falls_to_zero() -> None:
    recipe = Recipe(steps=1000, decay_steps=600, warmup_steps=100)
    assert recipe.rate_share(0) == 0.01
    assert recipe.rate_share(100) == recipe.rate_share(400) == 1.0
    assert recipe.rate_share(700) == 0.5
    assert recipe.rate_share(1000) == 0.0


def test_the_loss_falls(batches: Batches) -> None:
    trainer = Trainer(TINY, batches)
    losses = [trainer.train_step() for _ in range(TINY.steps)]
    assert losses[0] == pytest.approx(math.log(64), abs=0.3)
    assert losses[-1] < losses[0] - 0.2


def test_in_bfloat16_the_loss_falls_alike(batches: Batches) -> None:
    recipe = replace(TINY, bfloat16=True)
    exact, rounded = Trainer(TINY, batches), Trainer(recipe, batches)
    for _ in range(TINY.steps):
        losses = exact.train_step(), rounded.train_step()
    assert losses[1] == pytest.approx(losses[0], abs=0.05)


def test_until_the_rate_falls_a_run_does_not_depend_on_its_length(batches: Batches) -> None:
    short, long = (Trainer(replace(TINY, steps=steps), batches) for steps in (12, 20))
    same = [short.train_step() == long.train_step() for _ in range(TINY.steps - TINY.decay_steps)]
    assert all(same)


def test_suggestions_are_shown_with_what_the_author_wrote(bundled_scorer: PassageScorer) -> None:
    document = "The ferry was late, so we sat on the wall and ate what was left of the bread. " * 4
    (example,) = examples(bundled_scorer, [document.strip()], "a seed")
    assert f"{example.context} {example.target}" in document
    assert len(set(example.suggestions)) == 5
    assert examples(bundled_scorer, ["Too short."], "a seed") == []


def test_a_resumed_run_ends_where_an_unbroken_one_does(batches: Batches, tmp_path: Path) -> None:
    unbroken = Trainer(TINY, batches)
    for _ in range(5):
        unbroken.train_step()
    unbroken.save_checkpoint(tmp_path / "checkpoint.pt")
    resumed = Trainer(TINY, batches)
    resumed.load_checkpoint(tmp_path / "checkpoint.pt")
    for trainer in (unbroken, resumed):
        train(trainer, tmp_path)
    assert unbroken.step == resumed.step == TINY.steps
    for mine, theirs in zip(unbroken.model.parameters(), resumed.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_the_measured_loss_is_transformers_own(checkpoint: Path) -> None:
    text = "The ferry was late again, so we sat on the wall and ate the bread."
    measured = measure(load_model(find_source(str(checkpoint), "")), [text], stride=64)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer(text)["input_ids"]]])
    with torch.no_grad():
        loss = model(ids, labels=ids).loss.item()
    assert measured.loss_nats_per_token == pytest.approx(loss, abs=1e-4)
    assert measured.tokens == ids.shape[1] - 1
    bits = loss / math.log(2) * measured.tokens
    assert measured.bits_per_byte == pytest.approx(bits / len(text), abs=1e-4)


def test_windows_that_overlap_measure_every_token_once(checkpoint: Path) -> None:
    loaded = load_model(find_source(str(checkpoint), ""))
    text = "Nobody at the station knew when the next train to Leeds would leave. " * 12
    apart, overlapping = (measure(loaded, [text], stride=stride) for stride in (64, 32))
    assert apart.tokens == overlapping.tokens > 64
    assert apart.word_positions == overlapping.word_positions
