"""The loss from a sample of the vocabulary, held against the loss from all of it."""

from __future__ import annotations

import pytest
import torch

from training.softmax import VocabularySampler, sampled_cross_entropy

VOCABULARY, WIDTH, ROWS = 200, 8, 1_100  # more rows than one chunk has
COUNTS = torch.arange(VOCABULARY).flip(0)


@pytest.fixture
def problem() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Hidden states, weights and targets; both of the first want gradients."""
    torch.manual_seed(3)
    hidden = torch.randn(ROWS, WIDTH, requires_grad=True)
    weight = torch.randn(VOCABULARY, WIDTH, requires_grad=True)
    return hidden, weight, torch.randint(VOCABULARY, (ROWS,))


def test_a_sample_of_all_gives_the_loss_and_the_gradients_of_torch(
    problem: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> None:
    hidden, weight, targets = problem
    whole = VocabularySampler(COUNTS, VOCABULARY, 1).draw(0)
    ours = sampled_cross_entropy(hidden, weight, targets, whole)
    theirs = torch.nn.functional.cross_entropy(hidden @ weight.T, targets)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-5)
    our_gradients = torch.autograd.grad(2 * ours, (hidden, weight))
    their_gradients = torch.autograd.grad(2 * theirs, (hidden, weight))
    for mine, expected in zip(our_gradients, their_gradients, strict=True):
        torch.testing.assert_close(mine, expected, atol=1e-6, rtol=1e-4)


def test_a_sample_holds_what_is_frequent_and_a_share_of_the_rest_with_its_weight() -> None:
    sampler = VocabularySampler(COUNTS, 40, 4)
    sample = sampler.draw(7, 1)
    assert sample.ids[:40].tolist() == list(range(40))
    assert len(sample.ids) == len(set(sample.ids.tolist())) == 40 + 160 // 4
    assert sample.log_weights[:40].tolist() == [0] * 40
    assert sample.log_weights[40:].exp().tolist() == pytest.approx([4] * 40)
    assert torch.equal(sampler.draw(7, 1).ids, sample.ids)
    assert not torch.equal(sampler.draw(7, 2).ids, sample.ids)


def test_the_sum_of_the_vocabulary_is_right_on_average(
    problem: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> None:
    hidden, weight, _ = problem
    one, target = hidden[:1].detach(), torch.tensor([3])  # always counted, so that Z is unbiased
    exact = torch.nn.functional.cross_entropy(one @ weight.T, target).exp().item()
    sampler = VocabularySampler(COUNTS, 40, 4)
    losses = [sampled_cross_entropy(one, weight, target, sampler.draw(i)) for i in range(4_000)]
    inverse_shares = torch.stack(losses).exp()  # Z / e^z of the target
    error = inverse_shares.std().item() / 4_000**0.5
    assert error < 0.02 * exact
    assert inverse_shares.mean().item() == pytest.approx(exact, abs=4 * error)


def test_the_target_counts_once_whether_it_was_drawn_or_not() -> None:
    weight = torch.zeros(VOCABULARY, WIDTH)
    sampler = VocabularySampler(COUNTS, 0, 4)
    sample = sampler.draw(1)
    drawn = int(sample.ids[0])
    missed = next(i for i in range(VOCABULARY) if i not in sample.ids)
    losses = [
        sampled_cross_entropy(torch.ones(1, WIDTH), weight, torch.tensor([target]), sample)
        for target in (drawn, missed)
    ]
    # All logits are 0: Z is one for the target and four for each other entry drawn.
    assert losses[0].exp().item() == pytest.approx(1 + 4 * 49)
    assert losses[1].exp().item() == pytest.approx(1 + 4 * 50)


def test_lower_products_give_nearly_the_same_loss(
    problem: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> None:
    hidden, weight, targets = problem
    sample = VocabularySampler(COUNTS, 40, 4).draw(2)
    exact = sampled_cross_entropy(hidden, weight, targets, sample)
    lower = sampled_cross_entropy(hidden, weight, targets, sample, torch.bfloat16)
    assert lower.item() == pytest.approx(exact.item(), abs=0.01)
    assert lower.item() != exact.item()
