"""Exports: what was played comes out, and `study analyse` reads it back to the same numbers."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update

from server.application import db
from server.domain.study.analysis import analyse
from server.domain.text.tokens import Unit
from server.services.play import choosing
from server.services.research.study import read_rows
from server.services.statistics.folding import rebuild
from server.store.tables import BetRow, GuessRow, JudgementRow, PlayerRow
from tests.conftest import ADMIN_TOKEN, Player
from tests.databases import on_sqlite
from tests.web.test_modes import judge, place_bet, try_word

Truth = Callable[[dict[str, Any], int], str]
BEARER = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
KINDS = ("guesses", "bets", "judgements")


def at_a_human_pace(app: APIFlask) -> None:
    """Let all answers have taken two seconds; the tests' players are too fast to be people."""
    with app.app_context():
        for table in (GuessRow, BetRow, JudgementRow):
            db.session.execute(update(table).values(elapsed_ms=2_000))
        db.session.commit()
        rebuild(db.session)


def play_bets(player: Player, **wish: Any) -> dict[str, Any]:
    state = player.start(mode="bet", **wish)
    while not state["finished"]:
        state = place_bet(player, state, "water")["round"]
    return state


def play_duels(player: Player, share: float, **wish: Any) -> dict[str, Any]:
    state = player.start(mode="duel", **wish)
    while not state["finished"]:
        state = judge(player, state, share)["round"]
    return state


def lines(app: APIFlask, kind: str) -> list[dict[str, Any]]:
    response = app.test_client().get(f"/admin/export/{kind}.jsonl", headers=BEARER)
    assert response.status_code == 200
    return [json.loads(line) for line in response.text.splitlines()]


def exported(app: APIFlask, folder: Path) -> list[Path]:
    """Files that the command wrote, one packed."""
    paths = [folder / "guesses.jsonl", folder / "bets.jsonl.gz", folder / "judgements.jsonl"]
    for kind, path in zip(KINDS, paths, strict=True):
        result = app.test_cli_runner().invoke(args=["export", kind, str(path)])
        assert result.exit_code == 0, result.output
    return paths


def test_all_modes_round_trip_to_the_numbers_worked_out_by_hand(
    app: APIFlask, alice: Player, bob: Player, truth: Truth, tmp_path: Path
) -> None:
    guessed = alice.play(lambda s: truth(s, s["asked"]["position"]).strip())
    skipped = bob.play(lambda s: None if s["asked"]["index"] % 2 else "the")
    bets = play_bets(alice)
    play_duels(alice, 0.65)  # practice
    play_duels(alice, 0.65)
    published = play_duels(alice, 0.9, form="whole")
    tries = alice.start(mode="tries")
    try_word(alice, tries, "zebra", 1)
    target = truth(tries, tries["asked"]["position"]).strip()
    try_word(alice, tries, target, 2)
    at_a_human_pace(app)

    found = read_rows(exported(app, tmp_path))
    assert found.problems == []
    result = analyse(found.rows)
    assert (result.reference, result.players) == ("bundled", 2)
    assert result.guesses is not None
    groups = {group.mode: group for group in result.guesses.groups}
    rights = sum(a["right"] for a in guessed["answers"] + skipped["answers"])
    model_rights = guessed["score"]["model"] + skipped["score"]["model"]
    assert groups["guess"].you.value == rights / 24
    assert groups["guess"].model_accuracy.value == model_rights / 24
    bits = [a["target_loss_bits"] for a in guessed["answers"] + skipped["answers"]]
    assert groups["guess"].model_perplexity == pytest.approx(2 ** (sum(bits) / 24))
    assert result.bets is not None
    losses = [answer["bet"]["loss_bits"] * math.log(2) for answer in bets["answers"]]
    assert result.bets.loss_nats.value == pytest.approx(sum(losses) / 12, abs=1e-6)
    tail = tail_excess(app)
    assert result.headline is not None
    assert result.headline.tail_excess_nats is not None
    assert result.headline.tail_excess_nats.value == pytest.approx(tail, abs=1e-6)
    missed = 1 - result.bets.offered_share
    expected = sum(losses) / 12 + missed * tail
    assert result.headline.loss_nats.value == pytest.approx(expected, abs=1e-6)
    assert result.comparisons is not None
    whole = excess(published["answers"], judged_evens(app, "whole"))
    assert result.comparisons.excess_nats.value == pytest.approx(whole, abs=1e-6)
    assert result.tries is not None
    assert result.tries.solved == [0, 1]


def excess(answers: list[dict[str, Any]], evens: int) -> float:
    """With one rival a question: the mean of ln[g(x*)/g(x) · (1 − r)/r], and 0 for the target."""
    each = [
        math.log(a["model_share"] / (1 - a["model_share"])) + math.log(1 / a["share"] - 1)
        for a in answers
    ]
    return sum(each) / (len(each) + evens)


def tail_excess(app: APIFlask) -> float:
    """The same in the tail, where rivals come from q, half of it word frequency: ln g(x*)/q(x)."""
    with app.app_context():
        is_tail = (JudgementRow.form == "tail", JudgementRow.practice.is_(False))
        rows = db.session.scalars(select(JudgementRow).where(*is_tail)).all()
        each = [
            row.target_logprob_nats
            - float(row.rival_drawn_logprob_nats or 0)
            + math.log(1 / row.target_share - 1)
            for row in rows
        ]
        assert all(row.rival_drawn_logprob_nats is not None for row in rows)
    return sum(each) / len(each)


def judged_evens(app: APIFlask, form: str) -> int:
    with app.app_context():
        evens = select(JudgementRow).where(
            JudgementRow.form == form,
            JudgementRow.practice.is_(False),
            JudgementRow.asked.is_(False),
        )
        return len(db.session.scalars(evens).all())


def test_bets_in_tokens_give_the_losses_that_were_shown(
    app: APIFlask, alice: Player, truth: Truth, tmp_path: Path
) -> None:
    state = alice.start(mode="bet", unit="tokens")
    while not state["finished"]:
        target = truth(state, state["asked"]["position"])
        guess = target.strip() or target.replace("\n", "⏎")
        state = place_bet(alice, state, guess)["round"]
    at_a_human_pace(app)
    found = read_rows(exported(app, tmp_path))
    assert found.problems == []
    result = analyse(found.rows, unit=Unit.TOKENS)
    assert result.bets is not None
    losses = [answer["bet"]["loss_bits"] * math.log(2) for answer in state["answers"]]
    assert result.bets.loss_nats.value == pytest.approx(sum(losses) / 12, abs=1e-6)


def test_rows_say_what_they_are_and_hide_who_it_was(app: APIFlask, alice: Player) -> None:
    alice.play(lambda s: "the", assisted=True)
    rows = lines(app, "guesses")
    assert len(rows) == 12
    row = rows[0]
    assert (row["mode"], row["unit"], row["assisted"], row["attempt"]) == (
        "guess",
        "words",
        True,
        1,
    )
    assert row["is_word"]
    assert not row["repeated"]
    assert row["entropy_nats"] > 0
    assert row["response_ms"] >= 0
    with app.app_context():
        public_id = db.session.scalars(select(PlayerRow.public_id)).one()
    assert public_id not in json.dumps(rows)
    assert {r["player"] for r in rows} == {lines(app, "guesses")[-1]["player"]}


def test_doubtful_guesses_are_marked_and_count(app: APIFlask, alice: Player) -> None:
    texts = iter(["the"] * 7 + ["The", "water", "zxqvjk", "people", "time"])
    alice.play(lambda s: next(texts))
    rows = lines(app, "guesses")
    assert [row["same_answer"] for row in rows] == [True] * 8 + [False] * 4
    assert [row["guess_is_token"] for row in rows][8:] == [True, False, True, True]


@pytest.mark.parametrize("daily", [False, True])
def test_an_export_tells_what_people_say_beside_what_the_model_expects(
    app: APIFlask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, daily: bool
) -> None:
    monkeypatch.setattr(choosing, "_anywhere", lambda: 0.0)  # all draw the same passage
    for text in ("the", "The", "the", "a", "a", "time", "people", "zxqvjk", "antidote", "of"):
        alone = Player(app.test_client())
        state = alone.start(daily=daily)
        answer = alone.answer(state["id"], state["asked"]["position"], text).get_json()["answer"]
        row = lines(app, "guesses")[-1]
        if answer["guess_rank"] is None:
            assert row["guess_logprob_below"][row["model"]] < math.log(1e-3)
            assert "guess_logprob" not in row
        else:
            assert row["guess_rank"] == answer["guess_rank"]
            assert (
                row["guess_logprob"][row["model"]] >= math.log(answer["guess_probability"]) - 1e-6
            )
    at_a_human_pace(app)
    rows = read_rows(exported(app, tmp_path)).rows
    assert (analyse(rows).people is None) is daily
    people = analyse(rows, mixed=True).people
    assert people is not None
    (place,) = people.positions
    assert [(answer.answer, answer.count) for answer in place.distribution][:2] == [
        ("the", 3),
        ("a", 2),
    ]
    if daily:
        return  # of its hard words the test's model has stored none of these answers
    assert people.total_variation is not None
    assert 0 < people.total_variation.value < 1
    assert people.first_choice_people is not None


def test_a_passage_seen_before_is_marked_and_an_own_text_stays_with_its_player(
    app: APIFlask, alice: Player, tmp_path: Path
) -> None:
    text = "The quick brown fox jumps over the lazy dog and then it sleeps. " * 6
    own = alice.client.post("/api/v1/try/rounds", json={"text": text}).get_json()
    alice.answer(own["id"], own["asked"]["position"], "dog")
    for _ in range(7):  # there are six passages
        alice.play(lambda s: "the")
    at_a_human_pace(app)
    rows = lines(app, "guesses")
    assert len(rows) == 7 * 12
    assert sum(row["repeated"] for row in rows) == 12
    result = analyse(read_rows(exported(app, tmp_path)).rows)
    assert (result.rows.guesses, result.rows.left_out) == (72, 12)


def test_players_who_do_not_count_are_marked(app: APIFlask, alice: Player, bob: Player) -> None:
    alice.play(lambda s: None)
    bob.play(lambda s: "the")
    at_a_human_pace(app)
    rows = lines(app, "guesses")
    assert [row["excluded"] for row in rows] == [True] * 12 + [False] * 12
    runner = app.test_cli_runner()
    flagged = runner.invoke(args=["players", "flag", rows[-1]["player"]])
    assert "Their answers no longer count." in flagged.output
    assert all(row["excluded"] for row in lines(app, "guesses"))
    again = runner.invoke(args=["players", "flag", rows[-1]["player"], "--unflag"])
    assert "count again" in again.output
    assert not lines(app, "guesses")[-1]["excluded"]
    unknown = runner.invoke(args=["players", "flag", "nobody"])
    assert unknown.exit_code == 1
    assert "There is no player “nobody”" in unknown.output


@on_sqlite
def test_an_export_is_packed_where_the_client_takes_or_asks_for_it(
    app: APIFlask, alice: Player
) -> None:
    alice.play(lambda s: "the")
    client = app.test_client()
    plain = client.get("/admin/export/guesses.jsonl", headers=BEARER)
    taken = client.get("/admin/export/guesses.jsonl", headers=BEARER | {"Accept-Encoding": "gzip"})
    asked = client.get("/admin/export/guesses.jsonl.gz", headers=BEARER)
    assert plain.mimetype == "application/jsonl"
    assert taken.headers["Content-Encoding"] == "gzip"
    assert asked.mimetype == "application/gzip"
    assert "Content-Encoding" not in asked.headers
    assert gzip.decompress(taken.data) == gzip.decompress(asked.data) == plain.data


@on_sqlite
def test_an_export_needs_the_admins_token(app: APIFlask) -> None:
    client = app.test_client()
    for kind in KINDS:
        assert client.get(f"/admin/export/{kind}.jsonl").status_code == 401
    assert client.get("/admin/export/players.jsonl", headers=BEARER).status_code == 404
    for kind in KINDS:
        assert lines(app, kind) == []


def test_the_command_writes_to_standard_output_too(app: APIFlask, alice: Player) -> None:
    alice.play(lambda s: "the")
    runner = app.test_cli_runner()
    plain = runner.invoke(args=["export", "guesses"])
    packed = runner.invoke(args=["export", "guesses", "--gzip"])
    assert plain.stdout_bytes.count(b"\n") == 12
    assert gzip.decompress(packed.stdout_bytes) == plain.stdout_bytes
