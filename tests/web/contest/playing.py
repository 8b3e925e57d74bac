"""Rounds of every mode, played to their end."""

from __future__ import annotations

from typing import Any

from tests.conftest import Player
from tests.web.test_modes import judge, place_bet


def finish(player: Player, mode: str, challenge: str | None = None) -> dict[str, Any]:
    """Play a whole round that counts, of a mode or of a challenge in that mode."""
    wish: dict[str, Any] = {"mode": mode} if challenge is None else {"challenge": challenge}
    state = player.start(**wish)
    is_practice = state["practice"]
    while not state["finished"]:
        state = _answered(player, mode, state)
    return finish(player, mode) if is_practice else state


def _answered(player: Player, mode: str, state: dict[str, Any]) -> dict[str, Any]:
    if mode == "bet":
        return dict(place_bet(player, state, "water")["round"])
    if mode == "duel":
        return dict(judge(player, state, 0.7)["round"])
    response = player.answer(state["id"], state["asked"]["position"], None)
    assert response.status_code == 200, response.text
    return dict(response.get_json()["round"])
