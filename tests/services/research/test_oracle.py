"""How model players round their answers, and how the oracle's results are shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.oracle.answers import Answers, first_share, stakes
from benchmarks.oracle.document import DOCUMENT, between_markers, markdown
from server.domain.play.betting import STAKE_STEPS
from server.domain.play.duels import TAIL_STEPS
from server.domain.scores.passage_scores import Form
from server.services.research.oracle import (
    OracleResults,
    Range,
    Repeated,
    RepeatedRow,
    oracle_results,
)
from server.web.wording.oracle import repeated_table, verdict

WEIGHTS = st.lists(st.floats(1e-9, 1.0), min_size=9, max_size=9)


@settings(max_examples=50)
@given(WEIGHTS)
def test_rounded_stakes_are_steps_that_leave_something(weights: list[float]) -> None:
    shares = np.array(weights)[:8] / sum(weights)
    (rounded,) = stakes(np.log(shares)[None, :], Answers.ROUNDED)
    assert {*rounded.tolist()} <= {*STAKE_STEPS}
    assert rounded.sum() <= 1 - STAKE_STEPS[0] + 1e-6


@settings(max_examples=50)
@given(WEIGHTS)
def test_exact_stakes_are_the_probabilities_themselves(weights: list[float]) -> None:
    shares = np.array(weights)[:8] / sum(weights)
    (exact,) = stakes(np.log(shares)[None, :], Answers.EXACT)
    np.testing.assert_allclose(exact, shares, atol=1e-5)
    assert exact.sum() < 1


def test_a_stake_is_rounded_to_the_step_nearest_in_ratio() -> None:
    (rounded,) = stakes(np.log([[0.6, 0.14, 0.015, 1e-6]]), Answers.ROUNDED)
    assert rounded.tolist() == [0.7, 0.1, 0.02, 0.0003]  # √(0.5·0.7) = 0.59, √(0.01·0.02) = 0.0141


def test_a_share_of_a_duel_is_rounded_in_log_odds() -> None:
    shares = np.array([1e-9, 0.49, 0.6, 0.996, 1 - 1e-9])
    rounded = first_share(np.log(shares / (1 - shares)), Form.TAIL, Answers.ROUNDED)
    assert rounded.tolist() == [TAIL_STEPS[0], 0.5, 0.65, 0.998, TAIL_STEPS[-1]]


def results(*, headline: float, held: int) -> OracleResults:
    names = ("published", "jackknifed", "bets")
    estimates = {name: Repeated(mean=4.0, half_width=0.4, held=100) for name in names}
    estimates["headline"] = Repeated(mean=headline, half_width=0.5, held=held)
    rows = [
        RepeatedRow(player="somebody", answers=answers, truth=4.2, estimates=estimates)
        for answers in ("exact", "rounded")
    ]
    return OracleResults(
        model="Minnow",
        revision="0" * 40,
        parameters=1,
        passages=1,
        studies=100,
        passages_played=1,
        repeated=rows,
        played=[],
    )


def test_a_cell_holds_the_mean_and_its_error() -> None:
    assert repeated_table(results(headline=4.25, held=97)).rows[0] == [
        "somebody", "exact", "4.200", "4.250 (+0.05)", "±\u00a00.50", "97 of 100",
        "4.000 (−0.20)", "4.000 (−0.20)", "4.000 (−0.20)",
    ]  # fmt: skip


def test_the_model_of_the_tail_has_a_column_where_it_was_measured() -> None:
    measured = results(headline=4.25, held=97)
    assert "Tail by model" not in repeated_table(measured).head
    for row in measured.repeated:
        row.estimates["tail_model"] = Repeated(mean=4.21, half_width=0.5, held=98)
    table = repeated_table(measured)
    assert table.rows[0][table.head.index("Tail by model")] == "4.210 (+0.01)"


@pytest.mark.parametrize(
    ("headline", "held", "ending"),
    [
        (4.29, 90, "All three bars are met."),
        (4.31, 90, "Not all three bars are met."),
        (4.29, 89, "Not all three bars are met."),
    ],
)
def test_the_verdict_is_what_the_figures_give(headline: float, held: int, ending: str) -> None:
    assert verdict(results(headline=headline, held=held)).endswith(ending)


def test_the_document_s_tables_are_the_page_s() -> None:
    assert between_markers(DOCUMENT.read_text(encoding="utf-8")) == markdown(oracle_results())


def test_the_shipped_results_hold_every_player_exact_and_rounded() -> None:
    rows = oracle_results().repeated
    assert len(rows) >= 8
    for player in {row.player for row in rows}:
        assert {"exact", "rounded"} <= {row.answers for row in rows if row.player == player}
    assert all(
        isinstance(found, Range)
        for row in oracle_results().played
        for found in row.estimates.values()
    )
