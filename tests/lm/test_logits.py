"""What is measured on logits, where plain torch says the same more slowly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lm.logits import NextTokens, best_columns

NONE = torch.tensor([], dtype=torch.int64)


@pytest.mark.parametrize("columns", [64, 640, 704, 6_400])
def test_the_best_of_groups_are_the_best_of_all(columns: int) -> None:
    logits = torch.randn(7, columns, generator=torch.Generator().manual_seed(columns))
    ours, theirs = best_columns(logits, 10), logits.topk(10, dim=1)
    assert torch.equal(ours.values, theirs.values)
    assert torch.equal(ours.indices, theirs.indices)


def test_rows_of_many_chunks_come_in_order_with_the_wanted_ones() -> None:
    torch.manual_seed(1)
    head = torch.nn.Linear(8, 1_000)
    hidden, targets = torch.randn(600, 8), torch.randint(1_000, (600,))
    wanted = torch.tensor([0, 255, 256, 599])
    measured, rows = NextTokens(head, 1_000, range(0, 1_000, 3)).read(hidden, targets, wanted)
    logprobs = head(hidden).detach().log_softmax(dim=1)
    torch.testing.assert_close(rows, logprobs[wanted], atol=1e-5, rtol=0)
    expected = logprobs[torch.arange(600), targets]
    torch.testing.assert_close(measured["target_logprob"], expected, atol=1e-5, rtol=0)


def test_memory_that_is_used_again_holds_nothing_of_before() -> None:
    torch.manual_seed(2)
    head = torch.nn.Linear(8, 1_000)
    reader = NextTokens(head, 1_000, range(0, 1_000, 3))
    for rows in (40, 300, 7):
        hidden, targets = torch.randn(rows, 8), torch.randint(1_000, (rows,))
        measured, kept = reader.read(hidden, targets, torch.arange(rows))
        logprobs = head(hidden).detach().log_softmax(dim=1)
        torch.testing.assert_close(kept, logprobs, atol=1e-5, rtol=0)
        entropy = torch.distributions.Categorical(logits=logprobs).entropy()
        torch.testing.assert_close(measured["entropy_nats"], entropy, atol=1e-4, rtol=0)
        best = logprobs.topk(10, dim=1)
        torch.testing.assert_close(measured["top_logprob"], best.values, atol=1e-5, rtol=0)


def test_words_that_are_next_to_impossible_have_a_mass_still() -> None:
    head = torch.nn.Linear(1, 5, bias=False)
    head.weight.data = torch.tensor([[0.0], [0.0], [-200.0], [0.0], [0.0]])
    measured, _ = NextTokens(head, 5, [2]).read(torch.ones(1, 1), torch.tensor([2]), NONE)
    assert measured["word_log_mass"].item() == pytest.approx(-200 - np.log(4), abs=1e-4)
    assert (measured["word_rank"].item(), measured["target_rank"].item()) == (1, 5)
