"""The public statistics: what they count, the same from an export, and fresh."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.application import db
from server.domain.errors import DatabaseSilent
from server.domain.estimators.perplexity import perplexity
from server.domain.study.analysis import analyse
from server.domain.text.tokens import Unit
from server.services.research.study import read_rows
from server.services.statistics.baseline import baseline_standing
from server.services.statistics.folding import rebuild
from server.services.statistics.keeper import StatisticsKeeper
from server.store.statistics.rollup_tables import SumsRow
from server.store.tables import JudgementRow, LanguageModelRow
from server.web.wording.figures import sensible
from tests.conftest import CreateApp, Player, settings_for
from tests.databases import on_sqlite
from tests.web.test_export import at_a_human_pace, exported, lines, play_bets, play_duels
from tests.web.test_modes import place_bet


def test_an_empty_database_gives_zeros_and_a_sentence(empty_app: APIFlask) -> None:
    client = empty_app.test_client()
    body = client.get("/api/v1/stats").get_json()
    assert (body["players"], body["guesses"], body["bets"], body["judgements"]) == (0, 0, 0, 0)
    assert body["opponents"] == []
    assert "Nobody has answered yet" in client.get("/stats").text


def test_an_export_analysed_again_gives_what_the_page_shows(
    app: APIFlask, alice: Player, bob: Player, tmp_path: Path
) -> None:
    for player in (alice, bob):
        player.play(lambda s: "the")
        player.play(lambda s: s["asked"]["suggestions"][0], assisted=True)
    play_bets(bob)
    for share in (0.65, 0.65, 0.9):  # the first round is practice
        play_duels(alice, share)
    play_duels(alice, 0.8, form="whole")
    bob.play(lambda s: ["of", "the", "and", "to", "in"][len(s["asked"]["tries"])], mode="tries")
    at_a_human_pace(app)
    Player(app.test_client()).play(lambda s: "and")  # too fast to be a person

    body = app.test_client().get("/api/v1/stats").get_json()
    found = read_rows(exported(app, tmp_path))
    result = analyse(found.rows)
    assert found.problems == []
    assert body["left_out"] == {
        "flagged": 0,
        "skipping": 0,
        "fast": 1,
        "outlying": 0,
        "repeated_guesses": 0,
    }
    assert body["players"] == result.players == 2
    [opponent] = body["opponents"]
    assert result.guesses is not None
    groups = {(group.mode, group.assisted): group for group in result.guesses.groups}
    assert len(opponent["modes"]) == len(groups) == 4
    for mode in opponent["modes"]:
        group = groups[mode["mode"], mode["assisted"]]
        assert mode["you"]["value"] == group.you.value
        assert mode["model"]["low"] == group.model_accuracy.low
        assert mode["difference"]["high"] == group.difference.high
        assert mode["difference"]["p_value"] == group.p_value
        assert mode["model_perplexity"] == pytest.approx(group.model_perplexity, rel=1e-12)
    assert opponent["accuracy"]["you"]["value"] == result.guesses.all.value  # type: ignore[union-attr]
    assert opponent["accuracy"]["guesses"] == result.guesses.all.n  # type: ignore[union-attr]
    for name in ("genres", "entropy", "periods"):
        shown = sum(line["guesses"] for line in opponent[name])
        assert shown + opponent["withheld"][name] == opponent["accuracy"]["guesses"]
    assert result.headline is not None
    assert result.comparisons is not None
    assert result.tries is not None
    for shown, loss in (
        ("headline", result.headline.loss_nats),
        ("published", result.comparisons.loss_jackknife_nats),
    ):
        assert opponent[shown]["loss_nats"]["value"] == pytest.approx(loss.value, rel=1e-9)
        assert opponent[shown]["loss_nats"]["low"] == pytest.approx(loss.low, rel=1e-9)
        assert opponent[shown]["people"]["high"] == pytest.approx(perplexity(loss.high))
    assert opponent["published"]["as_published"] == pytest.approx(result.comparisons.perplexity)
    assert opponent["tries"]["upper"]["value"] == pytest.approx(
        perplexity(result.tries.upper_nats.value)
    )
    page = app.test_client().get("/stats").text
    assert f'<td class="num">{sensible(opponent["headline"]["people"]["value"])}<small>' in page
    assert "1 player whose median answer took under 0.3 seconds" in page


def test_the_operator_can_check_the_sums_and_make_them_anew(app: APIFlask, alice: Player) -> None:
    play_bets(alice)
    at_a_human_pace(app)
    operator = app.test_cli_runner()
    assert "give the same" in operator.invoke(args=["stats", "check"]).output
    with app.app_context():
        db.session.execute(
            update(SumsRow).where(SumsRow.key == '["counted"]').values(numbers=[9, 9, 9, 9, 9])
        )
        db.session.commit()
    found = operator.invoke(args=["stats", "check"])
    assert found.exit_code == 1
    assert "bets: 9 by the sums, 12 by the answers" in found.output
    assert operator.invoke(args=["stats", "recount"]).exit_code == 0
    assert operator.invoke(args=["stats", "check"]).exit_code == 0


def test_who_deletes_their_data_is_in_no_number_after_the_next_fold(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    bob.play(lambda s: "the")
    at_a_human_pace(app)
    before = app.test_client().get("/api/v1/stats").get_json()
    play_bets(alice)
    play_duels(alice, 0.65)
    play_duels(alice, 0.65)
    at_a_human_pace(app)
    assert app.test_client().get("/api/v1/stats").get_json()["players"] == 2
    assert alice.client.delete("/api/v1/player", json={}).status_code < 300
    after = app.test_client().get("/api/v1/stats").get_json()
    assert before | {"counted_at": ""} == after | {"counted_at": ""}


def test_calibration_counts_every_stake_and_every_preference(app: APIFlask, alice: Player) -> None:
    bets = play_bets(alice)
    play_duels(alice, 0.65)
    duels = play_duels(alice, 0.65)
    at_a_human_pace(app)
    [opponent] = app.test_client().get("/api/v1/stats").get_json()["opponents"]
    staked = sum(len(answer["bet"]["stakes"]) + 1 for answer in bets["answers"])
    assert sum(found["right"]["n"] for found in opponent["bets_calibration"]) == staked
    [found] = opponent["duels_calibration"]
    assert (found["step"], found["right"]["n"]) == (0.65, len(duels["answers"]))
    weight = sum(a["weight"] for a in duels["answers"])
    right = sum(a["weight"] for a in duels["answers"] if a["right"])
    assert found["right"]["value"] == pytest.approx(right / weight, abs=1e-5)


def test_answers_to_the_first_question_stay_out_and_the_page_says_how_many(
    app: APIFlask, alice: Player, tmp_path: Path
) -> None:
    play_bets(alice)
    play_duels(alice, 0.65)  # practice
    judged = play_duels(alice, 0.65)
    at_a_human_pace(app)
    with app.app_context():
        db.session.execute(update(JudgementRow).values(question_version=1))
        db.session.commit()
        rebuild(db.session)
    body = app.test_client().get("/api/v1/stats").get_json()
    assert body["judgements"] == 0
    assert body["first_question"] == len(judged["answers"])
    [opponent] = body["opponents"]
    assert (opponent["tail_questions"], opponent["duels_calibration"]) == (0, [])
    assert opponent["headline"]["loss_nats"] == opponent["bets"]["loss_nats"]
    page = app.test_client().get("/stats").text
    assert f"{len(judged['answers'])} judgements answered an earlier question" in page
    result = analyse(read_rows(exported(app, tmp_path)).rows, density_ratio=True)
    assert result.first_question >= len(judged["answers"])  # with the rivals that were the target
    assert result.density_ratio is not None
    assert result.density_ratio.headline is not None
    assert "give the same" in app.test_cli_runner().invoke(args=["stats", "check"]).output


def test_speed_in_one_mode_leaves_out_that_mode_alone(app: APIFlask, alice: Player) -> None:
    alice.play(lambda s: "the")
    play_duels(alice, 0.65)  # practice
    for _ in range(2):
        play_duels(alice, 0.65)
    at_a_human_pace(app)
    with app.app_context():
        db.session.execute(update(JudgementRow).values(elapsed_ms=100))
        db.session.commit()
        rebuild(db.session)
    body = app.test_client().get("/api/v1/stats").get_json()
    assert (body["players"], body["guesses"], body["judgements"]) == (1, 12, 0)
    assert body["left_out"]["fast"] == 1
    assert {row["excluded"] for row in lines(app, "guesses")} == {False}
    assert {row["excluded"] for row in lines(app, "judgements")} == {True}
    assert "give the same" in app.test_cli_runner().invoke(args=["stats", "check"]).output


def test_a_skipped_guess_of_one_s_own_before_a_bet_counts_for_nobody_s_accuracy(
    app: APIFlask, alice: Player, tmp_path: Path
) -> None:
    state = alice.start(mode="bet")
    while not state["finished"]:
        guess = "water" if state["asked"]["index"] % 3 else None
        state = place_bet(alice, state, guess)["round"]
    at_a_human_pace(app)
    [opponent] = app.test_client().get("/api/v1/stats").get_json()["opponents"]
    assert (opponent["accuracy"]["guesses"], opponent["modes"][0]["guesses"]) == (8, 8)
    assert opponent["accuracy"]["skipped"] == 0
    assert opponent["bets"]["loss_nats"]["n"] == 12
    result = analyse(read_rows(exported(app, tmp_path)).rows).guesses
    assert result is not None
    assert result.all is not None
    assert (result.all.n, result.groups[0].guesses) == (8, 8)
    shown = alice.client.get(f"/api/v1/rounds/{state['id']}/result").get_json()
    assert shown["you"]["accuracy"]["n"] == shown["model"]["accuracy"]["n"] == 8
    you = alice.client.get("/api/v1/player").get_json()["you"]
    assert you["n"] == 8


def test_a_round_of_bets_without_a_guess_of_one_s_own_says_that_nothing_is_known(
    alice: Player,
) -> None:
    state = alice.start(mode="bet")
    while not state["finished"]:
        state = place_bet(alice, state, None)["round"]
    shown = alice.client.get(f"/api/v1/rounds/{state['id']}/result").get_json()
    assert shown["you"]["accuracy"] == {"value": 0, "low": 0, "high": 1, "n": 0}
    assert shown["comparison"]["difference"]["n"] == 0
    assert alice.client.get(f"/rounds/{state['id']}/result").status_code in (200, 404)


def test_a_look_shows_the_last_count_and_a_change_is_counted_soon(
    create: CreateApp, database_url: str
) -> None:
    app = create(settings_for(database_url, statistics_every_s=2))
    client, player = app.test_client(), Player(app.test_client())
    assert client.get("/api/v1/stats").get_json()["guesses"] == 0
    state = player.start()
    player.answer(state["id"], state["asked"]["position"], "the")
    assert client.get("/api/v1/stats").get_json()["guesses"] == 0  # nobody waits for a count
    deadline = time.monotonic() + 300
    while not client.get("/api/v1/stats").get_json()["guesses"]:
        assert time.monotonic() < deadline
        time.sleep(0.25)


@on_sqlite
def test_what_a_process_counted_first_is_at_hand_while_the_database_is_silent(
    app: APIFlask,
) -> None:
    falls_silent = False

    def sessions() -> Session:
        if falls_silent:
            raise DatabaseSilent
        return db.sessionmaker()

    with app.app_context():
        keeper = StatisticsKeeper(sessions, every_s=60)
        counted = keeper.current()
        falls_silent = True
        assert keeper.current() == counted


def test_the_baseline_stands_beside_people_and_is_nobodys_opponent(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    states = [alice.play(lambda s: "the"), bob.play(lambda s: "the")]
    bob.play(lambda s: "the", unit="tokens")
    at_a_human_pace(app)
    body = app.test_client().get("/api/v1/stats").get_json()
    by_unit = {opponent["unit"]: opponent for opponent in body["opponents"]}
    baseline, accuracy = by_unit["words"]["baseline"], by_unit["words"]["accuracy"]
    assert baseline["word"] == "the"
    assert baseline["guesses"] == accuracy["guesses"] == 24
    assert baseline["accuracy"]["value"] == accuracy["you"]["value"], "both say the same"
    assert baseline["perplexity"] > accuracy["model_perplexity"]
    assert by_unit["tokens"]["baseline"] is None
    assert "every time" in app.test_client().get("/stats").text
    for player, state in zip((alice, bob), states, strict=True):
        result = player.client.get(f"/api/v1/rounds/{state['id']}/result").get_json()
        assert result["baseline"]["right"] == state["score"]["you"]
        assert result["baseline"]["answered"] == 12
        page = player.client.get(f"/rounds/{state['id']}/result").text
        assert "every time would have had" in page
    with app.app_context():
        model_id = db.session.scalars(select(LanguageModelRow.id)).one()
        standing = baseline_standing(db.session, model_id, Unit.WORDS)
        assert standing is not None
        assert standing.value == baseline["accuracy"]["value"]
        assert standing.low == baseline["accuracy"]["low"]
        assert baseline_standing(db.session, model_id, Unit.TOKENS) is None
