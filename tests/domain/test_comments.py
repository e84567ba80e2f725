"""What may come in as a comment: everything people write, nothing that breaks us later."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.comments import CLOCK_SKEW, Incoming, IncomingAuthor, check_incoming
from domain.errors import Invalid
from tests.builders import AT, incoming, policy

PLAIN: dict[str, Any] = {
    "channel": "console",
    "external_id": "1",
    "author": {"handle": "@rider"},
    "text": "My bike came without a saddle.",
    "posted_at": "2026-03-02T08:55:00Z",
}
MAX_TEXT = 10_000


def _with(path: str, value: object) -> dict[str, Any]:
    """The plain comment with one field set, such as ``author.name``."""
    comment = json.loads(json.dumps(PLAIN))
    *way, last = path.split(".")
    place = comment
    for step in way:
        place = place[step]
    place[last] = value
    return dict(comment)


def _read(path: str, value: object) -> object:
    """The field as it is understood."""
    found: object = Incoming.model_validate(_with(path, value))
    for step in path.split("."):
        found = getattr(found, step)
    return found


def _fields_at_fault(comment: dict[str, Any]) -> set[str]:
    with pytest.raises(ValidationError) as met:
        Incoming.model_validate(comment)
    return {".".join(str(part) for part in error["loc"]) for error in met.value.errors()}


# What is fine. --------------------------------------------------------------------------------

WRITTEN = {
    "several lines": "First.\nSecond.\r\n\tThird.",
    "arabic": "الدراجة وصلت بدون مقعد",
    "hebrew with a direction mark": "שלום \u200fworld\u200e",
    "an override that turns the line around": "abc\u202egnp.exe",
    "an emoji of several code points": "👩🏽\u200d🚒 thanks 🇳🇱",
    "combining marks": "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L",
    "outside the basic plane": "𝔥𝔢𝔩𝔩𝔬 𐍈",
    "a joiner in the middle": "sad\u200bdle",
    "html": "<script>alert(1)</script><b>",
    "sql": "'; DROP TABLE comments; --",
    "a template": "{{7*7}} ${jndi:ldap://x}",
    "line separators of unicode": "one\u2028two\u2029three",
    "a noncharacter": "a\uffffb",
    "one letter": "?",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_what_people_write_is_taken_to_the_letter(text: str) -> None:
    assert _read("text", text) == text
    assert _read("author.name", text) == text
    again = Incoming.model_validate_json(
        Incoming.model_validate(_with("text", text)).model_dump_json()
    )
    assert again.text == text


def test_white_space_around_a_text_is_not_part_of_it() -> None:
    assert _read("text", " \t\n hello \r\n\u00a0") == "hello"


@pytest.mark.parametrize(
    ("posted_at", "moment"),
    [
        ("2026-03-02T08:55:00Z", AT - timedelta(minutes=5)),
        ("2026-03-02T08:55:00+00:00", AT - timedelta(minutes=5)),
        ("2026-03-02T10:55:00+02:00", AT - timedelta(minutes=5)),
        ("2026-03-02 08:55:00.000001-00:00", AT - timedelta(minutes=5) + timedelta(microseconds=1)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        (AT, AT),
        (AT.astimezone(timezone(timedelta(hours=9))), AT),
    ],
)
def test_a_time_with_a_zone_is_understood_as_utc(posted_at: object, moment: datetime) -> None:
    found = Incoming.model_validate(PLAIN | {"posted_at": posted_at}).posted_at
    assert found == moment
    assert found.tzinfo is UTC


@pytest.mark.parametrize("path", ["url", "author.url"])
def test_a_link_may_be_as_long_as_links_are(path: str) -> None:
    link = "https://example.org/" + "x" * 1980
    assert _read(path, link) == link
    assert _fields_at_fault(_with(path, link + "x")) == {path}


@pytest.mark.parametrize(
    ("path", "longest"),
    [
        ("channel", 40),
        ("external_id", 300),
        ("conversation_id", 300),
        ("in_reply_to", 300),
        ("author.handle", 300),
        ("author.name", 500),
    ],
)
def test_a_field_is_taken_up_to_its_limit_and_not_beyond(path: str, longest: int) -> None:
    assert _read(path, "é" * longest) == "é" * longest
    assert _read(path, " " + "é" * longest + " ") == "é" * longest, "measured without the margins"
    assert _fields_at_fault(_with(path, "é" * (longest + 1))) == {path}


def test_what_a_newer_channel_sends_besides_is_left_aside() -> None:
    assert Incoming.model_validate(PLAIN | {"mood": "cross"}) == Incoming.model_validate(PLAIN)


# What is not. ---------------------------------------------------------------------------------

BAD = [
    ("text", None),
    ("text", ""),
    ("text", " "),
    ("text", "\u00a0\u2003\n"),
    ("text", 7),
    ("text", ["a"]),
    ("text", {"a": 1}),
    ("text", "nul\x00"),
    ("text", "bell\x07"),
    ("text", "escape\x1b[31m"),
    ("text", "delete\x7f"),
    ("text", "c1\x9b"),
    ("text", "half\ud800"),
    ("text", "other half\udfff"),
    ("channel", ""),
    ("channel", "con\x00sole"),
    ("external_id", ""),
    ("external_id", "  "),
    ("external_id", 17),
    ("external_id", "\ud83d"),
    ("conversation_id", ""),
    ("in_reply_to", "\x01"),
    ("author", None),
    ("author", "@rider"),
    ("author", []),
    ("author.handle", ""),
    ("author.handle", None),
    ("author.name", ""),
    ("author.name", "a\x08b"),
    ("author.reach", -1),
    ("author.reach", 10**12 + 1),
    ("author.reach", "many"),
    ("author.reach", 1.5),
    ("author.url", "javascript:alert(1)"),
    ("url", "javascript:alert(1)"),
    ("url", "//example.org"),
    ("url", "example.org"),
    ("url", "https://"),
    ("url", "https://example.org/a b"),
    ("url", "https://example.org/\nSet-Cookie: x"),
    ("url", "data:text/html,https://example.org"),
    ("url", ""),
    ("posted_at", None),
    ("posted_at", ""),
    ("posted_at", "yesterday"),
    ("posted_at", "2026-03-02T08:55:00"),
    ("posted_at", "2026-03-02"),
    ("posted_at", "2026-02-30T08:55:00Z"),
    ("posted_at", "2026-03-02T25:00:00Z"),
    ("posted_at", "0001-01-01T00:00:00+05:00"),
    ("posted_at", "9999-12-31T23:59:59-05:00"),
    ("posted_at", 1_772_441_700),
    ("posted_at", 1_772_441_700.5),
    ("posted_at", "1772441700"),
    ("posted_at", "-1"),
    ("posted_at", "NaN"),
    ("posted_at", float("inf")),
    ("posted_at", True),
    ("posted_at", {}),
]


@pytest.mark.parametrize(("path", "value"), BAD)
def test_what_cannot_be_used_is_refused_by_the_name_of_its_field(path: str, value: object) -> None:
    assert _fields_at_fault(_with(path, value)) == {path}


@pytest.mark.parametrize("field", ["channel", "external_id", "author", "text", "posted_at"])
def test_a_missing_field_is_named(field: str) -> None:
    assert _fields_at_fault({k: v for k, v in PLAIN.items() if k != field}) == {field}


@pytest.mark.parametrize(
    "posted_at", [AT.replace(tzinfo=None), date(2026, 3, 2), timedelta(hours=1)]
)
def test_times_that_only_a_program_could_send_are_refused_too(posted_at: object) -> None:
    assert _fields_at_fault(PLAIN | {"posted_at": posted_at}) == {"posted_at"}


@pytest.mark.parametrize("whole", [None, [], "text", 3, {}])
def test_what_is_no_comment_at_all_is_refused(whole: object) -> None:
    with pytest.raises(ValidationError):
        Incoming.model_validate(whole)


def test_a_control_character_is_named_with_its_place() -> None:
    with pytest.raises(ValidationError, match=r"U\+0007 at position 4"):
        Incoming.model_validate(_with("text", "bell\x07"))


# What only policy, settings and the clock can tell. -------------------------------------------


def _check(at: datetime = AT, **changes: Any) -> Invalid | None:
    comment = Incoming.model_validate(PLAIN | changes)
    try:
        check_incoming(comment, policy(), at, MAX_TEXT)
    except Invalid as refusal:
        return refusal
    return None


def test_a_plain_comment_passes() -> None:
    assert _check() is None


def test_an_unknown_channel_is_refused_with_those_there_are() -> None:
    refusal = _check(channel="telex")
    assert refusal is not None
    assert (refusal.code, refusal.details) == ("unknown_channel", {"field": "channel"})
    assert "telex" in refusal.message
    assert refusal.way_out == "use one of: console, shop"


def test_a_text_is_measured_in_characters_and_may_fill_the_limit() -> None:
    assert _check(text="🚲" * MAX_TEXT) is None
    refusal = _check(text="🚲" * (MAX_TEXT + 1))
    assert refusal is not None
    assert (refusal.code, refusal.details) == ("text_too_long", {"field": "text"})
    assert str(MAX_TEXT) in refusal.message
    assert refusal.way_out


def test_a_clock_may_be_a_little_ahead_but_nobody_writes_from_the_future() -> None:
    assert _check(posted_at=AT + CLOCK_SKEW) is None
    refusal = _check(posted_at=AT + CLOCK_SKEW + timedelta(microseconds=1))
    assert refusal is not None
    assert (refusal.code, refusal.details) == ("posted_in_the_future", {"field": "posted_at"})
    assert refusal.way_out
    assert _check(posted_at="9999-12-31T23:59:59Z") is not None


def test_however_old_a_comment_is_it_is_taken() -> None:
    assert _check(posted_at="1970-01-01T00:00:00Z") is None


# Anything at all. -----------------------------------------------------------------------------

anything = st.text(st.characters(exclude_categories=()), max_size=60)
"""Every code point there is, lone surrogates and control characters included."""


def _is_fit(text: str) -> bool:
    def is_bad(char: str) -> bool:
        category = unicodedata.category(char)
        return category == "Cs" or (category == "Cc" and char not in "\t\n\r")

    return not any(map(is_bad, text)) and bool(text.strip())


@given(text=anything)
@settings(max_examples=300, deadline=None)
@example(text="\u200f\u202e")
@example(text="\x85")
@example(text="\x1f \x1f")
def test_any_text_is_either_taken_and_storable_or_refused(text: str) -> None:
    try:
        comment = Incoming.model_validate(_with("text", "x") | {"text": text})
    except ValidationError:
        assert not _is_fit(text)
        return
    assert _is_fit(text)
    assert comment.text == text.strip()
    assert "\x00" not in comment.text
    comment.text.encode()
    assert Incoming.model_validate_json(comment.model_dump_json()) == comment


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "channel": anything,
            "external_id": anything | st.integers(),
            "conversation_id": anything | st.none(),
            "author": st.fixed_dictionaries(
                {"handle": anything},
                optional={"name": anything, "url": anything, "reach": st.integers() | st.floats()},
            ),
            "url": anything | st.just("https://example.org/"),
            "posted_at": anything
            | st.integers()
            | st.floats()
            | st.datetimes(timezones=st.none() | st.timezones())
            | st.datetimes().map(lambda moment: moment.isoformat()),
            "in_reply_to": anything | st.none(),
        },
    )
)
@settings(max_examples=300, deadline=None)
def test_no_field_of_any_kind_raises_anything_but_a_refusal(changes: dict[str, Any]) -> None:
    try:
        comment = Incoming.model_validate(PLAIN | changes)
        check_incoming(comment, policy(), AT, MAX_TEXT)
    except (ValidationError, Invalid):
        return
    again = Incoming.model_validate_json(comment.model_dump_json())
    assert again == comment
    assert again.posted_at.tzinfo is not None
    assert isinstance(comment.author, IncomingAuthor)


@pytest.mark.parametrize(("told", "kept"), [("de", "de"), ("pt_BR", "pt-BR"), (" de-AT ", "de-AT")])
def test_a_language_is_taken_however_programs_write_it(told: str, kept: str) -> None:
    comment = incoming().model_dump(mode="json") | {"language": told}
    assert Incoming.model_validate(comment).language == kept


def test_a_language_may_be_left_out_but_not_be_a_sentence() -> None:
    assert incoming().language is None
    with pytest.raises(ValidationError, match="language"):
        Incoming.model_validate(incoming().model_dump(mode="json") | {"language": "in German"})
