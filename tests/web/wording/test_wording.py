"""The result page's sentences: true and kind, also when the sample proves nothing."""

from __future__ import annotations

import math
from datetime import date

import pytest

from server.domain.estimators.accuracy import PairedCounts, wilson_interval
from server.domain.intervals.clusters import one_player_weights
from server.domain.intervals.of_accuracy import DEFAULT_PAIRED, paired_intervals
from server.services.contract.answers import AnswerView, PointsView
from server.services.contract.figures import ComparisonView, IntervalView, ModelSideView, SideView
from server.services.contract.opponents import ModelView
from server.services.contract.results import ResultView
from server.services.contract.rounds import PassageView, RoundView, ScoreView
from server.web.wording.daily import named
from server.web.wording.figures import lead_sentence, ordinal, probability, sensible, stated
from server.web.wording.results import result_wording
from server.web.wording.story import story, telling

NARROW_SPACE = "\u202f"
TARGETS = [f"target{index}" for index in range(20)]
PROBABILITIES = [0.5, 0.016, 0.3]


def answer(index: int, right: bool, model_right: bool) -> AnswerView:
    """An answer; the target's probability is taken from PROBABILITIES in turn."""
    probability = PROBABILITIES[index % len(PROBABILITIES)]
    return AnswerView(
        position=20 + index,
        guess="guessed",
        skipped=False,
        target=TARGETS[index],
        right=right,
        model_guess="foreseen",
        model_right=model_right,
        target_probability=probability,
        target_rank=1,
        target_loss_bits=-math.log2(probability),
        guess_probability=None,
        guess_rank=None,
        guess_is_token=False,
        guess_probability_below=None,
        points=PointsView(you=2.0 * right, model=2.0 * model_right),
        candidates=[],
    )


def comparison(both: int, person_only: int, model_only: int, neither: int) -> ComparisonView:
    counts = PairedCounts(both, person_only, model_only, neither)
    found = paired_intervals(counts, one_player_weights([counts.n]), DEFAULT_PAIRED)
    return ComparisonView(
        difference=IntervalView.of(found.difference),
        p_value=found.p_value,
        answers_to_settle=found.answers_to_settle,
    )


def result(
    both: int,
    person_only: int,
    model_only: int,
    neither: int,
    *,
    label: str = "GPT-2",
    unit: str = "words",
) -> ResultView:
    """A finished round: first what both had, then the person alone, the model alone, nobody."""
    marks = (
        [(True, True)] * both
        + [(True, False)] * person_only
        + [(False, True)] * model_only
        + [(False, False)] * neither
    )
    n, you, model = len(marks), both + person_only, both + model_only
    return ResultView(
        round=RoundView(
            id="round",
            mode="guess",
            unit=unit,
            assisted=False,
            repeated=False,
            practice=False,
            form=None,
            daily=None,
            draw="uniform",
            finished=True,
            model=ModelView(name="name", revision="r", parameters=1, label=label),
            passage=PassageView(title="The Title", genre="Genre", source="Source"),
            text="",
            segments=[],
            asked=None,
            answers=[answer(index, *sides) for index, sides in enumerate(marks)],
            score=ScoreView(
                answered=n, you=you, model=model, points=PointsView(you=you, model=model)
            ),
        ),
        tokens=[],
        words=[],
        you=SideView(accuracy=IntervalView.of(wilson_interval(you, n))),
        model=ModelSideView(
            accuracy=IntervalView.of(wilson_interval(model, n)),
            bits_per_target=3.0,
            bits_per_word=3.0,
            perplexity=8.0,
        ),
        comparison=comparison(both, person_only, model_only, neither),
    )


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, "0\u202f%"),
        (1.0, ">\u202f99\u202f%"),
        (0.31, "31\u202f%"),
        (0.305, "31\u202f%"),
        (0.0995, "10\u202f%"),
        (0.016, "1.6\u202f%"),
        (0.001, "0.1\u202f%"),
        (0.0001, "0.01\u202f%"),
        (0.0000417, "1 in 24,000"),
        (0.0000009, "1 in 1.1 million"),
        (1e-6, "1 in 1 million"),
        (3.2e-10, "1 in 3.1 billion"),
    ],
)
def test_a_probability_has_the_digits_that_matter(share: float, expected: str) -> None:
    assert probability(share) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.998, "99.8\u202f%"), (0.99, "99\u202f%"), (0.65, "65\u202f%"), (0.002, "0.2\u202f%")],
)
def test_a_stated_share_keeps_the_tenths_that_were_chosen(share: float, expected: str) -> None:
    assert stated(share) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, "1.0"), (9.94, "9.9"), (9.96, "10"), (26.3, "26"), (128.4, "128"), (1_236.4, "1,240")],
)
def test_a_perplexity_has_at_most_three_digits(value: float, expected: str) -> None:
    assert sensible(value) == expected


@pytest.mark.parametrize(
    ("sides", "headline"),
    [
        ((3, 0, 0, 9), "Level with {}."),
        ((0, 2, 2, 8), "Level with {}."),
        ((3, 1, 0, 8), "You were ahead of {} by one word."),
        ((3, 4, 1, 4), "You were ahead of {} by three words."),
        ((3, 0, 1, 8), "{} was ahead by one word."),
        ((0, 0, 12, 0), "{} was ahead by twelve words."),
        ((0, 0, 13, 0), "{} was ahead by 13 words."),
    ],
)
@pytest.mark.parametrize("label", ["GPT-2", "Minnow"])
def test_the_headline_says_who_was_ahead_by_how_much(
    sides: tuple[int, int, int, int], headline: str, label: str
) -> None:
    assert result_wording(result(*sides, label=label)).headline == headline.format(label)


@pytest.mark.parametrize(("lead", "noun"), [(1, "one token."), (2, "two tokens.")])
def test_a_round_of_tokens_speaks_of_tokens(lead: int, noun: str) -> None:
    wording = result_wording(result(0, lead, 0, 9, unit="tokens"))
    assert wording.headline.endswith(noun)
    assert "tokens" in wording.lead
    assert "tokens" in wording.share_text
    assert "a token," in wording.model.exact


def test_a_round_that_proves_nothing_says_so_and_how_much_more_would_tell() -> None:
    """2 against 1 of 12 need 127 more (see test_accuracy), shown as about 130."""
    sentence = lead_sentence(comparison(3, 2, 1, 6), "word")
    assert sentence == (
        "On 12 words that proves little: "
        "the 95\u202f% interval of the difference still includes zero. "
        "At this rate about 310 more would settle it."
    )


@pytest.mark.parametrize(
    ("more", "shown"), [(1, "1"), (19, "19"), (23, "23"), (149, "150"), (1_234, "1,200")]
)
def test_how_much_more_is_said_in_round_numbers(more: int, shown: str) -> None:
    undecided = comparison(3, 2, 1, 6).model_copy(update={"answers_to_settle": more})
    assert f"about {shown} more" in lead_sentence(undecided, "word")


def test_a_settled_round_says_that_the_interval_leaves_out_zero() -> None:
    sentence = lead_sentence(comparison(0, 12, 0, 0), "word")
    assert sentence.startswith(
        "The 95\u202f% interval of the difference excludes zero after 12 words"
    )
    assert "proves little" not in sentence


def test_a_tie_is_said_to_be_one() -> None:
    sentence = lead_sentence(comparison(4, 1, 1, 6), "word")
    assert sentence.startswith("You are level after 12 words")


@pytest.mark.parametrize("sides", [(0, 1, 0, 0), (1, 0, 0, 0)])
def test_one_word_is_in_the_singular(sides: tuple[int, int, int, int]) -> None:
    wording = result_wording(result(*sides))
    assert "1 words" not in wording.lead
    assert "1 words" not in wording.share_text


def test_the_share_text_has_both_scores_and_the_marks_in_fives() -> None:
    wording = result_wording(result(3, 2, 1, 6))
    assert wording.share_grid == ["●●●●● ○○○○○ ○○", "■■■□□ ■□□□□ □□"]
    assert wording.share_text == (
        "Perplexed: I guessed 5 of 12 words, GPT-2 4.\n●●●●● ○○○○○ ○○\n■■■□□ ■□□□□ □□"
    )


def test_the_share_text_spoils_nothing() -> None:
    text = result_wording(result(3, 2, 1, 6)).share_text
    assert not any(secret in text for secret in [*TARGETS, "The Title", "Source", "foreseen"])


def test_each_side_has_its_share_with_an_interval() -> None:
    """Wilson: 5 of 12 is 19 to 68 %, 4 of 12 is 14 to 61 %."""
    wording = result_wording(result(3, 2, 1, 6))
    assert wording.you.exact == f"42{NARROW_SPACE}% right, between 19 and 68{NARROW_SPACE}%"
    assert wording.model.exact == (
        f"33{NARROW_SPACE}% right, between 14 and 61{NARROW_SPACE}%; "
        "3.0 bits a word, perplexity 8.0"
    )
    assert (wording.you.detail, wording.model.detail) == ("5.0 points", "4.0 points")


@pytest.mark.parametrize(
    ("sides", "sentence"),
    [
        ((1, 1, 0, 4), "You got one word that GPT-2 never saw coming."),
        ((0, 1, 0, 4), "You got one word that GPT-2 missed."),
        ((0, 3, 0, 0), "You got one word that GPT-2 never saw coming."),
        ((2, 0, 3, 7), "You got two words of twelve; GPT-2 had them too."),
        ((1, 0, 3, 8), "You got one word of twelve; GPT-2 had it too."),
        (
            (0, 0, 3, 9),
            "None this time. Most words of most texts are hard, as the map below shows.",
        ),
    ],
)
def test_a_result_opens_with_what_was_best_about_it(
    sides: tuple[int, int, int, int], sentence: str
) -> None:
    """Targets have 50, 1.6 and 30 % in turn; under 2 % is what nobody saw coming."""
    assert story(result(*sides)) == sentence


def test_a_round_without_a_hit_names_the_guess_that_came_near() -> None:
    missed = result(0, 0, 1, 2)
    near = missed.round.answers[1]
    assert isinstance(near, AnswerView)
    near.guess, near.guess_rank = "soon", 2
    assert story(missed) == (
        "None this time, but “soon” was a sound thought: GPT-2’s second choice there."
    )


def test_the_hardest_hit_and_the_easiest_miss_are_chosen_by_surprise() -> None:
    """Hits have 50 and 1.6 %, misses 30 and 50 %."""
    hardest, easiest = telling(result(1, 1, 0, 2))
    assert (hardest.title, hardest.word) == ("Hardest you got", "target1")
    assert hardest.why == f"GPT-2 gave it 1.6{NARROW_SPACE}%"
    assert (easiest.title, easiest.word) == ("Easiest you missed, little words aside", "target3")
    assert easiest.why == f"GPT-2 gave it 50{NARROW_SPACE}%; you said “guessed”"


def test_without_a_hit_only_the_easiest_miss_is_told() -> None:
    assert [item.title for item in telling(result(0, 0, 4, 8))] == [
        "Easiest you missed, little words aside"
    ]


@pytest.mark.parametrize(
    ("rank", "name"),
    [(1, "first"), (3, "third"), (4, "4th"), (11, "11th"), (21, "21st"), (112, "112th")],
)
def test_a_rank_is_said_as_people_say_it(rank: int, name: str) -> None:
    assert ordinal(rank) == name


def test_a_daily_is_sent_by_its_number() -> None:
    assert (named(date(2026, 11, 27)), named(None)) == ("Perplexed 331", "Perplexed")
