"""Traces: they agree with the scores, and with GPT-2 written anew in NumPy and float64."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save

from server.commands.passages import BUNDLED_PASSAGES
from server.domain.inside.parts import PartKind
from server.domain.inside.position import InsidePosition
from server.domain.inside.small import of_words_alone, smaller
from server.domain.inside.stories import story_of
from server.domain.inside.trace import Lens, PassageTrace
from server.domain.scores.gap import Reading
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.tokens import Unit
from server.lm.inside.lens_files import read_lens
from server.lm.inside.tracing import PassageTracer
from server.lm.loaded import LoadedModel
from server.lm.score import PassageScorer
from server.lm.source import SHIPPED_LENS, ModelUnavailable
from server.store.inside.blobs import TraceUnreadable, trace_from_blob, trace_to_blob
from tests.lm.inside.by_hand import forward, log_softmax, normed, weights_of

PASSAGES = 3


@pytest.fixture(scope="module")
def tracer(minnow: LoadedModel) -> PassageTracer:
    return PassageTracer(minnow, read_lens(SHIPPED_LENS, minnow.identity)[0])


@pytest.fixture(scope="module")
def traced(minnow: LoadedModel, tracer: PassageTracer) -> list[tuple[PassageScores, PassageTrace]]:
    lines = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()[:PASSAGES]
    texts = [json.loads(line)["text"] for line in lines]
    found = []
    for _, scores in PassageScorer(minnow).score(texts):
        assert isinstance(scores, PassageScores)
        trace = tracer.trace(scores)
        assert isinstance(trace, PassageTrace)
        found.append((scores, trace))
    return found


def test_the_output_is_what_the_scores_say(
    minnow: LoadedModel, traced: list[tuple[PassageScores, PassageTrace]]
) -> None:
    for scores, trace in traced:
        for unit in Unit:
            reading = Reading(scores, minnow.vocabulary, unit)
            for position in scores.asked(unit):
                inside = InsidePosition(trace, reading.at(position))
                last = inside.layers(Lens.FITTED)[-1].target
                stored = scores.target_logprob[position] - scores.log_mass(unit, position)
                assert last.logprob_nats == pytest.approx(float(stored), abs=1e-4)
                assert last.rank == scores.rank(unit, position)


def test_norms_lenses_and_pushes_agree_with_numpy_in_float64(
    minnow: LoadedModel, tracer: PassageTracer, traced: list[tuple[PassageScores, PassageTrace]]
) -> None:
    weights = weights_of(minnow.model)
    gain, bias, head = weights["ln_f.weight"], weights["ln_f.bias"], weights["wte.weight"]
    maps, shifts = (a.double().numpy() for a in (tracer._lens.maps, tracer._lens.shifts))
    scores, trace = traced[0]
    words = list(minnow.vocabulary.word_ids)
    ids = [minnow.beginning_id, *scores.token_ids[: int(trace.positions[-1])].tolist()]
    run = forward(minnow.model, ids)
    lengths = np.linalg.norm(run.residuals[:, trace.positions], axis=2).T
    assert trace.residual_norm == pytest.approx(lengths, rel=1e-4)
    mlp = np.linalg.norm(run.mlps[:, trace.positions], axis=2).T
    assert trace.mlp_norm == pytest.approx(mlp, rel=1e-4)
    for row, position in enumerate(scores.asked(Unit.WORDS)):
        kept = trace.words.kept_ids[row]
        for layer in range(5):
            mapped = run.residuals[layer, position] @ maps[layer] + shifts[layer]
            logits = normed(mapped, gain, bias) @ head.T
            own = log_softmax(logits[words])[[words.index(int(one)) for one in kept]]
            # The trace keeps float16, which has three digits; ranks are exact but for near ties.
            assert trace.words.fitted.logprob[row, layer] == pytest.approx(own, rel=1e-3, abs=1e-3)
            ranks = [(logits[words] > logits[one] + 1e-4).sum() + 1 for one in kept]
            assert np.abs(trace.words.fitted.rank[row, layer] - ranks).max() <= 1
        last = run.residuals[-1, position]
        direction = (head[kept[0]] - head[kept[1]]) * gain
        direction = (direction - direction.mean()) / np.sqrt(last.var() + 1e-5)
        added = [run.residuals[0, position]]
        for layer in range(5):
            added += [*run.heads[layer, :, position], run.biases[layer]]
            added.append(run.mlps[layer, position])
        by_hand = [*(one @ direction for one in added), bias @ (head[kept[0]] - head[kept[1]])]
        assert trace.words.push[row] == pytest.approx(np.array(by_hand), abs=1e-4)
        logits = normed(last, gain, bias) @ head.T
        difference = logits[kept[0]] - logits[kept[1]]
        assert float(trace.words.push[row].sum()) == pytest.approx(difference, abs=1e-4)


def test_heads_are_kept_with_the_columns_that_they_look_at_most(
    traced: list[tuple[PassageScores, PassageTrace]],
) -> None:
    for _, trace in traced:
        weights = trace.weights.astype(int)
        assert (np.diff(weights, axis=3) <= 0).all()
        assert (weights.sum(axis=3) <= 255 + 4).all()
        ahead = trace.columns > trace.positions[:, None, None, None]
        assert not ahead.any()  # column j is the token j - 1


def test_a_trace_survives_its_blob(traced: list[tuple[PassageScores, PassageTrace]]) -> None:
    for _, trace in traced:
        blob = trace_to_blob(trace)
        again = trace_from_blob(blob)
        assert again.lens == trace.lens
        for name, array in trace.arrays().items():
            assert again.arrays()[name].dtype == array.dtype
            assert np.array_equal(again.arrays()[name], array)
        assert len(blob) < 30_000
        for damaged in (blob[:-20], b"", blob[:10] + b"xxxx" + blob[14:]):
            with pytest.raises(TraceUnreadable):
                trace_from_blob(damaged)


def test_a_small_trace_says_the_same_of_words_and_of_weak_heads_that_nothing_is_kept(
    minnow: LoadedModel, tracer: PassageTracer, traced: list[tuple[PassageScores, PassageTrace]]
) -> None:
    for scores, whole in traced:
        made = tracer.trace(of_words_alone(scores))
        assert isinstance(made, PassageTrace)
        small = trace_from_blob(trace_to_blob(smaller(made)))
        assert not small.keeps(Unit.TOKENS)
        assert len(trace_to_blob(small)) < 0.5 * len(trace_to_blob(whole))
        reading = Reading(scores, minnow.vocabulary, Unit.WORDS)
        for position in scores.asked(Unit.WORDS):
            before, after = (InsidePosition(one, reading.at(position)) for one in (whole, small))
            assert story_of(after) == story_of(before)
            pushes = [one.push for one in before.pushes()]
            assert [one.push for one in after.pushes()] == pytest.approx(pushes, rel=1e-3, abs=1e-4)
            heads = [one for one in before.pushes() if one.part.kind is PartKind.HEAD]
            heads.sort(key=lambda one: one.push)
            for rank, head in enumerate(heads):
                place = head.part.layer or 0, head.part.head or 0
                is_strong = rank < 8 or rank >= len(heads) - 8
                assert after.watched(*place) == (before.watched(*place) if is_strong else None)


def test_a_trace_of_the_first_version_is_read(
    traced: list[tuple[PassageScores, PassageTrace]],
) -> None:
    _, trace = traced[0]
    arrays = trace.arrays()
    assert "heads_kept" not in arrays
    metadata = {"version": "1", "lens": trace.lens}
    again = trace_from_blob(zlib.compress(save(arrays, metadata=metadata), 9))
    assert again.lens == trace.lens
    assert all(np.array_equal(again.arrays()[name], array) for name, array in arrays.items())
    later = zlib.compress(save(arrays, metadata=metadata | {"version": "3"}), 9)
    with pytest.raises(TraceUnreadable, match="of version 3"):
        trace_from_blob(later)


def test_heads_that_are_kept_must_be_told_for_each_head(
    traced: list[tuple[PassageScores, PassageTrace]],
) -> None:
    _, trace = traced[0]
    kept = np.ones(trace.columns.shape[:3], dtype=np.bool_)
    assert replace(trace, heads_kept=kept).keeps(Unit.WORDS)
    for wrong in (kept[:, :, 1:], kept.astype(np.uint8)):
        with pytest.raises(ValueError, match="heads_kept"):
            PassageTrace.from_arrays(trace.arrays() | {"heads_kept": wrong}, trace.lens)


def test_scores_by_another_model_are_not_explained(
    tracer: PassageTracer, traced: list[tuple[PassageScores, PassageTrace]]
) -> None:
    scores, _ = traced[0]
    other = replace(scores, target_logprob=scores.target_logprob - np.float32(0.1))
    with pytest.raises(ModelUnavailable, match="gives other numbers here"):
        tracer.trace(other)
