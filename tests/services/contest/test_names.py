"""Nicknames that others see: no imitation, nothing obscene, nothing that only looks decent."""

from __future__ import annotations

import pytest

from server.domain.errors import InvalidInput
from server.domain.rooms.names import COLOURS, CREATURES
from server.services.contest.names import read_name

CYRILLIC_A, GREEK_O, DOTLESS_I = "\u0430", "\u03bf", "\u0131"


@pytest.mark.parametrize(
    "name",
    [
        *("Admin", "The Admin", "admin 2", "a.d.m.i.n", "4dm1n", "Administrator", "moderator"),
        *(f"{CYRILLIC_A}dmin", "ａｄｍｉｎ", "𝔄𝔡𝔪𝔦𝔫", "ádmin"),
        *("GPT-2", "gpt2", "GPT-2 fan", "Minnow", "rninnow", f"M{DOTLESS_I}nnow", "Μinnow"),
        *(f"Sm{GREEK_O}lLM2", "the model", "Perplexed", "Always the baseline", "Bot"),
    ],
)
def test_no_name_may_pass_for_the_model_or_the_admin(name: str) -> None:
    with pytest.raises(InvalidInput, match="model or the admin") as refusal:
        read_name(name)
    assert refusal.value.field == "nickname"


@pytest.mark.parametrize("name", ["fuck", "FuckYou", "xXfuckXx", "sh1t", "f\u057dck"])
def test_an_obscene_name_is_refused_in_letters_that_only_look_alike_too(name: str) -> None:
    with pytest.raises(InvalidInput, match="everybody") as refusal:
        read_name(name)
    assert refusal.value.field == "nickname"


@pytest.mark.parametrize(
    "name",
    [
        *("Ada", "Badminton", "Model T", "Abbot", "Roott", "Minnie", "Egypt", "Bernard"),
        *("Scunthorpe", "Essex", "Cockburn", "Arsenal", "Shih Tzu", "Nigel", "classic assassin"),
        *("李白", "שרה", "محمد", "Жанна", "Ελένη", "🦊 fox", "👩\u200d🍳", "O'Neil"),
    ],
)
def test_names_of_people_and_places_are_welcome(name: str) -> None:
    assert read_name(name) == name


def test_no_name_is_none() -> None:
    assert read_name(None) is None


def test_a_refusal_names_the_field_that_was_asked_for() -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_name("Admin", "name")
    assert refusal.value.field == "name"


def test_every_made_up_name_is_fit_to_be_kept() -> None:
    for name in (f"{colour} {creature}" for colour in COLOURS for creature in CREATURES):
        assert read_name(name) == name
