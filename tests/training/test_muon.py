"""Muon: updates of near-orthogonal matrices, query, key and value apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from training.muon import Muon, orthogonalised

NEAR_ONE = (0.6, 1.3)
LEARNING_RATE = 0.1


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """So small matrices are quicker with one thread, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def random_matrices(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def all_near(values: torch.Tensor, scale: float = 1.0) -> bool:
    low, high = NEAR_ONE
    return bool(((values > low * scale) & (values < high * scale)).all())


def first_update(shape: tuple[int, int]) -> torch.Tensor:
    """The first step's change of a weight, per unit of learning rate."""
    before = random_matrices(*shape)
    weight = torch.nn.Parameter(before.clone())
    weight.grad = random_matrices(*shape) * 3
    Muon([weight], lr=LEARNING_RATE).step()
    return (before - weight.detach()) / LEARNING_RATE


@pytest.mark.parametrize("shape", [(3, 16, 16), (3, 16, 48), (1, 2, 64), (2, 32, 64)])
def test_orthogonalised_matrices_have_singular_values_near_one(shape: tuple[int, ...]) -> None:
    result = orthogonalised(random_matrices(*shape))
    assert result.shape == shape
    assert all_near(torch.linalg.svdvals(result))


def test_orthogonalising_keeps_the_singular_vectors() -> None:
    matrix = random_matrices(1, 8, 24)
    u, _, vt = torch.linalg.svd(matrix[0], full_matrices=False)
    between = u.mT @ orthogonalised(matrix)[0] @ vt.mT  # (8, 8), diagonal
    assert torch.allclose(between, torch.diag(between.diagonal()), atol=1e-4)
    assert all_near(between.diagonal())


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_orthogonalising_does_not_see_the_size(factor: float) -> None:
    matrices = random_matrices(2, 8, 8)
    assert torch.allclose(
        orthogonalised(factor * matrices), orthogonalised(matrices), atol=2e-3, rtol=0
    )


def test_matrices_of_a_stack_do_not_mix() -> None:
    matrices = random_matrices(3, 8, 16)
    alone = torch.cat([orthogonalised(matrix[None]) for matrix in matrices])
    assert torch.allclose(orthogonalised(matrices), alone, atol=1e-5)


def test_nothing_stays_nothing() -> None:
    assert torch.equal(orthogonalised(torch.zeros(1, 4, 4)), torch.zeros(1, 4, 4))


def test_a_square_weight_moves_by_an_orthogonal_matrix() -> None:
    assert all_near(torch.linalg.svdvals(first_update((16, 16))))


@pytest.mark.parametrize("shape", [(16, 64), (64, 16)])
def test_a_long_weight_moves_by_more_the_longer_it_is(shape: tuple[int, int]) -> None:
    """The scale is √(64/16) = 2, whichever side is the longer one."""
    assert all_near(torch.linalg.svdvals(first_update(shape)), scale=2)


def test_query_key_and_value_move_by_an_orthogonal_matrix_each() -> None:
    update = first_update((16, 48))
    for part in update.split(16, dim=1):
        assert all_near(torch.linalg.svdvals(part))


def test_a_weight_moves_against_its_gradient() -> None:
    gradient = random_matrices(16, 16)
    assert float((first_update((16, 16)) * gradient).sum()) > 0


def test_momentum_goes_on_where_the_gradient_ends() -> None:
    weight = torch.nn.Parameter(torch.zeros(8, 8))
    optimizer = Muon([weight], lr=LEARNING_RATE)
    weight.grad = random_matrices(8, 8)
    optimizer.step()
    after_one = weight.detach().clone()
    weight.grad = torch.zeros(8, 8)
    optimizer.step()
    second = weight.detach() - after_one
    assert torch.allclose(second, after_one, atol=1e-3)  # same direction, whatever the size


def test_weights_of_one_shape_are_updated_together_as_they_would_be_alone() -> None:
    gradients = random_matrices(2, 8, 8)
    together = [torch.nn.Parameter(torch.zeros(8, 8)) for _ in gradients]
    alone = [torch.nn.Parameter(torch.zeros(8, 8)) for _ in gradients]
    for weights in (together, alone):
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient.clone()
    Muon(together, lr=LEARNING_RATE).step()
    for weight in alone:
        Muon([weight], lr=LEARNING_RATE).step()
    for one, other in zip(together, alone, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_a_simple_problem_is_solved() -> None:
    target = random_matrices(8, 24)
    weight = torch.nn.Parameter(torch.zeros(8, 24))
    optimizer = Muon([weight], lr=0.1, momentum=0.5)
    for _ in range(60):
        weight.grad = weight.detach() - target  # of half the squared distance
        optimizer.step()
    distance = (weight.detach() - target).norm() / target.norm()
    assert float(distance) < 0.15


def test_bfloat16_changes_an_update_little() -> None:
    updates = []
    for bfloat16 in (False, True):
        weight = torch.nn.Parameter(torch.zeros(32, 64))
        weight.grad = random_matrices(32, 64)
        Muon([weight], lr=LEARNING_RATE, bfloat16=bfloat16).step()
        updates.append(weight.detach())
    exact, rounded = updates
    assert torch.nn.functional.cosine_similarity(exact.flatten(), rounded.flatten(), dim=0) > 0.99
    assert not torch.equal(exact, rounded)
