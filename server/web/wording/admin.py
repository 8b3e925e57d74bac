"""What the admin's page says."""

from __future__ import annotations

from server.services.statistics.admin import StatisticsView
from server.web.wording.figures import counted


def statistics_sentence(stats: StatisticsView) -> str:
    """Return how much was played, and what is left out or still to be counted."""
    if not stats.guesses:
        return "Nobody has answered yet; the numbers come with the first guess."
    sentences = [
        f"{counted(stats.players, 'player')} began {counted(stats.rounds, 'round')} "
        f"and settled {counted(stats.guesses, 'position')}."
    ]
    if stats.repeated_guesses:
        are = "is" if stats.repeated_guesses == 1 else "are"
        sentences.append(
            f"{counted(stats.repeated_guesses, 'guess', 'guesses')} on passages that their player "
            f"had seen before {are} left out of the comparison."
        )
    if stats.waiting:
        sentences.append(
            f"The newest answers of {counted(stats.waiting, 'player')} are still being counted."
        )
    return " ".join(sentences)
