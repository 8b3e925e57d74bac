"""A host and players, each with a browser of their own, and what only the server knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from server.application import db
from server.services.play.library import ScoreLibrary
from server.store.rooms.room_tables import RoomRow

WRONG = "zyzzyva"


@dataclass
class Room:
    """A room with its host and its players."""

    app: APIFlask
    host: FlaskClient
    code: str
    players: list[FlaskClient] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"/api/v1/rooms/{self.code}"

    def join(self, name: str | None = None, **body: Any) -> FlaskClient:
        client = self.app.test_client()
        response = client.post(f"{self.url}/players", json={"name": name, **body})
        assert response.status_code == 201, response.text
        self.players.append(client)
        return client

    def post(self, client: FlaskClient, what: str, **body: Any) -> TestResponse:
        return client.post(f"{self.url}/{what}", json=body)

    def move(self, what: str, **body: Any) -> dict[str, Any]:
        response = self.post(self.host, what, **body)
        assert response.status_code == 200, response.text
        return dict(response.get_json())

    def answer(self, client: FlaskClient, text: str) -> dict[str, Any]:
        response = self.post(client, "answers", text=text)
        assert response.status_code == 200, response.text
        return dict(response.get_json())

    def state(self, client: FlaskClient | None = None) -> dict[str, Any]:
        response = (client or self.host).get(self.url)
        assert response.status_code == 200, response.text
        return dict(response.get_json())

    def reading(self) -> Any:
        """Return what the room is played on."""
        with self.app.app_context():
            row = db.session.scalars(select(RoomRow).where(RoomRow.code == self.code)).one()
            return ScoreLibrary().room_reading(db.session, row)

    def target(self, word: int) -> str:
        """Return what only the server knows: the author's word."""
        reading = self.reading()
        return str(reading.at(reading.asked[word]).target).strip()


OpenRoom = Callable[..., Room]


@pytest.fixture
def open_room(app: APIFlask) -> OpenRoom:
    """Open a room as a new host."""

    def open_it(**wish: Any) -> Room:
        host = app.test_client()
        response = host.post("/api/v1/rooms", json={"words": 3, **wish})
        assert response.status_code == 201, response.text
        return Room(app, host, response.get_json()["code"])

    return open_it
