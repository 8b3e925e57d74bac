"""The JSON interface under /api/v1."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, url_for

from server.application import db, now, service
from server.services.contest.taking import take
from server.services.contract.crowd import PositionView
from server.services.contract.players import PlayerData, PlayerView
from server.services.contract.results import ResultView
from server.services.contract.rounds import DuelView, GuessOutcome, RoundView
from server.services.play import players
from server.services.play.duel_questions import next_duel, parts_of
from server.services.play.duels import Judgement
from server.web.http.answers import json_answer
from server.web.http.context import admission, forget_player, player_id, remember_player, rounds
from server.web.http.limits import DATA_LIMIT, START_LIMIT, answering, limiter, starting
from server.web.http.metrics import answered
from server.web.http.readers import refuse_readers
from server.web.http.schemas import (
    ComparisonWish,
    DataPage,
    NewBet,
    NewGuess,
    NewJudgement,
    NewRound,
    NewRoundJudgement,
    PlayerChange,
)

api = APIBlueprint("api", __name__, url_prefix="/api/v1")


@api.post("/rounds")
@starting
@api.input(NewRound)
@api.output(RoundView, status_code=201)
@api.doc(
    summary="Begin a round",
    responses={200: "The round of this kind that already waits", 404: "", 409: "", 503: ""},
)
def start_round(json_data: NewRound) -> Response:
    """Begin a round, or return the one of this kind that has no answer yet."""
    if json_data.challenge is not None:
        code, library = json_data.challenge, service().library
        started = take(db.session, library, admission(), player_id(), code, now())
    else:
        started = rounds().start(player_id(), json_data.wish(), now())
    remember_player(started.player_id)
    location = url_for("api.round_state", round_id=started.round.id)
    status = 201 if started.is_new else 200
    return json_answer(started.round, status, {"Location": location})


@api.get("/rounds/<round_id>")
@api.output(RoundView)
@api.doc(summary="A round as it stands", responses=[404])
def round_state(round_id: str) -> Response:
    """Return the revealed text, the asked position and the answers so far."""
    return json_answer(rounds().state(player_id(), round_id))


@api.post("/rounds/<round_id>/guesses")
@answering
@api.input(NewGuess)
@api.output(GuessOutcome)
@api.doc(summary="Answer the asked position", responses=[404, 409])
def submit_guess(round_id: str, json_data: NewGuess) -> Response:
    """Record a guess or a skip and reveal the target; repeating the request changes nothing."""
    return json_answer(answered(rounds().answer(player_id(), round_id, json_data.answer(), now())))


@api.post("/rounds/<round_id>/bets")
@answering
@api.input(NewBet)
@api.output(GuessOutcome)
@api.doc(summary="Bet on the asked position", responses=[404, 409])
def submit_bet(round_id: str, json_data: NewBet) -> Response:
    """Record a bet and reveal the target; the player's own guess, or a skip, comes first."""
    return json_answer(answered(rounds().answer(player_id(), round_id, json_data.answer(), now())))


@api.post("/rounds/<round_id>/judgements")
@answering
@api.input(NewRoundJudgement)
@api.output(GuessOutcome)
@api.doc(summary="Judge the asked pair", responses=[404, 409])
def submit_judgement(round_id: str, json_data: NewRoundJudgement) -> Response:
    """Record the share of the first of two tokens and reveal which the author wrote."""
    return json_answer(answered(rounds().answer(player_id(), round_id, json_data.answer(), now())))


@api.get("/comparisons/next")
@starting
@api.input(ComparisonWish, location="query")
@api.output(DuelView)
@api.doc(summary="The next pair to judge", responses={403: "", 429: "", 503: ""})
def next_comparison(query_data: ComparisonWish) -> DuelView:
    """Return the pair that the player's open round of duels asks now, or that of a new round."""
    refuse_readers()
    started = next_duel(rounds(), player_id(), query_data.wish(), now())
    remember_player(started.player_id)
    return started.duel


@api.post("/comparisons/<comparison_id>/judgements")
@answering
@api.input(NewJudgement)
@api.output(GuessOutcome)
@api.doc(summary="Judge a pair", responses=[404, 409])
def judge_comparison(comparison_id: str, json_data: NewJudgement) -> GuessOutcome:
    """Record the share of the first of two tokens and reveal which the author wrote."""
    round_id, position = parts_of(comparison_id)
    answer = Judgement(position, json_data.first)
    return answered(rounds().answer(player_id(), round_id, answer, now()))


@api.get("/rounds/<round_id>/result")
@api.output(ResultView)
@api.doc(summary="A finished round", responses=[404, 409])
def round_result(round_id: str) -> ResultView:
    """Return every token with both sides' marks and losses."""
    return rounds().result(player_id(), round_id)


@api.get("/positions/<position_id>")
@api.output(PositionView)
@api.doc(summary="How people answered a position that you have settled", responses=[404, 409])
def show_position(position_id: str) -> PositionView:
    """Return the crowd beside the model; the id is the round's and the position, a dot between."""
    return rounds().position(player_id(), position_id)


@api.get("/player")
@api.output(PlayerView)
@api.doc(summary="The player in the cookie")
def show_player() -> PlayerView:
    """Return nickname, totals and recent rounds."""
    return players.player_view(db.session, player_id(), service().opponent)


@api.patch("/player")
@starting
@api.input(PlayerChange)
@api.output(PlayerView)
@api.doc(summary="Set or clear the nickname")
def change_player(json_data: PlayerChange) -> PlayerView:
    """Set the nickname; null clears it."""
    remember_player(players.rename(db.session, player_id(), json_data.nickname, now()))
    return players.player_view(db.session, player_id(), service().opponent)


@api.delete("/player")
@limiter.limit(START_LIMIT)
@api.output({}, status_code=204)
@api.doc(summary="Delete the player with all rounds and answers")
def delete_player() -> str:
    """Delete everything that is stored about the player, and empty the cookie."""
    players.forget(db.session, player_id())
    forget_player()
    return ""


@api.get("/player/data")
@limiter.limit(DATA_LIMIT)
@api.input(DataPage, location="query")
@api.output(PlayerData)
@api.doc(summary="Download all that is stored about the player", responses=[404])
def player_data(query_data: DataPage) -> Response:
    """Return rounds, answers and own texts as a JSON file, a hundred rounds a page."""
    data = players.player_data(db.session, player_id(), query_data.page)
    response = json_answer(data)
    name = "perplexed.json" if data.pages == 1 else f"perplexed-{data.page}-of-{data.pages}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
