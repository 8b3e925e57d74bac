"""Swapping parts of one run into another, in both directions."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from server.domain.errors import InvalidInput
from server.domain.inside.presets import Gate
from server.domain.inside.swaps import Direction, Site, SwapMaps, telling_parts
from server.lm.inside.anatomy import anatomy_of
from server.lm.inside.gates import WORDS, gate_runs
from server.lm.inside.hooks import hooked
from server.lm.inside.swap import Patch, Runs, swap_maps

Read = tuple[PreTrainedModel, list[int]]
ANSWERS = (5, 11)
CHANGED = 6  # the column, of the beginning and the tokens


def runs_of(read: Read) -> Runs:
    """Two texts that differ in one token."""
    model, ids = read
    ids = ids[:14]
    other = [*ids[:CHANGED], ids[CHANGED] + 1, *ids[CHANGED + 1 :]]
    return Runs.of_model(model, ids, other, ANSWERS)


def maps_of(runs: Runs) -> SwapMaps:
    texts = [tuple(str(i) for i in ids[1:].tolist()) for ids in (runs.clean, runs.corrupt)]
    return swap_maps(runs, *texts)


def test_swapping_everything_gives_the_other_run(model_and_ids: Read) -> None:
    runs = runs_of(model_and_ids)
    corrupt, clean = runs.differences(runs.corrupt), runs.differences(runs.clean)
    for layer in range(len(runs.anatomy.layers)):
        everything = [Patch(layer, Site.RESIDUAL)]
        enough = runs.differences(runs.corrupt, runs.traces[0], everything)
        needed = runs.differences(runs.clean, runs.traces[1], everything)
        np.testing.assert_allclose(enough, clean, atol=1e-4)
        np.testing.assert_allclose(needed, corrupt, atol=1e-4)
    assert abs(clean - corrupt) > 0.01


def test_the_differing_column_before_the_first_layer_is_all_there_is(model_and_ids: Read) -> None:
    maps = maps_of(runs_of(model_and_ids))
    for direction in Direction:
        embedding = maps.sites[direction][Site.RESIDUAL][0]
        expected = np.zeros_like(embedding)
        expected[CHANGED - 1] = 1
        np.testing.assert_allclose(embedding, expected, atol=1e-4)


def test_columns_before_the_differing_one_do_nothing(model_and_ids: Read) -> None:
    """Their maps are 0 unasked; here they are really swapped."""
    runs = runs_of(model_and_ids)
    whole = Runs(
        runs.anatomy,
        runs.clean,
        runs.corrupt,
        ANSWERS,
        0,
        lambda given: runs.anatomy.base(input_ids=given).last_hidden_state[:, -1],
        runs.traces,
    )
    before = [
        Patch(layer, site, column)
        for layer in range(len(runs.anatomy.layers))
        for site in Site
        for column in range(CHANGED)
    ]
    unpatched = runs.differences(runs.corrupt)
    patched = whole.differences(runs.corrupt, runs.traces[0], before)
    np.testing.assert_allclose(patched, np.repeat(unpatched, len(before)), atol=1e-4)
    maps = maps_of(runs)
    assert not maps.sites[Direction.ENOUGH][Site.MLP][:, : CHANGED - 1].any()


@pytest.mark.parametrize("site", list(Site))
def test_a_swap_is_what_a_hook_of_its_own_does(model_and_ids: Read, site: Site) -> None:
    """One cell at a time, over the whole text, by a hook that the test writes."""
    model, _ = model_and_ids
    runs = runs_of(model_and_ids)
    layer, column = 1, CHANGED + 2
    parts = anatomy_of(model).layers[layer]
    source = {
        Site.RESIDUAL: runs.traces[0].residuals,
        Site.ATTENTION: runs.traces[0].attention,
        Site.MLP: runs.traces[0].mlp,
    }[site][layer, column]

    def entering(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        inputs[0][0, column] = source

    def leaving(_module: torch.nn.Module, _inputs: Any, output: Any) -> None:
        (output[0] if isinstance(output, tuple) else output)[0, column] = source

    register = {
        Site.RESIDUAL: partial(parts.block.register_forward_pre_hook, entering),
        Site.ATTENTION: partial(parts.attention.register_forward_hook, leaving),
        Site.MLP: partial(parts.mlp.register_forward_hook, leaving),
    }[site]
    with torch.inference_mode(), hooked([register]):
        logits = model(input_ids=runs.corrupt[None]).logits[0, -1]
    expected = float(logits[ANSWERS[0]] - logits[ANSWERS[1]])
    (found,) = runs.differences(runs.corrupt, runs.traces[0], [Patch(layer, site, column)])
    assert found == pytest.approx(expected, abs=1e-4)
    assert found != pytest.approx(float(runs.differences(runs.corrupt)[0]), abs=1e-5)


def test_all_heads_of_a_layer_are_its_attention(model_and_ids: Read) -> None:
    runs = runs_of(model_and_ids)
    heads = [Patch(1, None, head=head) for head in range(runs.anatomy.heads)]
    one_by_one = runs.differences(runs.corrupt, runs.traces[0], heads)
    assert len({round(float(m), 6) for m in one_by_one}) == len(heads)
    seen = runs.traces[0]
    with torch.inference_mode():
        together = runs.anatomy.layers[1].projection(seen.heads[1].flatten(1)[None])[0]
    torch.testing.assert_close(together, seen.attention[1])


def test_two_texts_that_a_model_tells_not_apart_are_refused(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    with pytest.raises(InvalidInput, match="nothing to swap"):
        maps_of(Runs.of_model(model, ids[:9], ids[:9], ANSWERS))


def gate_maps(gate: Gate) -> SwapMaps:
    clean, corrupt = ([WORDS.index(word), WORDS.index(word), 2] for word in ("yes", "no"))
    answers = WORDS.index("yes"), WORDS.index("no")
    return swap_maps(gate_runs(gate, clean, corrupt, answers), ("a", "b", "="), ("a", "b", "="))


def test_each_head_of_an_and_is_needed_and_not_enough() -> None:
    maps = gate_maps(Gate.AND)
    assert (maps.clean_difference, maps.corrupt_difference) == (1, 0)
    assert maps.heads[Direction.ENOUGH].tolist() == [[0, 0]]
    assert maps.heads[Direction.NEEDED].tolist() == [[1, 1]]
    both = telling_parts(maps, enough=False, needed=True)
    assert [(part.site, part.place) for part in both] == [(None, 0), (None, 1)]


def test_each_head_of_an_or_is_enough_and_not_needed() -> None:
    maps = gate_maps(Gate.OR)
    assert maps.heads[Direction.ENOUGH].tolist() == [[1, 1]]
    assert maps.heads[Direction.NEEDED].tolist() == [[0, 0]]
    assert telling_parts(maps, enough=False, needed=True) == []
    assert len(telling_parts(maps, enough=True, needed=False)) == 2


def test_a_gate_s_words_and_its_mlp_tell_the_same() -> None:
    for gate, enough, needed in ((Gate.AND, 0, 1), (Gate.OR, 1, 0)):
        maps = gate_maps(gate)
        words = [maps.sites[direction][Site.RESIDUAL].tolist() for direction in Direction]
        assert words == [[[enough, enough, 0]], [[needed, needed, 0]]]
        for direction in Direction:
            assert maps.sites[direction][Site.MLP].tolist() == [[0, 0, 1]]
