"""One history on two devices: the calls under /api/v1."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from server.application import db, now, service
from server.services.contest import transfers
from server.services.contract.players import PlayerView, TransferView
from server.services.play.players import player_view
from server.web.http.answers import json_answer
from server.web.http.context import player_id, remember_player
from server.web.http.limits import (
    JOIN_LIMIT_OF_ADDRESS,
    TRANSFER_LIMIT,
    address,
    limiter,
    starting,
)
from server.web.http.schemas import TransferCode

transfers_api = APIBlueprint("transfers_api", __name__, url_prefix="/api/v1")


@transfers_api.post("/player/transfer")
@starting
@limiter.limit(TRANSFER_LIMIT)
@transfers_api.output(TransferView, status_code=201)
@transfers_api.doc(summary="Make a code for another device")
def begin() -> Response:
    """Return a code of eight letters that lasts ten minutes and serves once."""
    view, public_id = transfers.begin_transfer(db.session, player_id(), now())
    remember_player(public_id)
    return json_answer(view, 201)


@transfers_api.post("/player/join")
@limiter.limit(JOIN_LIMIT_OF_ADDRESS, key_func=address)
@transfers_api.input(TransferCode)
@transfers_api.output(PlayerView)
@transfers_api.doc(summary="Join this device to another's history", responses=[409])
def join(json_data: TransferCode) -> Response:
    """Join both histories under the player whose code it is; the cookie then holds that player."""
    public_id = transfers.join(db.session, player_id(), json_data.code, now())
    remember_player(public_id)
    return json_answer(player_view(db.session, public_id, service().opponent))
