"""Bets, duels and tries over HTTP, on real scores by the bundled model."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, update

from server.application import db
from server.store.scoring.blobs import scores_from_blob, scores_to_blob
from server.store.tables import BetRow, GuessRow, JudgementRow, RoundRow, ScoredPassageRow
from tests.conftest import Player
from tests.databases import on_sqlite

Truth = Callable[[dict[str, Any], int], str]


def spread(options: list[str], **shares: float) -> tuple[dict[str, float], float]:
    """Shares for the named options, little on the others, and what is left over."""
    stakes = {option: shares.get(option, 0.002) for option in options}
    return stakes, 1 - math.fsum(stakes.values())


def place_bet(player: Player, state: dict[str, Any], guess: str | None) -> dict[str, Any]:
    """Guess, then bet; return the outcome."""
    position = state["asked"]["position"]
    guessed = player.answer(state["id"], position, guess).get_json()
    assert guessed["answer"] is None
    stakes, other = spread(guessed["round"]["asked"]["options"])
    return send_bet(player, state["id"], position, stakes, other)


def send_bet(
    player: Player, round_id: str, position: int, stakes: dict[str, float], other: float
) -> dict[str, Any]:
    url = f"/api/v1/rounds/{round_id}/bets"
    body = {"position": position, "stakes": stakes, "other": other}
    return dict(player.client.post(url, json=body).get_json())


def judge(player: Player, state: dict[str, Any], first: float) -> dict[str, Any]:
    url = f"/api/v1/rounds/{state['id']}/judgements"
    body = {"position": state["asked"]["position"], "first": first}
    return dict(player.client.post(url, json=body).get_json())


def play_duels(player: Player, **wish: Any) -> dict[str, Any]:
    state = player.start(mode="duel", **wish)
    while not state["finished"]:
        state = judge(player, state, 0.65)["round"]
    return state


def test_a_round_of_bets_is_played_and_counted(alice: Player) -> None:
    state = alice.start(mode="bet")
    assert state["asked"]["options"] is None  # before the own guess they would be a help
    while not state["finished"]:
        outcome = place_bet(alice, state, "water")
        state = outcome["round"]
    assert len(state["answers"]) == 12
    result = alice.client.get(f"/api/v1/rounds/{state['id']}/result").get_json()
    losses = [answer["bet"]["loss_bits"] for answer in state["answers"]]
    assert result["losses"]["you"]["value"] == pytest.approx(sum(losses) / 12)
    assert result["losses"]["difference"]["n"] == 12


def test_a_bet_on_an_offered_target_costs_the_log_of_its_share(alice: Player, truth: Truth) -> None:
    state = alice.start(mode="bet")
    position = state["asked"]["position"]
    target = truth(state, position).strip()
    offered = alice.answer(state["id"], position, target).get_json()["round"]["asked"]["options"]
    option = next(text for text in offered if text.casefold() == target.casefold())
    stakes, other = spread(offered, **{option: 0.5})
    answer = send_bet(alice, state["id"], position, stakes, other)["answer"]
    assert answer["bet"]["loss_bits"] == pytest.approx(1)
    assert answer["right"]
    assert [s["token"] for s in answer["bet"]["stakes"] if s["is_target"]] == [option]


def test_the_target_is_not_sent_before_the_bet(alice: Player, truth: Truth) -> None:
    state = alice.start(mode="bet")
    position = state["asked"]["position"]
    before = state["text"]
    guessed = alice.answer(state["id"], position, None).get_json()
    assert guessed["answer"] is None
    assert guessed["round"]["text"] == before
    assert guessed["round"]["answers"] == []
    page = alice.client.get(f"/rounds/{state['id']}").text
    assert f"{before}{truth(state, position)}" not in page


@on_sqlite
@pytest.mark.parametrize("mode", ["bet", "tries"])
def test_no_page_of_the_player_tells_an_open_target(alice: Player, mode: str) -> None:
    state = alice.start(mode=mode)
    alice.answer(state["id"], state["asked"]["position"], "water")
    (round_data,) = alice.client.get("/api/v1/player/data").get_json()["rounds"]
    (guess,) = round_data["guesses"]
    assert guess["guess"] == "water"
    told = ("target", "right", "model_guess", "model_right", "target_loss_nats")
    assert [guess[name] for name in told] == [None] * len(told)
    assert alice.client.get("/api/v1/player").get_json()["you"] is None


def test_settled_guesses_of_every_mode_count_for_their_player(alice: Player) -> None:
    place_bet(alice, alice.start(mode="bet"), "water")
    tries = alice.start(mode="tries")
    alice.answer(tries["id"], tries["asked"]["position"], None)
    guess = alice.start()
    alice.answer(guess["id"], guess["asked"]["position"], None)
    assert alice.client.get("/api/v1/player").get_json()["you"]["n"] == 3
    rounds = alice.client.get("/api/v1/player/data").get_json()["rounds"]
    assert all(entry["guesses"][0]["target"] for entry in rounds)


def test_the_own_guess_before_a_bet_is_one(alice: Player) -> None:
    state = alice.start(mode="bet")
    position = state["asked"]["position"]
    alice.answer(state["id"], position, "water")
    second = {"position": position, "text": "stone", "attempt": 2}
    response = alice.client.post(f"/api/v1/rounds/{state['id']}/guesses", json=second)
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] == "attempt"


def test_a_bet_needs_the_own_guess_first(alice: Player) -> None:
    state = alice.start(mode="bet")
    problem = send_bet(alice, state["id"], state["asked"]["position"], {"the": 0.5}, 0.5)
    assert problem["status"] == 409
    assert "own guess comes first" in problem["detail"]


def test_the_same_bet_again_changes_nothing_and_another_is_refused(
    alice: Player, app: APIFlask
) -> None:
    state = alice.start(mode="bet")
    position = state["asked"]["position"]
    asked = alice.answer(state["id"], position, None).get_json()["round"]["asked"]
    stakes, other = spread(asked["options"])
    first = send_bet(alice, state["id"], position, stakes, other)
    assert send_bet(alice, state["id"], position, stakes, other) == first
    swapped, rest = spread(asked["options"], **{asked["options"][0]: 0.5})
    assert send_bet(alice, state["id"], position, swapped, rest)["status"] == 409
    with app.app_context():
        assert db.session.scalars(select(func.count()).select_from(BetRow)).one() == 1


def test_a_bet_that_is_not_whole_is_refused_and_nothing_is_written(
    alice: Player, app: APIFlask
) -> None:
    state = alice.start(mode="bet")
    position = state["asked"]["position"]
    asked = alice.answer(state["id"], position, None).get_json()["round"]["asked"]
    stakes, _ = spread(asked["options"])
    problem = send_bet(alice, state["id"], position, stakes, 0.5)
    assert problem["errors"][0]["field"] == "stakes"
    assert "add up to" in problem["detail"]
    with app.app_context():
        assert db.session.scalars(select(func.count()).select_from(BetRow)).one() == 0


def test_five_tries_then_the_reveal(alice: Player, app: APIFlask) -> None:
    state = alice.start(mode="tries")
    position = state["asked"]["position"]
    for number, word in enumerate(["zebra", "yacht", "xylophone", "walrus"], start=1):
        outcome = try_word(alice, state, word, number)
        assert outcome["answer"] is None
        assert outcome["round"]["asked"]["position"] == position
        assert outcome["round"]["asked"]["tries_left"] == 5 - number
    outcome = try_word(alice, state, "violin", 5)
    assert outcome["answer"]["tries"] == ["zebra", "yacht", "xylophone", "walrus", "violin"]
    assert outcome["round"]["asked"]["position"] > position
    with app.app_context():
        attempts = db.session.scalars(select(GuessRow.attempt).order_by(GuessRow.attempt)).all()
    assert attempts == [1, 2, 3, 4, 5]


def try_word(player: Player, state: dict[str, Any], word: str, attempt: int) -> dict[str, Any]:
    url = f"/api/v1/rounds/{state['id']}/guesses"
    body = {"position": state["asked"]["position"], "text": word, "attempt": attempt}
    return dict(player.client.post(url, json=body).get_json())


def test_a_repeated_try_is_refused_kindly_and_costs_nothing(alice: Player) -> None:
    state = alice.start(mode="tries")
    try_word(alice, state, "zebra", 1)
    problem = try_word(alice, state, "Zebra", 2)
    assert problem["status"] == 422
    assert problem["detail"] == "You tried “Zebra” already."
    now = alice.client.get(f"/api/v1/rounds/{state['id']}").get_json()
    assert now["asked"]["tries"] == ["zebra"]


def test_the_same_try_again_is_the_same_and_another_in_its_place_is_refused(alice: Player) -> None:
    state = alice.start(mode="tries")
    first = try_word(alice, state, "zebra", 1)
    assert try_word(alice, state, "zebra", 1) == first
    assert try_word(alice, state, "yacht", 1)["status"] == 409
    assert try_word(alice, state, "yacht", 3)["status"] == 409


def test_the_right_word_ends_the_tries_at_once(alice: Player, truth: Truth) -> None:
    state = alice.start(mode="tries")
    try_word(alice, state, "zebra", 1)
    target = truth(state, state["asked"]["position"]).strip()
    outcome = try_word(alice, state, target, 2)
    assert outcome["answer"]["right"]
    score = outcome["round"]["score"]
    assert (score["answered"], score["you"]) == (1, 1)
    assert score["model"] == (outcome["answer"]["target_rank"] <= 5)  # it gets five tries as well


def test_a_round_of_tries_ends_with_shannons_bounds(alice: Player, truth: Truth) -> None:
    state = alice.play(lambda s: truth(s, s["asked"]["position"]).strip(), mode="tries")
    tries = alice.client.get(f"/api/v1/rounds/{state['id']}/result").get_json()["tries"]
    assert tries["solved"] == [1, 0, 0, 0, 0]
    assert tries["lower_bits"]["value"] == tries["upper_bits"]["value"] == 0


def test_the_first_duels_are_ten_for_practice(alice: Player, app: APIFlask) -> None:
    practice = play_duels(alice)
    assert practice["practice"]
    assert len(practice["answers"]) == 10
    serious = play_duels(alice)
    assert not serious["practice"]
    with app.app_context():
        rows = db.session.scalars(select(JudgementRow)).all()
        assert sum(row.practice for row in rows) == 10
        assert sum(not row.practice for row in rows) == len(rows) - 10


def test_a_duel_shows_the_target_and_a_rival_in_either_order(alice: Player, truth: Truth) -> None:
    state, sides = alice.start(mode="duel"), []
    while not state["finished"]:
        target = truth(state, state["asked"]["position"]).strip()
        sides.append(state["asked"]["pair"].index(target))
        outcome = judge(alice, state, 0.8)
        assert outcome["answer"]["target"] == target
        assert outcome["answer"]["share"] == pytest.approx(0.2 if sides[-1] else 0.8)
        state = outcome["round"]
    state = play_duels(alice)
    assert 0 < sum(sides) < 10 or state["finished"]


def test_no_response_before_the_judgement_tells_which_side_is_the_authors(
    alice: Player, app: APIFlask
) -> None:
    state = alice.start(mode="duel")
    body = alice.client.get(f"/api/v1/rounds/{state['id']}").get_json()
    with app.app_context():
        seed = db.session.scalars(select(RoundRow.seed)).one()
    assert seed not in str(body)
    assert body["answers"] == []
    assert set(body["asked"]) == set(state["asked"])


def test_a_judgement_is_paid_by_how_likely_the_authors_word_was_to_be_drawn(alice: Player) -> None:
    play_duels(alice)  # practice
    state = play_duels(alice)
    for answer in state["answers"]:
        assert answer["question_version"] == 2
        assert answer["weight"] == pytest.approx(2 * answer["drawn_share"])
        assert answer["drawn_share"] != pytest.approx(answer["model_share"])
        for share, pay in (("share", "pay_bits"), ("model_share", "model_pay_bits")):
            paid = answer["weight"] * (1 + math.log2(answer[share]))
            assert answer[pay] == pytest.approx(paid, abs=1e-9)
    result = alice.client.get(f"/api/v1/rounds/{state['id']}/result").get_json()
    mean = sum(answer["pay_bits"] for answer in state["answers"]) / len(state["answers"])
    assert result["pay"]["you"]["value"] == pytest.approx(mean)
    assert "Even shares earn nothing" in alice.client.get(f"/rounds/{state['id']}/result").text


def test_a_round_begun_under_the_first_question_stays_with_it(app: APIFlask, alice: Player) -> None:
    play_duels(alice)  # practice
    state = judge(alice, alice.start(mode="duel"), 0.65)["round"]
    with app.app_context():
        db.session.execute(update(JudgementRow).values(question_version=1))
        db.session.commit()
    while not state["finished"]:
        state = judge(alice, state, 0.65)["round"]
    for answer in state["answers"]:
        assert (answer["question_version"], answer["weight"]) == (1, 1)
        assert answer["pay_bits"] == pytest.approx(1 + math.log2(answer["share"]))


@on_sqlite
def test_the_page_asks_how_well_each_fits_and_not_who_wrote_it(alice: Player) -> None:
    state = alice.start(mode="duel")
    page = alice.client.get(f"/rounds/{state['id']}").text
    assert "How well does each fit here?" in page
    assert "not where it came from" in page
    assert "did the author write" not in page


def test_a_judgement_cannot_be_changed(alice: Player) -> None:
    state = alice.start(mode="duel")
    first = judge(alice, state, 0.8)
    assert judge(alice, state, 0.8) == first
    assert judge(alice, state, 0.7)["status"] == 409


@on_sqlite
@pytest.mark.parametrize("first", [0, 1, 1.5, -0.2])
def test_a_share_beyond_the_open_interval_is_refused(alice: Player, first: float) -> None:
    problem = judge(alice, alice.start(mode="duel"), first)
    assert problem["errors"] == [
        {"field": "first", "message": "The share of the first must be above 0 and below 1."}
    ]


def test_a_duel_is_never_asked_twice_and_says_when_none_is_left(
    alice: Player, app: APIFlask
) -> None:
    seen = set()
    for _ in range(6):  # there are six passages
        seen.add(play_duels(alice)["passage"]["title"])
    assert len(seen) == 6
    response = alice.client.post("/api/v1/rounds", json={"mode": "duel"})
    assert response.status_code == 503
    assert "never asked twice" in response.get_json()["detail"]


def test_begun_questions_gather_rivals_before_new_ones_are_begun(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    begun = [play_duels(alice)["passage"] for _ in range(3)][1:]  # the first is practice
    play_duels(bob)  # practice, on one of six passages: it may be one of those two, not both
    assert play_duels(bob)["passage"] in begun
    with app.app_context():
        serious = select(RoundRow.draw).where(RoundRow.practice.is_(False)).order_by(RoundRow.id)
        assert db.session.scalars(serious).all() == [0, 0, 1]


def test_a_duel_passes_over_draws_that_leave_no_question(alice: Player, app: APIFlask) -> None:
    """Where every rival drawn is the target itself, a round would ask nothing and never end."""
    play_duels(alice)
    with app.app_context():
        for row in db.session.scalars(select(ScoredPassageRow)):
            scores = scores_from_blob(row.scores)
            tail = scores.words_tail
            own = scores.token_ids[tail.positions]
            tail.rival_ids.flags.writeable = True
            tail.rival_ids[:, 0] = own
            row.scores = scores_to_blob(scores)
        db.session.commit()
    state = alice.start(mode="duel")
    assert state["asked"]["pair"]
    assert alice.client.get("/api/v1/comparisons/next").status_code == 200


def test_the_studys_form_draws_rivals_from_everywhere_in_eleven_steps(alice: Player) -> None:
    state = alice.start(mode="duel", form="whole")
    assert len(state["asked"]["steps"]) == 11
    assert state["form"] == "whole"


def test_comparisons_are_the_same_duels_one_by_one(alice: Player) -> None:
    comparison = alice.client.get("/api/v1/comparisons/next").get_json()
    again = alice.client.get("/api/v1/comparisons/next").get_json()
    assert comparison["id"] == again["id"]
    assert comparison["text"] == comparison["round"]["text"]
    url = f"/api/v1/comparisons/{comparison['id']}/judgements"
    outcome = alice.client.post(url, json={"first": 0.65}).get_json()
    assert {outcome["answer"]["target"], outcome["answer"]["rival"]} == set(comparison["pair"])
    following = alice.client.get("/api/v1/comparisons/next").get_json()
    assert following["id"] != comparison["id"]
    assert following["round"]["id"] == comparison["round"]["id"]


@on_sqlite
@pytest.mark.parametrize("comparison", ["nonsense", "abc.x", "abc.12345678", "abc.20"])
def test_an_unknown_comparison_is_not_found(alice: Player, comparison: str) -> None:
    response = alice.client.post(
        f"/api/v1/comparisons/{comparison}/judgements", json={"first": 0.5}
    )
    assert response.status_code == 404


@on_sqlite
@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"mode": "bet", "assisted": True}, "assisted"),
        ({"mode": "duel", "daily": True}, "daily"),
        ({"mode": "tries", "form": "whole"}, "form"),
        ({"mode": "chess"}, "mode"),
    ],
)
def test_a_wish_that_no_mode_grants_is_refused_by_name(
    alice: Player, wish: dict[str, Any], field: str
) -> None:
    response = alice.client.post("/api/v1/rounds", json=wish)
    assert response.status_code == 422
    assert field in response.get_json()["detail"] or field in str(response.get_json()["errors"])


def test_an_answer_of_another_mode_is_refused(alice: Player) -> None:
    state = alice.start(mode="duel")
    response = alice.answer(state["id"], state["asked"]["position"], "water")
    assert response.status_code == 409
    assert "mode duel" in response.get_json()["detail"]


@on_sqlite
@pytest.mark.parametrize("mode", ["bet", "duel", "tries"])
def test_the_pages_of_every_mode_open(alice: Player, mode: str) -> None:
    state = alice.start(mode=mode)
    assert alice.client.get(f"/rounds/{state['id']}").status_code == 200
    while not state["finished"]:
        if mode == "bet":
            state = place_bet(alice, state, None)["round"]
        elif mode == "duel":
            state = judge(alice, state, 0.35)["round"]
        else:
            skip = alice.answer(state["id"], state["asked"]["position"], None)
            state = skip.get_json()["round"]
    page = alice.client.get(f"/rounds/{state['id']}/result")
    assert page.status_code == 200
    assert "What was asked" in page.text
    assert alice.client.get("/you").status_code == 200


def test_a_player_downloads_and_deletes_bets_and_judgements_too(
    alice: Player, app: APIFlask
) -> None:
    judge(alice, alice.start(mode="duel"), 0.9)
    place_bet(alice, alice.start(mode="bet"), "water")
    data = alice.client.get("/api/v1/player/data").get_json()
    assert sum(len(entry["bets"]) for entry in data["rounds"]) == 1
    assert sum(len(entry["judgements"]) for entry in data["rounds"]) == 1
    assert alice.client.delete("/api/v1/player", json={}).status_code == 204
    with app.app_context():
        for table in (BetRow, JudgementRow, GuessRow):
            assert db.session.scalars(select(func.count()).select_from(table)).one() == 0
