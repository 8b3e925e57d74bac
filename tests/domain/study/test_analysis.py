"""A study's rows give numbers that were worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from server.domain.errors import InvalidInput
from server.domain.study.analysis import analyse
from server.domain.study.interchange import record_of
from server.domain.text.tokens import Unit
from tests.domain.rows import G, bet, comparison, guess, rows


def test_nothing_gives_nothing() -> None:
    nothing = analyse([])
    assert (nothing.guesses, nothing.bets, nothing.comparisons) == (None, None, None)
    assert (nothing.headline, nothing.tries, nothing.reference, nothing.players) == (
        None,
        None,
        None,
        0,
    )


def test_accuracy_counts_first_unassisted_guesses_and_skips_as_not_right() -> None:
    found = analyse(
        rows(
            guess(guess="Cat"),
            guess(player="bob", guess=None),
            guess(player="bob", position=21, is_word=False, unit="tokens", guess="cat"),
            guess(player="bob", position=22, unit=None, guess="cat"),
            guess(player="bob", position=23, assisted=True),
            guess(player="bob", position=22, attempt=2, unit=None),
            guess(player="bob", position=24, repeated=True),
        )
    )
    assert found.guesses is not None
    assert found.guesses.all is not None
    assert found.guesses.words is not None
    assert (found.guesses.all.value, found.guesses.all.n) == (1 / 2, 4)
    assert (found.guesses.words.value, found.guesses.words.n) == (1 / 3, 3)
    assert found.guesses.words.low < found.guesses.all.low < found.guesses.words.high
    assert (found.guesses.players, found.guesses.skipped) == (2, 1)
    assert (found.players, found.rows.guesses, found.rows.left_out) == (2, 6, 1)


def test_guesses_are_paired_with_the_model_in_groups_that_never_mix_assistance() -> None:
    found = analyse(
        rows(
            guess(),
            guess(position=21, guess="dog", model_guess=" Cat", target_logprob={G: -1.0}),
            guess(position=22, assisted=True),
            guess(position=23, model_guess=None),
        )
    )
    assert found.guesses is not None
    alone, assisted = found.guesses.groups
    assert (alone.guesses, alone.assisted, assisted.guesses, assisted.assisted) == (
        2,
        False,
        1,
        True,
    )
    assert (alone.difference.value, alone.difference.n) == (0, 2)
    assert alone.difference.low == -alone.difference.high
    assert alone.p_value == 1.0
    assert alone.model_perplexity == pytest.approx(math.exp(1.5))


def test_comparisons_by_hand() -> None:
    """Question q1: ratios 1/3 and 1, T = ln(2/3); q2: ratio 3 alone. The model's losses: 3, 1."""
    found = analyse(
        rows(
            comparison(),
            comparison(player="bob", p_target=0.5),
            comparison(
                question="q2", p_target=0.25, target_logprob={G: -1}, rival_logprob={G: -1.0000001}
            ),
        )
    ).comparisons
    assert found is not None
    assert (found.questions, found.judgements, found.players, found.reference) == (2, 3, 2, G)
    assert found.reference_loss_nats == 2.0
    plain = (math.log(2 / 3) + math.log(3)) / 2
    q1 = 2 * math.log(2 / 3) - (math.log(1) + math.log(1 / 3)) / 2
    assert found.excess_nats.value == pytest.approx(plain, abs=1e-6)
    assert found.excess_jackknife_nats.value == pytest.approx((q1 + math.log(3)) / 2, abs=1e-6)
    assert found.perplexity == pytest.approx(math.exp(2 + plain), rel=1e-6)
    assert found.loss_jackknife_nats.value == pytest.approx(2 + found.excess_jackknife_nats.value)
    assert found.true_excess_nats is None


def test_a_rival_that_frequency_drew_too_counts_by_how_likely_it_was_drawn() -> None:
    """The row's ratio is 1/3; drawn with e⁻² where g gives e⁻³ it counts e⁻¹ times that."""
    drawn = {"target": -4.0, "rival": -2.0000001}
    found = analyse(rows(comparison(drawn_logprob=drawn))).comparisons
    assert found is not None
    assert found.excess_nats.value == pytest.approx(math.log(1 / 3) - 1, abs=1e-6)


def test_a_rival_that_every_model_gives_the_same_is_the_target() -> None:
    found = analyse(rows(comparison(p_target=0.99, rival_logprob={G: -3.0}))).comparisons
    assert found is not None
    assert found.excess_nats.value == 0.0


def test_another_reference_than_the_generator_moves_the_excess_by_the_difference_of_losses() -> (
    None
):
    both = {"target_logprob": {G: -3.0, "big": -2.5}, "rival_logprob": {G: -4.0, "big": -5.0}}
    record = comparison(**both)
    found, moved = (
        analyse(rows(record)).comparisons,
        analyse(rows(record), reference="big").comparisons,
    )
    assert found is not None
    assert moved is not None
    assert moved.reference_loss_nats == 2.5
    assert moved.excess_nats.value == pytest.approx(found.excess_nats.value + 0.5)
    assert moved.loss_jackknife_nats == found.loss_jackknife_nats


def headline_records() -> list[dict[str, Any]]:
    """Bets whose target was offered thrice and once not, and one tail question with ratio 3.

    Not offered: −ln 0.25 − ln[e⁻⁵ / (1 − e⁻² − e⁻¹)] = 1.386294 + 5 − 0.699773 = 5.686521.
    """
    missed = bet(position=23, target=" hen", target_logprob={G: -5.0})
    tail = comparison(p_target=0.25, tail=True)
    return [bet(position=position) for position in (20, 21, 22)] + [missed, tail]


def test_the_headline_by_hand() -> None:
    found = analyse(rows(*headline_records()))
    bets, headline = found.bets, found.headline
    assert bets is not None
    assert headline is not None
    rest = 1 - math.exp(-2) - math.exp(-1)
    missed = -math.log(0.25) + 5 + math.log(rest)
    mean = (3 * math.log(2) + missed) / 4
    assert bets.loss_nats.value == pytest.approx(mean)
    assert bets.offered_share == 0.75
    assert bets.reference_loss_nats == pytest.approx(11 / 4)
    assert bets.difference_nats.value == pytest.approx(mean - 11 / 4)
    assert headline.loss_nats.value == pytest.approx(mean + math.log(3) / 4, abs=1e-6)
    assert headline.perplexity == pytest.approx(math.exp(headline.loss_nats.value))
    assert headline.tail_questions == 1
    assert headline.loss_nats.n == 5
    assert found.comparisons is None


def test_without_tail_comparisons_the_headline_is_the_bets() -> None:
    found = analyse(rows(*headline_records()[:4]))
    assert found.bets is not None
    assert found.headline is not None
    assert found.headline.loss_nats == found.bets.loss_nats
    assert (found.headline.tail_questions, found.headline.tail_excess_nats) == (0, None)


def test_tail_comparisons_of_another_generator_do_not_correct_this_one_s_stand_in() -> None:
    records = headline_records()
    records[-1] |= {
        "generator": "big",
        "target_logprob": {G: -3.0, "big": -3.0},
        "rival_logprob": {G: -4.0, "big": -4.0},
    }
    found = analyse(rows(*records), reference=G)
    assert found.headline is not None
    assert found.headline.tail_questions == 0
    assert found.rows.left_out == 1


def test_in_words_a_stake_on_the_target_in_another_case_counts() -> None:
    record = bet(stakes={"CAT": 0.5, "dog": 0.25}, unit="words")
    in_words, in_tokens = (
        analyse(rows(record)).bets,
        analyse(rows(record | {"unit": "tokens"})).bets,
    )
    assert in_words is not None
    assert in_tokens is not None
    assert (in_words.offered_share, in_tokens.offered_share) == (1.0, 0.0)
    assert in_words.loss_nats.value == pytest.approx(math.log(2))


def test_a_model_that_plays_bets_its_own_probabilities_and_is_held_to_its_own_loss() -> None:
    found = analyse(rows(*headline_records()), played_by=G)
    assert found.headline is not None
    assert found.bets is not None
    assert found.bets.loss_nats.value == pytest.approx(11 / 4)
    assert found.bets.true_loss_nats == pytest.approx(11 / 4)
    assert found.headline.loss_nats.value == pytest.approx(11 / 4)
    assert found.headline.true_loss_nats == pytest.approx(11 / 4)
    assert found.headline.difference_nats.value == pytest.approx(0, abs=1e-12)


def test_a_model_that_plays_guesses_its_first_choice() -> None:
    mine, other = guess(model_guess=" cat"), guess(position=21, model="big")
    found = analyse(rows(mine, other), played_by=G)
    assert found.guesses is not None
    assert found.guesses.all is not None
    assert (found.guesses.all.value, found.guesses.all.n) == (1.0, 1)
    assert found.rows.left_out == 1


def test_tries_by_hand() -> None:
    """One position is solved at the second try, another is given up after one."""
    record = {"mode": "tries", "model_guess": None}
    found = analyse(
        rows(
            guess(**record, guess="dog", attempt=1),
            guess(**record, guess="cat", attempt=2),
            guess(**record, position=21, guess="dog", attempt=1),
            guess(**record, position=21, guess=None, attempt=2),
        )
    )
    assert found.tries is not None
    assert (found.tries.positions, found.tries.solved, found.tries.unsolved) == (2, [0.0, 0.5], 0.5)
    assert found.tries.lower_nats.value == pytest.approx(2 * math.log(2))
    assert found.tries.upper_nats.value == pytest.approx(math.log(2) + 0.5 * math.log(50_255))
    assert found.guesses is not None
    assert found.guesses.all is not None
    assert (found.guesses.all.value, found.guesses.all.n) == (0.0, 2)


def test_the_largest_vocabulary_that_a_row_names_bounds_tries_from_above() -> None:
    record = {"mode": "tries", "model_guess": None}
    missed, solved = guess(**record, guess="dog"), guess(**record, position=21, guess="cat")
    found = analyse(rows(missed | {"vocabulary": 17}, solved | {"vocabulary": 9})).tries
    assert found is not None
    assert found.upper_nats.value == pytest.approx(math.log(2) + 0.5 * math.log(16))
    with pytest.raises(InvalidInput, match="leaves none after 2 tries"):
        analyse(rows(guess(**record, guess="dog", attempt=2) | {"vocabulary": 2}))


def test_the_order_of_rows_changes_nothing_that_is_shown() -> None:
    records = [*headline_records(), comparison(), comparison(question="q2", p_target=0.9), guess()]
    one, other = analyse(rows(*records)).headline, analyse(rows(*records[::-1])).headline
    assert one is not None
    assert other is not None
    for mine, theirs in (
        (one.loss_nats, other.loss_nats),
        (one.difference_nats, other.difference_nats),
    ):
        assert (mine.value, mine.low) == pytest.approx((theirs.value, theirs.low), rel=1e-12)


def test_units_are_not_mixed_and_one_can_be_chosen() -> None:
    mixed = rows(bet(unit="words"), bet(position=21, unit="tokens"), bet(position=22))
    with pytest.raises(InvalidInput, match="two units, words and tokens; choose one with --unit"):
        analyse(mixed)
    assert analyse(mixed, unit=Unit.WORDS).rows.bets == 2


def test_a_model_that_no_row_knows_is_refused_and_those_that_are_known_are_named() -> None:
    for options in ({"played_by": "big"}, {"reference": "big"}):
        with pytest.raises(InvalidInput, match=r"analysed with .*big; .* here: minnow\."):
            analyse(rows(bet(), comparison()), **options)  # type: ignore[arg-type]


def test_rows_that_lack_the_reference_are_left_out_and_counted() -> None:
    other = comparison(
        question="q2", generator="big", target_logprob={"big": -1}, rival_logprob={"big": -2}
    )
    found = analyse(rows(comparison(), comparison(player="bob"), other))
    assert found.reference == G
    assert (found.rows.comparisons, found.rows.left_out) == (2, 1)


def first_question_records() -> list[dict[str, Any]]:
    """Three of q1 from everywhere, one of them fit for the estimators, and one of the tail."""
    rival = {"rival_logprob": {G: -5.0}}
    return [
        comparison(p_target=0.75, question_version=1, **rival),
        comparison(player="bob", p_target=0.5, question_version=1, **rival),
        comparison(player="bob", p_target=0.2, asked=True, tail=True, **rival),
        comparison(question="q2", p_target=0.9, question_version=2),
    ]


def test_answers_to_the_first_question_are_left_out_and_counted() -> None:
    everything = analyse(rows(*first_question_records(), bet()))
    assert (everything.first_question, everything.rows.left_out) == (3, 3)
    assert everything.density_ratio is None
    alone = analyse(rows(first_question_records()[-1], bet()))
    assert everything.comparisons == alone.comparisons
    assert everything.headline == alone.headline
    assert everything.headline is not None
    assert everything.headline.tail_questions == 0


def test_the_density_ratio_is_the_mean_odds_alone() -> None:
    """q1: (1 − r)/r is 1/3 and 1, whatever the model gives; in the tail it is 4."""
    found = analyse(rows(*first_question_records(), bet(target=" hen")), density_ratio=True)
    theirs = found.density_ratio
    assert theirs is not None
    assert theirs.judgements == 3
    assert theirs.comparisons is not None
    assert theirs.comparisons.excess_nats.value == pytest.approx(math.log(2 / 3))
    assert theirs.headline is not None
    assert theirs.headline.tail_excess_nats is not None
    assert theirs.headline.tail_excess_nats.value == pytest.approx(math.log(4))
    assert found.bets is not None
    assert theirs.headline.loss_nats.value == pytest.approx(
        found.bets.loss_nats.value + math.log(4)
    )


def test_a_model_that_answers_either_question_as_asked_is_found_at_its_own_loss() -> None:
    """Rivals of all words at their frequency under g = (.5, .3, .2); h = (.2, .3, .5); x* is 0."""
    g, h = (0.5, 0.3, 0.2), (0.2, 0.3, 0.5)
    drawn = [0] * 5 + [1] * 3 + [2] * 2

    def record(number: int, version: int) -> dict[str, Any]:
        target, rival = (
            {G: math.log(g[word]), "big": math.log(h[word])} for word in (0, drawn[number])
        )
        return comparison(
            player=str(number),
            generator=G,
            target_logprob=target,
            rival_logprob=rival,
            question_version=version,
        )

    found = analyse(
        rows(*(record(number, version) for number in range(10) for version in (1, 2))),
        reference=G,
        played_by="big",
        density_ratio=True,
    )
    assert found.density_ratio is not None
    for by_one in (found.comparisons, found.density_ratio.comparisons):
        assert by_one is not None
        assert by_one.excess_nats.value == pytest.approx(math.log(0.5 / 0.2))
        assert by_one.true_excess_nats == pytest.approx(math.log(0.5 / 0.2))


def test_guesses_whose_words_were_not_drawn_uniformly_are_left_out_unless_asked_for() -> None:
    guesses = rows(guess(), guess(position=21, guess="dog"), guess(position=22, draw="mixed"))
    alike = analyse(guesses)
    assert (alike.rows.guesses, alike.rows.left_out) == (2, 1)
    every = analyse(guesses, mixed=True)
    assert (every.rows.guesses, every.rows.left_out) == (3, 0)
    assert [record_of(row).get("draw") for row in guesses] == [None, None, "mixed"]
