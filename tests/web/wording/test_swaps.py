"""What the swap lab says of a pair of runs."""

from __future__ import annotations

from server.services.contract.swaps import SwapPartView, SwapView
from server.web.wording.swaps import swap_sentence


def head(number: int) -> SwapPartView:
    return SwapPartView(kind="head", layer=2, place=number, enough=0.1, needed=0.9)


MLP = SwapPartView(kind="mlp", layer=1, place=2, enough=0.9, needed=0.9)


def sentence(
    needed: list[SwapPartView], enough: list[SwapPartView], both: list[SwapPartView]
) -> str:
    return swap_sentence(
        SwapView(
            model="Minnow",
            clean_tokens=["The", " keys"],
            corrupt_tokens=["The", " key"],
            clean_answer=" were",
            corrupt_answer=" was",
            clean_difference=1.0,
            corrupt_difference=-1.0,
            maps=[],
            needed_only=needed,
            enough_only=enough,
            both=both,
        )
    )


def test_one_part_that_is_needed_and_not_enough() -> None:
    assert sentence([head(3)], [], []) == (
        "Needed, but not enough alone: head 3 of layer 2. Without it the answer is lost, yet it "
        "does not bring the answer back."
    )


def test_several_of_which_the_first_three_are_named() -> None:
    told = sentence([head(n) for n in range(1, 6)], [], [])
    assert "head 1 of layer 2, head 2 of layer 2, head 3 of layer 2 and 2 more." in told
    assert told.endswith("none of them brings it back.")


def test_an_mlp_is_named_with_its_word() -> None:
    told = sentence([], [head(1)], [MLP])
    assert told.startswith("No single head or MLP is needed without being enough.")
    assert "Both enough and needed: the MLP of layer 1 at “keys”." in told
    assert told.endswith("Enough, though others can stand in: head 1 of layer 2.")


def test_where_no_part_stands_out_that_is_said() -> None:
    assert "carried by many together" in sentence([], [], [])
