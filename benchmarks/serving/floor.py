"""The floor: what Flask, SQLAlchemy and a commit cost when nothing else is done.

One endpoint that reads one row by a unique index and commits one insert, on the service's own
tables and with its own way to the database.
"""

from __future__ import annotations

import os

from flask import Flask, Response, jsonify
from sqlalchemy import create_engine, insert, select
from sqlalchemy.orm import Session

from server.store.engine import configure, engine_options, normalised_url, writing
from server.store.statistics.rollup_tables import PlayerMarkRow
from server.store.tables import PlayerRow

PLAYER = "the floor's own player"
PATH = "/floor"


def create_app() -> Flask:
    """Return the application on the database at DATABASE_URL, which holds the player."""
    app = Flask(__name__)
    engine = create_engine(**engine_options(normalised_url(os.environ["DATABASE_URL"])))
    configure(engine)

    @app.post(PATH)
    def read_and_write() -> Response:
        with Session(engine) as session, writing(session):
            query = select(PlayerRow.id).where(PlayerRow.public_id == PLAYER)
            player_id = session.execute(query).scalar_one()
            # A mark of nobody: the service would fold the player's otherwise.
            session.execute(insert(PlayerMarkRow).values(player_id=-player_id))
        return jsonify(player=player_id)

    return app
