"""A study's files are read row by row; what is malformed is named."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from typing_extensions import TypeIs

from server.domain.study.interchange import Row, StudyGuess
from server.services.research.study import read_rows
from server.services.research.study_files import UnreadableFile
from tests.domain.rows import bet, comparison, guess, rows

RECORDS = [guess(), bet(), comparison()]
LINES = "\n".join(json.dumps(record) for record in RECORDS)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        f"{LINES}\n",
        LINES.replace("\n", "\r\n"),
        LINES.replace("\n", "\n\n  \n"),
        f"\ufeff{LINES}",
        gzip.compress(LINES.encode()),
        gzip.compress(f"\ufeff{LINES}\n".encode()),
    ],
    ids=["plain", "final line end", "windows", "empty lines", "mark", "gzip", "gzip with mark"],
)
def test_all_kinds_are_read_from_one_file_plain_or_packed(
    tmp_path: Path, content: str | bytes
) -> None:
    found = read_rows([written(tmp_path / "all.jsonl", content)])
    assert found.rows == rows(*RECORDS)
    assert found.problems == []


def test_several_files_are_read_as_one(tmp_path: Path) -> None:
    paths = [
        written(tmp_path / f"{number}.jsonl", json.dumps(record))
        for number, record in enumerate(RECORDS)
    ]
    assert read_rows(paths).rows == rows(*RECORDS)


def test_malformed_rows_are_named_by_file_and_line_and_the_others_are_read(tmp_path: Path) -> None:
    lines = [
        json.dumps(guess()),
        '{"player": "bob"',
        "[1, 2]",
        json.dumps(comparison(p_target=7)),
        '{"player": "\ud800"}'.encode("utf-8", "surrogatepass").decode("latin-1"),
        json.dumps(comparison(p_target=float("nan"))),
        json.dumps({"player": "x"}),
        json.dumps(bet()),
    ]
    path = written(tmp_path / "rows.jsonl", "\n".join(lines))
    found = read_rows([path])
    assert found.rows == rows(guess(), bet())
    assert [problem.split(":")[0] for problem in found.problems] == [
        f"{path}, line 2",
        f"{path}, line 3",
        f"{path}, line 4, p_target",
        f"{path}, line 5, the row",
        f"{path}, line 6, p_target",
        f"{path}, line 7, the row",
    ]
    assert found.problems[2].endswith(": it must be a number from 0 to 1.")


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", b'{"player": "\xff\xfe"}\n')
    assert read_rows([path]).problems[0].startswith(f"{path}, line 1: not JSON (")


def test_a_damaged_archive_is_an_error_of_the_file(tmp_path: Path) -> None:
    packed = gzip.compress(LINES.encode() * 50)
    for damaged in (packed[:-20], packed[:12] + bytes(20) + packed[32:]):
        path = written(tmp_path / "rows.jsonl.gz", damaged)
        with pytest.raises(UnreadableFile, match=r"rows\.jsonl\.gz: "):
            read_rows([path])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"none\.jsonl: No such file or directory\."):
        read_rows([tmp_path / "none.jsonl"])


WORDS = ("coffee", "river", "window", "sister", "bread")
FIRST, SECOND = ("coffee", "lake", "window", "mother", "bread"), ("tea", "river", None, "x", "y")


def guesses(*answers: tuple[str | None, ...], **fields: Any) -> list[dict[str, Any]]:
    """Each player's answers at the same five positions."""
    return [
        {"player": f"s{player}", "passage": "provo-1", "position": 10 + place, "guess": guess}
        | {"target": WORDS[place], "is_word": True, "unit": "words"}
        | fields
        for player, its in enumerate(answers)
        for place, guess in enumerate(its)
    ]


def lines(records: Sequence[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(record) for record in records)


def csv_of(records: Sequence[dict[str, Any]], separator: str = ",", end: str = "\n") -> str:
    """A table as pandas writes it: nothing where there is no value."""
    header = list(records[0])
    cells = [["" if row[name] is None else str(row[name]) for name in header] for row in records]
    return end.join(separator.join(row) for row in [header, *cells])


def parquet_of(records: Sequence[dict[str, Any]]) -> bytes:
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(records)), sink)
    return bytes(sink.getvalue())


RECORDS_OF_TEN = guesses(FIRST, SECOND)
BOXED = [{name: [value] for name, value in record.items()} for record in RECORDS_OF_TEN]
FLOATS = [record | {"position": float(record["position"])} for record in RECORDS_OF_TEN]
FLAGS = [record | {"is_word": 1, "tail": None} for record in RECORDS_OF_TEN]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS_OF_TEN),
        json.dumps(RECORDS_OF_TEN, indent=1),
        "\n".join(json.dumps(record, indent=2) for record in RECORDS_OF_TEN),
        lines(BOXED),
        json.dumps(BOXED, indent=2),
        lines(FLOATS),
        lines(FLAGS),
        lines(RECORDS_OF_TEN).replace('"guess": null', '"guess": NaN'),
        json.dumps(RECORDS_OF_TEN).replace('"guess": null', '"guess": NaN'),
        lines(RECORDS_OF_TEN).encode("utf-16"),
        lines(RECORDS_OF_TEN).encode("utf-16-be"),
        json.dumps(RECORDS_OF_TEN).encode("utf-16"),
        json.dumps(RECORDS_OF_TEN).encode("utf-8-sig"),
        csv_of(RECORDS_OF_TEN),
        csv_of(FLOATS),
        csv_of(FLAGS),
        csv_of(RECORDS_OF_TEN, ";", "\r\n"),
        csv_of(RECORDS_OF_TEN, "\t").encode("utf-16"),
        csv_of(RECORDS_OF_TEN).encode("utf-8-sig"),
        "sep=;\r\n" + csv_of(RECORDS_OF_TEN, ";", "\r\n"),
        csv_of(RECORDS_OF_TEN).replace("True", "WAHR").replace("player,", "Player,"),
        csv_of(RECORDS_OF_TEN).replace("window,,", "window,NA,").replace(",,", ",NA,"),
        gzip.compress(csv_of(RECORDS_OF_TEN).encode()),
        parquet_of(RECORDS_OF_TEN),
        parquet_of(FLOATS),
        gzip.compress(parquet_of(RECORDS_OF_TEN)),
    ],
    ids=[
        "array",
        "pretty array",
        "pretty objects",
        "boxed",
        "pretty boxed",
        "floats",
        "flags",
        "nan",
        "nan in array",
        "utf-16",
        "utf-16 without mark",
        "array in utf-16",
        "array with mark",
        "csv",
        "csv floats",
        "csv flags",
        "excel in german",
        "tabs in utf-16",
        "csv with mark",
        "excel's first line",
        "german truth",
        "r's NA",
        "csv gzip",
        "parquet",
        "parquet floats",
        "parquet gzip",
    ],
)
def test_every_format_gives_the_same_rows(tmp_path: Path, content: str | bytes) -> None:
    found = read_rows([written(tmp_path / "answers", content)])
    assert (found.problems, found.notes) == ([], [])
    assert found.rows == rows(*RECORDS_OF_TEN)


def test_bets_and_comparisons_come_in_tables(tmp_path: Path) -> None:
    table = (
        "player;passage;position;stakes;other;target;target_logprob.minnow;offered_logprob\r\n"
        'alice;1;20;"{"" cat"": 0.5, "" dog"": 0.25}";0,25; cat;-2,0;'
        '"{""minnow"": {"" cat"": -2.0, "" dog"": -1.0}}"\r\n'
    )
    assert read_rows([written(tmp_path / "bets.csv", table)]).rows == rows(bet())
    table = (
        "player,question,generator,p_target,target_logprob.minnow,rival_logprob.minnow,tail\n"
        'alice,q1,minnow,"0,75",-3.0,-3.0000001,FALSE\n'
    )
    assert read_rows([written(tmp_path / "duels.csv", table)]).rows == rows(comparison())
    nothing = dict.fromkeys([*bet(), *guess(), "p_target"])
    mixed = parquet_of([nothing | bet(), nothing | guess()])
    assert read_rows([written(tmp_path / "mixed", mixed)]).rows == rows(bet(), guess())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04 and more", "it is a workbook or another zip archive"),
        (b"Once upon a time, there was\na king.", "its format is not known; JSON Lines, a JSON"),
        (bytes(range(256)), "its format is not known"),
        ("player,passage,position\ns0,1,2\n", "no column tells answers"),
        ('[{"player": "s0"}, {"player": ', "it begins as JSON, but is not"),
        (b"PAR1 and no more", "it is Parquet, but damaged"),
        (parquet_of([{"player": "s0", "shoe_size": 43}]), "its columns are player, shoe_size"),
    ],
    ids=["workbook", "prose", "bytes", "columns", "half an array", "half a parquet", "no answers"],
)
def test_what_cannot_be_read_is_one_sentence(
    tmp_path: Path, content: str | bytes, sentence: str
) -> None:
    path = written(tmp_path / "file", content)
    with pytest.raises(UnreadableFile) as refused:
        read_rows([path])
    assert str(refused.value).startswith(f"{path}: ")
    assert sentence in str(refused.value)


def test_a_fault_of_all_rows_is_said_once_and_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.csv", csv_of(guesses(FIRST)).replace("is_word", "word_is"))
    found = read_rows([path])
    assert found.problems == [f"{path}, all 5 rows, is_word: it is missing."]
    assert found.malformed == 5


def test_one_bad_cell_costs_one_row(tmp_path: Path) -> None:
    table = csv_of(RECORDS_OF_TEN).replace(",11,lake", ",eleven,lake")
    found = read_rows([written(tmp_path / "rows.csv", table)])
    assert len(found.rows) == 9
    assert found.problems == [
        f"{tmp_path / 'rows.csv'}, line 3, position: it must be a whole number from 0 up."
    ]


def test_a_thousand_is_not_a_whole_number_with_decimals(tmp_path: Path) -> None:
    table = csv_of(RECORDS_OF_TEN).replace(",10,", ',"1,000",')
    assert read_rows([written(tmp_path / "rows.csv", table)]).malformed == 2


def test_rows_of_an_earlier_file_count_once_and_it_is_said(tmp_path: Path) -> None:
    monday = written(tmp_path / "monday.jsonl", lines(guesses(FIRST)))
    tuesday = written(tmp_path / "tuesday.csv", csv_of(RECORDS_OF_TEN))
    found = read_rows([monday, tuesday])
    assert found.rows == rows(*RECORDS_OF_TEN)
    assert found.notes == [
        f"{tuesday}: 5 of its 10 rows are in an earlier file too; they count once."
    ]
    assert read_rows([tuesday, tuesday]).rows == rows(*RECORDS_OF_TEN)


def test_the_same_said_twice_in_one_file_stays(tmp_path: Path) -> None:
    twice = written(tmp_path / "twice.jsonl", lines([comparison(), comparison()]))
    once = written(tmp_path / "once.jsonl", lines([comparison(), bet()]))
    assert read_rows([twice, once]).rows == rows(comparison(), comparison(), bet())
    assert read_rows([once, twice]).rows == rows(comparison(), bet(), comparison())


PROVO = """\
Word_Unique_ID,Text_ID,Text,Word_Number,Sentence_Number,Word_In_Sentence_Number,Word,Response,\
Response_Count,Total_Response_Count,Response_Proportion
QID1,1,"Over the caf\xe9's lake, they sang.",4,1,4,"lake,",lake,3,5,0.6
QID1,1,"Over the caf\xe9's lake, they sang.",4,1,4,"lake,",Roof,2.0,5,0.4
QID2,1,"Over the caf\xe9's lake, they sang.",5,1,5,they,,1,2,0.5
QID2,1,"Over the caf\xe9's lake, they sang.",5,1,5,they,we,1,2,0.5
"""


def test_counted_norms_are_guesses_of_people_who_are_not_known(tmp_path: Path) -> None:
    path = written(tmp_path / "provo.csv", PROVO.encode("cp1252"))
    found = read_rows([path])
    answers = [(row.position, row.guess, row.target) for row in found.rows if is_guess(row)]
    assert answers == [
        *[(4, "lake", "lake")] * 3,
        *[(4, "Roof", "lake")] * 2,
        (5, None, "they"),
        (5, "we", "they"),
    ]
    assert len({row.player for row in found.rows}) == 7
    assert all(is_guess(row) and row.is_word and row.unit == "words" for row in found.rows)
    assert found.notes == [
        f"{path}: 7 answers are counted without a player; each is taken as another person's, "
        "so intervals leave out how people differ."
    ]


def test_counted_norms_given_twice_count_once(tmp_path: Path) -> None:
    one = written(tmp_path / "one.csv", PROVO.encode("cp1252"))
    again = written(tmp_path / "again.csv", PROVO.encode("cp1252"))
    more = written(tmp_path / "more.csv", PROVO.replace("we,1", "we,2").encode("cp1252"))
    assert len(read_rows([one, again]).rows) == 7
    assert len(read_rows([one, more]).rows) == 15


def test_norms_by_person_keep_the_person(tmp_path: Path) -> None:
    table = "Participant;Item;Word Number;Target Word;Response\np1;7;3;Lake.;lake\n"
    (row,) = read_rows([written(tmp_path / "norms.csv", table)]).rows
    assert is_guess(row)
    assert (row.player, row.passage, row.position) == ("p1", "7", 3)
    assert (row.guess, row.target, row.is_word, row.unit) == ("lake", "Lake", True, "words")


@pytest.mark.parametrize(("count", "player"), [("-1", ""), ("some", ""), ("2", "p1")])
def test_a_count_that_cannot_be_is_named(tmp_path: Path, count: str, player: str) -> None:
    table = f"participant,text_id,word_number,word,response,count\n{player},1,2,a,b,{count}\n"
    found = read_rows([written(tmp_path / "norms.csv", table)])
    assert found.rows == []
    assert ", line 2, count: " in found.problems[0]


def is_guess(row: Row) -> TypeIs[StudyGuess]:
    return isinstance(row, StudyGuess)
