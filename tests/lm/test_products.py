"""Which library multiplies: whichever it is, float32 stays float32."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.pytorch_utils import Conv1D

from server.lm import products


@pytest.fixture
def chosen_anew() -> Iterator[None]:
    products.onednn_is_exact.cache_clear()
    yield
    products.onednn_is_exact.cache_clear()


def random_matrices(*shapes: tuple[int, int]) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def replaced(layer: Conv1D, dtype: torch.dtype = torch.float32) -> products.Product:
    return products.Product(layer.weight, layer.bias, dtype)


def test_products_stay_exact_whichever_library_makes_them() -> None:
    left, right = random_matrices((300, 300), (300, 300))
    exact = left.double() @ right.double()
    with products.fastest_library():
        product = left @ right
    # bfloat16 inside would be wrong by about 0.1.
    torch.testing.assert_close(product.double(), exact, atol=1e-4, rtol=0)


def test_the_setting_ends_with_its_block() -> None:
    with pytest.raises(ZeroDivisionError), products.fastest_library():
        raise ZeroDivisionError
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.usefixtures("chosen_anew")
def test_a_library_that_would_round_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    multiply = torch.Tensor.__matmul__

    def rounding(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return multiply(left.bfloat16(), right.bfloat16()).float()

    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr(torch.Tensor, "__matmul__", rounding)
    assert not products.onednn_is_exact()
    with products.fastest_library():
        assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.parametrize("shape", [(1, 1), (2, 64), (3, 77)])
def test_a_replaced_layer_gives_what_gpt2s_own_gives(shape: tuple[int, int]) -> None:
    layer = Conv1D(96, 32)
    (states,) = random_matrices((shape[0] * shape[1], 32))
    states = states.view(*shape, 32)
    torch.testing.assert_close(replaced(layer)(states), layer(states))


def test_a_lowered_layer_rounds_its_products_and_no_more() -> None:
    layer = Conv1D(96, 32)
    (states,) = random_matrices((10, 32))
    lowered = replaced(layer, torch.bfloat16)(states)
    assert lowered.dtype is torch.bfloat16
    torch.testing.assert_close(lowered.float(), layer(states), atol=0.02, rtol=0.02)


def test_layers_are_replaced_only_where_that_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    config = GPT2Config(vocab_size=50, n_positions=16, n_embd=8, n_layer=2, n_head=2)
    for pays in (False, True):
        model = GPT2LMHeadModel(config)
        monkeypatch.setattr(products, "onednn_is_exact", lambda pays=pays: pays)
        products.use_fastest_library(model)
        kinds = {type(module) for module in model.modules()}
        assert (products.Product in kinds, Conv1D in kinds) == (pays, not pays)
