"""What a player's page says of steps and kinds."""

from __future__ import annotations

from collections.abc import Sequence

from server.domain.play.rounds import Draw, Mode
from server.services.contract.profile import StepView

_KINDS = {
    Mode.GUESS.value: "Guesses",
    Draw.MIXED.value: "Dailies",
    Mode.BET.value: "Bets",
    Mode.DUEL.value: "Duels",
    Mode.TRIES.value: "Tries",
}


def kind_of_play(way: str) -> str:
    """Return what the rounds of a mode, or the dailies, are called."""
    return _KINDS[way]


def what_the_tables_hold(label: str, has_scores: bool) -> str:
    """Say which rounds are in the tables, and where the dailies are.

    >>> what_the_tables_hold("Minnow", has_scores=False)
    'Finished rounds against Minnow, on passages that were new to you.'
    """
    held = f"Finished rounds against {label}, on passages that were new to you"
    if not has_scores:
        return held + "."
    return (
        f"{held}; all but the last table is of guesses at words, without suggestions. Dailies,"
        " whose words are not drawn evenly, count in how your rounds ended and have a row of their"
        " own; they are in no other table."
    )


def step_names(steps: Sequence[StepView], unit: str) -> list[str]:
    """Return the name of each step: under 2 bits, 2 to 4, … , 8 and more.

    >>> step_names([StepView(below=b, guesses=0, right=0, model_right=0) for b in (2, None)], "s")
    ['under 2 s', '2 s and more']
    """
    names, since = [], None
    for step in steps:
        if since is None:
            names.append(f"under {step.below:g} {unit}")
        elif step.below is None:
            names.append(f"{since:g} {unit} and more")
        else:
            names.append(f"{since:g} to {step.below:g} {unit}")
        since = step.below
    return names


def where_ahead(names: Sequence[str], steps: Sequence[StepView], label: str) -> str:
    """Say at which steps of the model's uncertainty the player had more right than the model."""
    ahead = [name for name, step in zip(names, steps, strict=True) if step.right > step.model_right]
    if not ahead:
        return f"{label} has had at least as many right at every step so far."
    if len(ahead) == len(steps):
        return f"You have had more right than {label} at every step."
    return f"You have had more right than {label} at {', '.join(ahead)}."
