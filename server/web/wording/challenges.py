"""Sentences of a challenge: for whoever is asked, whoever has played, and a link's picture."""

from __future__ import annotations

from dataclasses import dataclass

from server.domain.play.rounds import Mode
from server.services.contract.challenges import ChallengeResultView, ChallengeView
from server.web.wording.daily import named
from server.web.wording.figures import MODEL_MARKS, PERSON_MARKS, counted, grid

A_FRIEND = "A friend"
_NO_NAME = "Somebody"
_TASKS = {
    Mode.GUESS: "Guess the same {n}, blind.",
    Mode.BET: "Bet on the same {n}, blind.",
    Mode.DUEL: "Weigh the same {n}, blind.",
    Mode.TRIES: "Find the same {n} in five tries each, blind.",
}


@dataclass(frozen=True)
class Side:
    """A column of marks."""

    name: str
    marks: list[bool]


@dataclass(frozen=True)
class ChallengeWording:
    """The texts of a challenge's page and of its link's preview.

    `sides` are the columns beside the model's, `names` the lines of the table of results; both are
    empty for whoever has not played yet.
    """

    name: str
    nouns: str
    headline: str
    lead: str
    preview_title: str
    preview_text: str
    picture_text: str
    sides: list[Side]
    names: list[str]
    share_text: str
    share_grid: list[str]


def challenge_wording(view: ChallengeView) -> ChallengeWording:
    """Return the texts of a challenge as its reader may see it."""
    name, label = name_of(view), view.model.label
    score = f"{name} {_had(view)}, {label} {_model_had(view)}."
    text, marks = _share(view)
    verb = "paid" if view.mode == Mode.BET else "had"
    return ChallengeWording(
        name=name,
        nouns=_noun(view) + "s",
        headline=_headline(view),
        lead=f"{label} {verb} {_model_had(view)}. {_task(view)}",
        preview_title=preview_sentence(view),
        preview_text=f"“{view.passage.title}”, against {label}. {_task(view)} No account needed.",
        picture_text=f"Two rows of marks, word by word. {score}",
        sides=_sides(view),
        names=[called(result) for result in view.results or ()],
        share_text="\n".join((text, *marks)),
        share_grid=marks,
    )


def name_of(view: ChallengeView) -> str:
    """Return what the challenger is called."""
    return view.by.name or A_FRIEND


def called(result: ChallengeResultView) -> str:
    """Return what somebody is called in the table of all who took a challenge."""
    if result.you:
        return "You"
    return result.name or (A_FRIEND if result.challenger else _NO_NAME)


def preview_sentence(view: ChallengeView) -> str:
    """Return the sentence that a link's preview says."""
    return f"{name_of(view)} {_had(view)}. Can you do better?"


def site_sentence(label: str) -> str:
    """Return the sentence of the site's own preview."""
    return f"Can you predict text better than {label}?"


def _headline(view: ChallengeView) -> str:
    yours = _yours(view)
    if yours is None:
        return preview_sentence(view)
    if view.asker.is_challenger:
        others = len(view.results or ()) - 1
        return f"{counted(others, 'friend')} took your challenge" if others else "Your challenge"
    return f"You {_did(view, yours)}, {_other(view)} {_number(view, _challenger(view))}."


def _other(view: ChallengeView) -> str:
    """Return what the challenger is called within a sentence."""
    return view.by.name or A_FRIEND.lower()


def _share(view: ChallengeView) -> tuple[str, list[str]]:
    """Return the sentence to send on, and the rows of marks below it."""
    yours = _yours(view)
    if yours is None:
        return "", []
    model = f"{view.model.label} {_model_had(view)}"
    others = ""
    if not view.asker.is_challenger:
        others = f"{_other(view)} {_number(view, _challenger(view))}, "
    text = f"{named(view.daily)}: I {_did(view, yours)}, {others}{model}. Can you do better?"
    models = [word.model_right for word in view.words or ()]
    return text, [grid(PERSON_MARKS, yours.marks), grid(MODEL_MARKS, models)]


def _sides(view: ChallengeView) -> list[Side]:
    """Return the reader's column and the challenger's; for the challenger, the best friend's."""
    yours = _yours(view)
    if yours is None:
        return []
    others = [result for result in view.results or () if not result.you]
    theirs = next((result for result in others if result.challenger), others[0] if others else None)
    shown = [yours] if theirs is None else [yours, theirs]
    return [Side(called(result), result.marks) for result in shown]


def _yours(view: ChallengeView) -> ChallengeResultView | None:
    return next((result for result in view.results or () if result.you), None)


def _challenger(view: ChallengeView) -> ChallengeResultView:
    return next(result for result in view.results or () if result.challenger)


def _had(view: ChallengeView) -> str:
    bits = view.score.you_bits
    if bits is not None and view.mode == Mode.BET:
        return f"paid {bits:.1f} bits a {_noun(view)}"
    return f"had {view.score.you} of {counted(view.score.answered, _noun(view))}"


def _model_had(view: ChallengeView) -> str:
    if view.mode == Mode.BET and view.score.model_bits is not None:
        return f"{view.score.model_bits:.1f}"
    return str(view.score.model)


def _did(view: ChallengeView, result: ChallengeResultView) -> str:
    if view.mode == Mode.BET:
        return f"paid {_number(view, result)} bits a {_noun(view)}"
    return f"had {result.right} of {counted(view.score.answered, _noun(view))}"


def _number(view: ChallengeView, result: ChallengeResultView) -> str:
    is_bet = view.mode == Mode.BET and result.loss_bits is not None
    return f"{result.loss_bits:.1f}" if is_bet else str(result.right)


def _task(view: ChallengeView) -> str:
    return _TASKS[Mode(view.mode)].format(n=counted(view.score.answered, _noun(view)))


def _noun(view: ChallengeView) -> str:
    return "pair" if view.mode == Mode.DUEL else view.unit.removesuffix("s")
