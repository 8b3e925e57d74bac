"""Taking a token from the context: shared prefixes, against whole runs of the model's own."""

from __future__ import annotations

import pytest
import torch
from transformers import PreTrainedModel

from server.domain.errors import InvalidInput
from server.domain.inside.ablation import COLUMNS_A_PIECE, Way
from server.lm.inside.ablation import Ablation
from server.lm.inside.prefix import NEVER, causal_mask

Read = tuple[PreTrainedModel, list[int]]
TARGET, NEUTRAL = 7, 3
SHORT_TEXT = 20  # tokens; of a longer one, read by a larger model, every third is enough


def ablation_of(read: Read) -> Ablation:
    model, ids = read
    return Ablation(model, ids, TARGET, NEUTRAL)


@torch.inference_mode()
def whole_run(read: Read, way: Way, column: int) -> float:
    """Return log p(target) from one run over the whole changed text, sharing nothing."""
    model, ids = read
    given, mask = torch.tensor([ids]), causal_mask(1, len(ids), 0)
    if way is Way.CUT:
        mask[0, 0, column + 1 :, column] = NEVER
    if way is Way.CUT_HERE and column < len(ids) - 1:
        mask[0, 0, -1, column] = NEVER
    if way is Way.NEUTRAL:
        given[0, column] = NEUTRAL
    if way is Way.REMOVED:
        given = torch.cat([given[:, :column], given[:, column + 1 :]], dim=1)
        mask = causal_mask(1, len(ids) - 1, 0)
    embedded = model.get_input_embeddings()(given)
    if way is Way.ZEROED:
        embedded[0, column] = 0
    logits = model(inputs_embeds=embedded, attention_mask=mask).logits[0, -1]
    return float(logits.double().log_softmax(0)[TARGET])


@pytest.mark.parametrize("way", list(Way))
def test_with_a_shared_prefix_effects_are_those_of_whole_runs(
    model_and_ids: Read, way: Way
) -> None:
    ablation = ablation_of(model_and_ids)
    length = len(model_and_ids[1])
    columns = [*range(1, length, 1 if length <= SHORT_TEXT else 3), length - 1]
    effects = ablation.effects(way, columns)
    for column in columns:
        alone = ablation.target_logprob - whole_run(model_and_ids, way, column)
        assert effects[column] == pytest.approx(alone, abs=1e-4, rel=1e-4)
    assert max(abs(effect) for effect in effects.values()) > 1e-2


def test_the_unchanged_text_has_the_model_s_own_probability(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([ids])).logits[0, -1].double()
    expected = float(logits.log_softmax(0)[TARGET])
    assert ablation_of(model_and_ids).target_logprob == pytest.approx(expected, abs=1e-4)


def test_a_token_replaced_by_itself_has_no_effect(model_and_ids: Read) -> None:
    model, ids = model_and_ids
    column = 4
    ablation = Ablation(model, ids, TARGET, ids[column])
    assert ablation.effects(Way.NEUTRAL, [column]) == {column: 0.0}
    assert ablation.effects(Way.NEUTRAL, [column + 1])[column + 1] != 0


def test_cutting_what_no_later_token_could_see_has_no_effect(model_and_ids: Read) -> None:
    last = len(model_and_ids[1]) - 1
    for way in (Way.CUT, Way.CUT_HERE):
        assert ablation_of(model_and_ids).effects(way, [last]) == {last: 0.0}


def test_the_order_of_columns_does_not_matter(model_and_ids: Read) -> None:
    """Each of five is taken in a group of other columns, with another prefix."""
    ablation = ablation_of(model_and_ids)
    together = ablation.effects(Way.CUT, [9, 2, 12, 5, 7])
    for column, effect in together.items():
        alone = ablation.effects(Way.CUT, [column])[column]
        assert effect == pytest.approx(alone, rel=1e-4, abs=1e-5)


def test_pieces_hold_every_token_once_most_watched_first(model_and_ids: Read) -> None:
    ablation = ablation_of(model_and_ids)
    first = ablation.piece(Way.CUT_HERE, 0)
    pieces = [first, *(ablation.piece(Way.CUT_HERE, n) for n in range(1, first.pieces))]
    effects = [effect for piece in pieces for effect in piece.effects]
    assert len(first.effects) == min(COLUMNS_A_PIECE, len(effects))
    assert sorted(effect.position for effect in effects) == list(range(len(model_and_ids[1]) - 1))
    attention = [effect.attention for effect in effects]
    assert attention == sorted(attention, reverse=True)
    assert 0 < sum(attention) <= 1
    with pytest.raises(InvalidInput, match="There is no piece"):
        ablation.piece(Way.CUT, first.pieces)
