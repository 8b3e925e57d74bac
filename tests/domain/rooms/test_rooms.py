"""The rules of a room: codes, names, its course, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import Conflict, InvalidInput, NotFound
from server.domain.rooms.answers import Given, plurality, tally
from server.domain.rooms.course import Course, Phase
from server.domain.rooms.names import (
    CODE_LENGTH,
    CODE_LETTERS,
    COLOURS,
    CREATURES,
    is_made_up,
    made_up_name,
    new_code,
    read_code,
)
from server.domain.rooms.outcome import WordOutcome, beat_the_model, surest_and_wrong
from server.domain.rooms.wish import RoomWish

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def course(phase: Phase = Phase.WAITING, word: int = 0, seconds: int | None = None) -> Course:
    return Course(phase, word, 3, seconds, None, None, None, NOW + timedelta(hours=24))


def test_a_code_has_no_letter_that_looks_like_another() -> None:
    assert set("ILOQUV0158").isdisjoint(CODE_LETTERS)
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code) == CODE_LENGTH and set(code) <= set(CODE_LETTERS) for code in codes)


@pytest.mark.parametrize("typed", ["BCDFGH", "bcd fgh", " bcd-fgh "])
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    assert read_code(typed) == "BCDFGH"


@pytest.mark.parametrize("typed", ["", "BCDFG", "BCDFGHJ", "BCDFGA", "ＢＣＤＦＧＨ"])
def test_what_is_no_code_is_no_room(typed: str) -> None:
    with pytest.raises(NotFound, match="six letters"):
        read_code(typed)


def test_a_course_goes_from_the_first_word_to_the_end() -> None:
    at = course()
    seen = []
    for _ in range(3):
        at = at.next(NOW)
        seen.append((at.phase, at.word, at.settled))
        at = at.revealed()
        seen.append((at.phase, at.word, at.settled))
    assert seen == [
        *((Phase.ASKING, 0, 0), (Phase.REVEALED, 0, 1), (Phase.ASKING, 1, 1)),
        *((Phase.REVEALED, 1, 2), (Phase.ASKING, 2, 2), (Phase.REVEALED, 2, 3)),
    ]
    over = at.next(NOW)
    assert (over.phase, over.settled) == (Phase.FINISHED, 3)


def test_time_that_is_up_reveals_after_a_moment_of_grace() -> None:
    asked = course(seconds=15).next(NOW)
    assert asked.at(NOW + 16 * SECOND).phase is Phase.ASKING
    up = asked.at(NOW + 17 * SECOND)
    assert (up.phase, up.settled) == (Phase.REVEALED, 1)
    assert up.next(NOW + 20 * SECOND).word == 1


def test_a_pause_does_not_use_up_time() -> None:
    asked = course(seconds=15).next(NOW)
    paused = asked.paused(NOW + 5 * SECOND)
    assert paused.at(NOW + 600 * SECOND).phase is Phase.ASKING
    with pytest.raises(Conflict, match="paused"):
        paused.require_taking_answers()
    on = paused.resumed(NOW + 605 * SECOND)
    assert on.ends_at == NOW + 615 * SECOND
    assert on.asked_at == NOW + 600 * SECOND
    assert paused.paused(NOW + 9 * SECOND) == paused
    assert on.resumed(NOW + 700 * SECOND) == on


def test_a_word_that_was_not_revealed_does_not_count_at_the_end() -> None:
    over = course().next(NOW).revealed().next(NOW).ended()
    assert (over.phase, over.settled) == (Phase.FINISHED, 1)


def test_a_day_after_it_was_opened_a_room_is_over() -> None:
    asked = course().next(NOW)
    assert asked.at(NOW + timedelta(hours=24)) == asked.ended()
    over = asked.ended()
    assert over.at(NOW + timedelta(hours=48)) == over


@pytest.mark.parametrize(
    "move",
    [
        lambda: course().revealed(),
        lambda: course().paused(NOW),
        lambda: course().next(NOW).next(NOW),
        lambda: course().ended().next(NOW),
        lambda: course().ended().revealed(),
    ],
)
def test_a_move_that_does_not_follow_is_refused(move: Callable[[], Course]) -> None:
    with pytest.raises(Conflict):
        move()


def test_cases_and_forms_of_a_word_are_one_answer() -> None:
    given = [Given(text, False) for text in ("Café", "cafe\u0301", "CAFÉ", "tea", None)]
    bars = tally(given)
    assert [(bar.count, bar.text.casefold()) for bar in bars] == [(3, "café"), (1, "tea")]


def test_of_equally_frequent_answers_the_room_chooses_the_earlier() -> None:
    bars = tally(Given(text, False) for text in ("b", "a", "a", "b", "c"))
    choice = plurality(bars)
    assert choice is not None
    assert choice.text == "b"
    assert plurality(tally([Given(None, False)])) is None


@given(st.lists(st.sampled_from(["oak", "Oak", "elm", "ash", None]), max_size=30))
def test_everybody_is_counted_once(texts: list[str | None]) -> None:
    bars = tally(Given(text, False) for text in texts)
    assert sum(bar.count for bar in bars) == sum(text is not None for text in texts)
    assert [bar.count for bar in bars] == sorted((bar.count for bar in bars), reverse=True)


def test_made_up_names_are_told_from_people_s_own() -> None:
    assert is_made_up(made_up_name())
    assert not is_made_up("Ann")
    everybody = {f"{colour} {creature}" for colour in COLOURS for creature in CREATURES}
    assert made_up_name(everybody) not in everybody


def word(target: str, choice: str | None, share: float, bits: float, **marks: bool) -> WordOutcome:
    right = {"room_right": False, "model_right": False} | marks
    return WordOutcome(target, bits, 10, 0, choice, share, model_choice="the", **right)


def test_the_words_worth_talking_about() -> None:
    words = [
        word("oak", "elm", 0.5, 4.0),
        word("tea", "milk", 0.8, 3.0),
        word("sea", "sea", 0.9, 5.0, room_right=True),
        word("sun", "sun", 0.4, 7.0, room_right=True, model_right=True),
        word("ice", None, 0.0, 9.0),
    ]
    surest, beaten = surest_and_wrong(words), beat_the_model(words)
    assert surest is words[1]
    assert beaten is words[2]
    assert surest_and_wrong(words[2:]) is None
    assert beat_the_model(words[:2]) is None


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (RoomWish(words=0), "words"),
        (RoomWish(seconds=45), "seconds"),
        (RoomWish(passage="0" * 63), "passage"),
        (RoomWish(model="a\0b"), "model"),
        (RoomWish(text="a", passage="0" * 64), "text"),
        (RoomWish(text="a", model="b"), "model"),
    ],
)
def test_what_no_room_can_be_is_named(wish: RoomWish, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        wish.require_possible()
    assert refused.value.field == field
