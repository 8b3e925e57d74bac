"""`study analyse` as a researcher runs it, on made rows and on real ones."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask.testing import FlaskCliRunner

from server import create_app
from tests.conftest import settings_for, skip_or_fail
from tests.domain.rows import bet, comparison, guess
from tests.domain.study.test_analysis import headline_records
from tests.domain.study.test_tail_model_analysis import records
from tests.system.processes import run


@pytest.fixture(scope="module")
def runner() -> FlaskCliRunner:
    """The commands, with a database that does not answer."""
    return create_app(settings_for("postgresql://u:p@127.0.0.1:9/none")).test_cli_runner()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A hand-made file of all kinds."""
    path = tmp_path / "made.jsonl"
    records = [*headline_records(), comparison(), guess()]
    path.write_text("\n".join(json.dumps(record) for record in records))
    return path


def analyse(runner: FlaskCliRunner, *arguments: object) -> Result:
    return runner.invoke(args=["study", "analyse", *map(str, arguments)])


def parsed(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def study(runner: FlaskCliRunner, *options: str) -> dict[str, Any]:
    """The analysis of the real answers in the folder STUDY."""
    folder = Path(os.environ.get("STUDY", ""))
    files = [folder / name for name in ("comparisons.jsonl", "guesses.jsonl")]
    if not all(path.is_file() for path in files):
        skip_or_fail("study", "STUDY names no folder with comparisons.jsonl and guesses.jsonl")
    return parsed(analyse(runner, *files, "--json", *options))


def test_the_json_is_the_contract_s(runner: FlaskCliRunner, made: Path) -> None:
    found = parsed(analyse(runner, made, "--json"))
    interval = {"value", "low", "high", "n"}
    assert found["guesses"]["all"].keys() == found["guesses"]["words"].keys() == interval
    assert found["comparisons"].keys() >= {"questions", "reference", "reference_loss_nats"}
    assert found["comparisons"].keys() >= {"excess_nats", "excess_jackknife_nats", "perplexity"}
    assert found["comparisons"]["excess_jackknife_nats"].keys() == interval
    assert found["bets"]["loss_nats"].keys() == found["headline"]["loss_nats"].keys() == interval
    assert found["bets"]["offered_share"] == 0.75
    loss = found["headline"]["loss_nats"]
    assert loss["low"] < loss["value"] < loss["high"]
    assert found["headline"]["perplexity"] == pytest.approx(math.exp(loss["value"]))
    assert found["malformed"] == 0
    assert found["rows"] == {"guesses": 1, "bets": 4, "comparisons": 2, "left_out": 0}
    # A single question tells little about others: what answers usually do bounds it, widely.
    excess = found["comparisons"]["excess_nats"]
    assert excess["high"] - excess["low"] > 5


def test_the_table_shows_the_numbers_and_who_played(runner: FlaskCliRunner, made: Path) -> None:
    people, model = analyse(runner, made).output, analyse(runner, made, "--as", "minnow").output
    assert "Played by people, beside minnow" in people
    assert "Played by minnow, beside minnow" in model
    assert "75.0%" in people
    assert "2.7500" in model
    assert "true loss" in model
    assert "true loss" not in people


def test_the_tail_s_model_is_shown_beside_the_headline_where_it_can_be_fitted(
    runner: FlaskCliRunner, made: Path, tmp_path: Path
) -> None:
    path = tmp_path / "tail.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in records(12)))
    found = parsed(analyse(runner, path, "--json"))
    assert found["tail_model"]["exponent"] == pytest.approx(0.5, abs=1e-6)
    assert found["tail_model"].keys() >= {"loss_nats", "tail_excess_nats", "difference_nats"}
    assert "tail by the fitted model" in analyse(runner, path).output
    assert parsed(analyse(runner, made, "--json"))["tail_model"] is None
    assert "tail by the fitted model" not in analyse(runner, made).output


def test_malformed_rows_are_named_skipped_and_counted(runner: FlaskCliRunner, made: Path) -> None:
    whole = parsed(analyse(runner, made, "--json"))
    with made.open("a") as file:
        file.write("\n" + json.dumps(bet(other=5)) + "\nnonsense\n")
    result = analyse(runner, made, "--json")
    found = parsed(result)
    assert found == whole | {"malformed": 2}
    assert f"{made}, line 8, other: it must be a number from 0 to 1." in result.stderr
    assert f"{made}, line 9: not JSON" in result.stderr


def test_strict_makes_a_malformed_row_fatal(runner: FlaskCliRunner, made: Path) -> None:
    assert analyse(runner, made, "--strict").exit_code == 0
    with made.open("a") as file:
        file.write("\nnonsense\n")
    result = analyse(runner, made, "--strict", "--json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "line 8: not JSON" in result.stderr


def test_without_a_row_there_is_no_result(runner: FlaskCliRunner, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    result = analyse(runner, tmp_path / "empty.jsonl", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no row to analyse." in result.stderr


def test_a_model_that_nobody_knows_is_a_sentence(runner: FlaskCliRunner, made: Path) -> None:
    result = analyse(runner, made, "--as", "gpt5")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "No row can be analysed with minnow and gpt5" in result.stderr


def test_one_unit_of_a_file_with_both_can_be_chosen(runner: FlaskCliRunner, tmp_path: Path) -> None:
    path = tmp_path / "both.jsonl"
    both = [bet(unit="words"), bet(unit="tokens", position=21)]
    path.write_text("\n".join(json.dumps(record) for record in both))
    refused = analyse(runner, path)
    assert refused.exit_code == 1
    assert "choose one with --unit" in refused.stderr
    assert parsed(analyse(runner, path, "--unit", "words", "--json"))["rows"]["bets"] == 1


def test_answers_to_the_first_question_have_an_estimate_of_their_own_when_asked_for(
    runner: FlaskCliRunner, made: Path
) -> None:
    with made.open("a") as file:
        file.write("\n" + json.dumps(comparison(p_target=0.2, question_version=1)))
    without, with_them = analyse(runner, made), analyse(runner, made, "--density-ratio")
    assert "1 answered the first question" in " ".join(without.output.split())
    assert "by density ratio" not in without.output
    assert "by density ratio" in " ".join(with_them.output.split())
    found = parsed(analyse(runner, made, "--density-ratio", "--json"))
    excess = found["density_ratio"]["comparisons"]["excess_nats"]["value"]
    assert excess == pytest.approx(math.log(4))
    assert parsed(analyse(runner, made, "--json"))["density_ratio"] is None


def test_no_database_is_needed(environment: dict[str, str], made: Path) -> None:
    nowhere = environment | {"DATABASE_URL": "postgres://u:p@127.0.0.1:9/none"}
    ran = run(nowhere, "flask", "--app", "server", "study", "analyse", str(made), "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["headline"]["tail_questions"] == 1


def test_people_of_the_public_study(runner: FlaskCliRunner) -> None:
    found = study(runner)
    comparisons, guesses = found["comparisons"], found["guesses"]
    assert (comparisons["questions"], comparisons["players"]) == (40, 19)
    assert comparisons["reference"] == "12-layer-117M"
    assert comparisons["reference_loss_nats"] == pytest.approx(3.1205, abs=1e-3)
    assert comparisons["excess_nats"]["value"] == pytest.approx(1.7948, abs=1e-3)
    assert comparisons["excess_jackknife_nats"]["value"] == pytest.approx(2.2381, abs=1e-3)
    assert comparisons["perplexity"] == pytest.approx(136.4, abs=0.1)
    assert comparisons["excess_jackknife_nats"]["low"] > 0
    assert guesses["all"]["value"] == pytest.approx(0.2503, abs=1e-3)
    assert guesses["words"]["value"] == pytest.approx(0.2550, abs=1e-3)
    assert (guesses["all"]["n"], guesses["words"]["n"]) == (5_710, 3_427)
    assert found["malformed"] == found["rows"]["left_out"] == 0


@pytest.mark.parametrize(
    ("model", "published", "jackknifed", "truth"),
    [
        ("2-layer-14M", 0.4180, 0.5262, 1.1394),
        ("12-layer-117M", 0.0, 0.0, 0.0),
        ("24-layer-345M", -0.3374, -0.2383, -0.3549),
    ],
)
def test_models_in_the_public_study_s_people_s_place(
    runner: FlaskCliRunner, model: str, published: float, jackknifed: float, truth: float
) -> None:
    found = study(runner, "--as", model)["comparisons"]
    assert found["excess_nats"]["value"] == pytest.approx(published, abs=1e-3)
    assert found["excess_jackknife_nats"]["value"] == pytest.approx(jackknifed, abs=1e-3)
    assert found["true_excess_nats"] == pytest.approx(truth, abs=1e-3)
    jackknife = found["excess_jackknife_nats"]
    assert jackknife["low"] - 1e-9 <= truth <= jackknife["high"] + 1e-9


def test_what_is_imported_is_analysed_as_the_file_itself(
    runner: FlaskCliRunner, tmp_path: Path
) -> None:
    norms = tmp_path / "norms.csv"
    norms.write_text(
        "Text_ID,Word_Number,Word,Response,Response_Count\n"
        "1,10,coffee,coffee,21\n1,10,coffee,tea,19\n1,11,river,lake,36\n"
    )
    imported = tmp_path / "norms.jsonl"
    result = runner.invoke(args=["study", "import", str(norms), "-o", str(imported)])
    assert result.exit_code == 0, result.output
    assert "76 answers are counted without a player" in result.stderr
    assert "76 rows written." in result.stderr
    first = json.loads(imported.read_text().splitlines()[0])
    assert first == {
        "player": "norms 1 10 answer 1",
        "passage": "1",
        "position": 10,
        "guess": "coffee",
        "target": "coffee",
        "is_word": True,
        "unit": "words",
    }
    accuracy = parsed(analyse(runner, imported, "--json"))["guesses"]["all"]
    assert (accuracy["value"], accuracy["n"]) == (21 / 76, 76)
    assert parsed(analyse(runner, norms, "--json"))["guesses"]["all"] == accuracy


def test_with_strict_a_malformed_row_is_not_imported(runner: FlaskCliRunner, made: Path) -> None:
    with made.open("a") as file:
        file.write("\nnonsense\n")
    target = made.with_name("out.jsonl")
    result = runner.invoke(args=["study", "import", str(made), "--strict", "-o", str(target)])
    assert (result.exit_code, target.exists()) == (1, False)
    result = runner.invoke(args=["study", "import", str(made)])
    assert [json.loads(line)["player"] for line in result.stdout.splitlines()]


def test_rows_of_two_files_count_once_and_the_json_says_so(
    runner: FlaskCliRunner, made: Path
) -> None:
    alone = parsed(analyse(runner, made, "--json"))
    copy = made.with_name("copy.jsonl")
    copy.write_bytes(made.read_bytes())
    found = parsed(analyse(runner, made, copy, "--json"))
    assert found["rows"] == alone["rows"]
    assert found["notes"] == [
        f"{copy}: 7 of its 7 rows are in an earlier file too; they count once."
    ]


def test_an_unknown_format_is_one_sentence(runner: FlaskCliRunner, tmp_path: Path) -> None:
    path = tmp_path / "answers.xlsx"
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    result = analyse(runner, path, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.strip() == (
        f"Error: {path}: it is a workbook or another zip archive, which is not read; "
        "save the sheet as CSV."
    )


def test_the_surprisal_of_words_and_of_tokens_comes_as_csv(
    runner: FlaskCliRunner, tmp_path: Path
) -> None:
    text = tmp_path / "ferry.txt"
    text.write_text("The ferry was late again,\nand so was the train.\n")
    words = surprisal(runner, text)
    assert [line["word"] for line in words] == text.read_text().split()
    assert {line["text"] for line in words} == {"ferry"}
    assert all(float(line["surprisal_bits"]) > 0 for line in words)
    tokens = surprisal(runner, text, "--tokens")
    assert "".join(line["token"] for line in tokens) == text.read_text().strip()
    for line in words:
        its = [float(one["surprisal_bits"]) for one in tokens if one["word"] == line["number"]]
        assert float(line["token_sum_bits"]) == pytest.approx(sum(its), abs=1e-4)


def test_a_file_that_is_no_text_is_named(runner: FlaskCliRunner, tmp_path: Path) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(b"\xff\xd8\xff")
    result = runner.invoke(args=["study", "surprisal", str(path)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.strip() == f"Error: {path}: it is not text in UTF-8."


def surprisal(runner: FlaskCliRunner, *arguments: object) -> list[dict[str, str]]:
    result = runner.invoke(args=["study", "surprisal", "--model", "bundled", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))
