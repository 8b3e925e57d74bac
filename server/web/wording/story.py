"""What a round was like, in a sentence that is plain, true and kind, and its most telling words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.services.contract.answers import AnswerView
from server.services.contract.results import ResultView
from server.web.wording.figures import in_words, ordinal, probability

# What the model gave less than this, it did not see coming.
NEVER_SEEN_COMING = 0.02
_LONG_ENOUGH = 4  # letters, of a word that says something by itself
_NEAR = 10  # a rank that is worth telling


@dataclass(frozen=True)
class Telling:
    """A word that tells something about the round: a title, the word, and why."""

    title: str
    word: str
    why: str


def story(result: ResultView) -> str:
    """Return the sentence that a result of guesses or tries opens with."""
    label, noun = result.round.model.label, result.round.unit.removesuffix("s")
    answers = _answers(result)
    alone = [answer for answer in answers if answer.right and not answer.model_right]
    unseen = [answer for answer in alone if answer.target_probability < NEVER_SEEN_COMING]
    if unseen:
        return f"You got {_words(len(unseen), noun)} that {label} never saw coming."
    if alone:
        return f"You got {_words(len(alone), noun)} that {label} missed."
    if right := sum(answer.right for answer in answers):
        shared = "it" if right == 1 else "them"
        return (
            f"You got {_words(right, noun)} of {in_words(len(answers))}; {label} had {shared} too."
        )
    near = [answer for answer in answers if answer.guess_rank and answer.guess_rank <= _NEAR]
    if near:
        nearest = min(near, key=lambda answer: answer.guess_rank or _NEAR)
        choice = ordinal(nearest.guess_rank or _NEAR)
        return (
            f"None this time, but “{nearest.guess}” was a sound thought: "
            f"{label}’s {choice} choice there."
        )
    return "None this time. Most words of most texts are hard, as the map below shows."


def telling(result: ResultView) -> list[Telling]:
    """Return the hardest word that the player got, and the easiest that they missed."""
    label, answers = result.round.model.label, _answers(result)
    found = []
    if right := [answer for answer in answers if answer.right]:
        hardest = min(right, key=lambda answer: answer.target_probability)
        why = f"{label} gave it {probability(hardest.target_probability)}"
        found.append(Telling("Hardest you got", hardest.target, why))
    if missed := [answer for answer in answers if not answer.right]:
        # That "the" was missed tells nothing, however likely it was.
        telling_words = [answer for answer in missed if len(answer.target) >= _LONG_ENOUGH]
        easiest = max(telling_words or missed, key=lambda answer: answer.target_probability)
        guess = "you skipped" if easiest.skipped else f"you said “{easiest.guess}”"
        why = f"{label} gave it {probability(easiest.target_probability)}; {guess}"
        found.append(Telling("Easiest you missed, little words aside", easiest.target, why))
    return found


def _answers(result: ResultView) -> Sequence[AnswerView]:
    return [answer for answer in result.round.answers if isinstance(answer, AnswerView)]


def _words(count: int, noun: str) -> str:
    return f"{in_words(count)} {noun}{'' if count == 1 else 's'}"
