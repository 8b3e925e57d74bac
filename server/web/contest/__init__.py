"""Pages, pictures and API of what players do together."""

from __future__ import annotations

from server.web.contest.challenges import challenge_api, challenge_pages
from server.web.contest.leaderboard import boards, boards_api
from server.web.contest.previews import previews
from server.web.contest.transfers import transfers_api

contest_blueprints = (
    *(challenge_api, challenge_pages, previews),
    *(boards_api, boards, transfers_api),
)
