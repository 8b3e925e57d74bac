"""The player's own page."""

from __future__ import annotations

from flask import render_template, request

from server.application import db, now, service
from server.domain.contest.emblems import emblem_seed
from server.services.contest.dailies import streak_of
from server.services.contest.profile import profile_view
from server.services.contract.profile import ProfileView, TallyView
from server.services.play.players import pages_of_data, player_view
from server.web.http.context import player_id
from server.web.wording.daily import STREAK_RULE, streak_words
from server.web.wording.profile import (
    kind_of_play,
    step_names,
    what_the_tables_hold,
    where_ahead,
)

_Entry = tuple[str, int, int, int, str]


def own_page() -> str:
    """Return the page of the player's own numbers, with a portion of their rounds."""
    choice, public_id = service().opponent, player_id()
    page = request.args.get("page", 1, type=int)
    player = player_view(db.session, public_id, choice, page)
    profile = profile_view(db.session, public_id, choice)
    label = player.opponent.label if player.opponent else ""
    streak = streak_of(db.session, public_id, now())
    return render_template(
        "you.html",
        player=player,
        profile=profile,
        data_pages=pages_of_data(player.rounds),
        streak=streak_words(streak) if streak else None,
        streak_rule=STREAK_RULE,
        own_emblem=emblem_seed(public_id) if public_id else None,
        **(_tables(profile, label) if profile else {}),
    )


def _tables(profile: ProfileView, label: str) -> dict[str, object]:
    """Return the rows of the page's tables: name, both sides' right answers, asked, a last cell."""
    entropy = step_names(profile.by_entropy_bits, "bits")
    pace = step_names(profile.by_seconds, "s")
    return {
        "weeks": [
            (
                week.monday.strftime("%-d %b %Y"),
                week.right,
                week.model_right,
                week.asked,
                f"{week.points / week.rounds:.1f}",
            )
            for week in reversed(profile.weeks)
        ],
        "scores": list(enumerate(profile.scores)),
        "entropy": [
            (name, step.right, step.model_right, step.guesses, "")
            for name, step in zip(entropy, profile.by_entropy_bits, strict=True)
        ],
        "ahead": where_ahead(entropy, profile.by_entropy_bits, label),
        "pace": [
            (name, step.right, step.model_right, step.guesses, "")
            for name, step in zip(pace, profile.by_seconds, strict=True)
        ],
        "genres": [_entry(row, row.key, f"{row.points:.0f}") for row in profile.genres],
        "what_is_held": what_the_tables_hold(label, has_scores=bool(profile.scores)),
        "modes": [_entry(row, kind_of_play(row.key), str(row.rounds)) for row in profile.modes],
    }


def _entry(row: TallyView, name: str, last: str) -> _Entry:
    return name, row.right, row.model_right, row.asked, last
