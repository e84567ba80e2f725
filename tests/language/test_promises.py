"""The promise gate's finder on whole texts: where sentences end, whose they are, what is left."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from language import rules
from language.promises import Found, find, marks
from language.reading import Reading

pytestmark = pytest.mark.rule(9)


def sentences(text: str, language: str = "en") -> list[str]:
    return [found.sentence for found in find(text, language)]


def said(found: tuple[Found, ...]) -> list[str]:
    return [one.sentence for one in found]


def cpu_milliseconds(call: Callable[[], object]) -> float:
    """The best of three, in processor time: a busy machine makes nothing slower."""
    took = []
    for _ in range(3):
        before = time.process_time()
        call()
        took.append(time.process_time() - before)
    return 1000 * min(took)


# Where a sentence stands. --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sorry, Anna! 🙏 We’ll refund you 💶. Bye 👋🏽", ["🙏 We’ll refund you 💶."]),
        ("Hi.\n\n- We will pay\n- Please write\n- one by Friday", ["We will pay", "one by Friday"]),
        ("1. We will call.\n2. Nothing else.", ["We will call."]),
        ("Sorry\nWe will look into it\nThanks", ["We will look into it"]),
        ("We will send you\nthe money. Thanks.", ["We will send you\nthe money."]),
        ("<p>Sorry.</p><p>We <b>will</b> fix&nbsp;it.</p>", ["We <b>will</b> fix&nbsp;it."]),
        ("We&#39;ll write. Bye.", ["We&#39;ll write."]),
        ("## We will\n\n**We** shall _not_ forget. ok", ["We will", "**We** shall _not_ forget."]),
        ("Dr. Fox will call at 3.30, e.g. here. No.", ["Dr. Fox will call at 3.30, e.g. here."]),
        ("See https://example.org/we-will/by-friday. Bye.", []),
        ("Write to will@example.org or @we_will. Bye.", []),
        ("שלום. We will write by Friday. תודה", ["We will write by Friday."]),
        ("نعتذر. الرد خلال ٤٨h. شكرا", ["الرد خلال ٤٨h."]),
        ("返金します。3月5日までに。", ["返金します。3月5日までに。"]),
        ("", []),
        (" \n\t", []),
    ],
)  # fmt: skip
def test_a_promise_is_found_as_it_was_written(text: str, found: list[str]) -> None:
    assert sentences(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "W\u200bill do. Sorry.\nWe wi\u00adll refund\ufeff you!",
        "𝐖𝐞 𝐰𝐢𝐥𝐥 refund you. ＷＥ ＷＩＬＬ call.",
        "We will meet in the cafe\u0301 on Monday. Au revoir.",
        "İ said: we will call. İt’s late. We'll write.",
        "a\r\n\r\nWe will.\r\n> no\r\nshall we? We shall.",
        "<blockquote>x</blockquote>We will &amp; shall&hellip; ok *We'll* go",
    ],
)
def test_places_lead_back_to_the_text(text: str) -> None:
    found = find(text)
    assert found
    for one in found:
        assert text[one.start : one.end] == one.sentence
        assert one.sentence == one.sentence.strip()
    assert [one.start for one in found] == sorted({one.start for one in found})


def test_disguised_letters_promise_as_well() -> None:
    for text in (
        "W\u200bill do",
        "𝐖𝐞 𝐰𝐢𝐥𝐥 refund you",
        "ＷＥ ＷＩＬＬ call",
        "we\u00a0wi<i>ll</i> pay",
        "we w**il**l pay",
    ):
        assert find(text), text


def test_the_first_rule_that_finds_names_the_sentence() -> None:
    assert [f.rule for f in find("We will call. A call on Monday. You have my word.")] == [
        "will",
        "weekday",
        "pledge",
    ]


# Whose words they are. -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "> We will sue you tomorrow.\nUnderstood.",
        "Understood.\n> We will sue\n> by Friday\nThank you.",
        "<blockquote>You will hear from me by Friday.</blockquote><p>Understood.</p>",
        "You wrote: “I will sue you tomorrow.” Understood.",
        "We have read your comment 'thank you'. Your “it will never work” is fair.",
    ],
)
def test_what_the_commenter_said_is_not_our_promise(text: str) -> None:
    assert sentences(text) == []


def test_quoting_ourselves_hides_no_promise() -> None:
    assert sentences("Our answer: “We will refund you.” Bye.")


def test_not_doing_is_promised_too() -> None:
    assert find("We will not share your data.")
    assert find("We won't charge you again.")


def test_a_condition_of_theirs_leaves_our_part_a_promise() -> None:
    assert find("If you send us the number, we will refund you.")
    assert not find("Tell us if you will be late on Monday.")


# Languages. ----------------------------------------------------------------------------------


def test_a_language_without_a_file_is_read_for_dates_and_numbers_alone() -> None:
    text = "Wir senden es am 5.3. zu. We will do it. Antwort in 48h!"
    assert sentences(text, "de") == ["Wir senden es am 5.3. zu.", "Antwort in 48h!"]


@pytest.mark.parametrize("tag", ["en", "EN", "en-GB", "en_US", " en "])
def test_a_tag_leads_to_its_language(tag: str) -> None:
    assert find("We will call.", tag)


@pytest.mark.parametrize("tag", ["", "../en", "neutral", "xx", "en.toml"])
def test_an_unknown_tag_is_no_way_into_files(tag: str) -> None:
    assert not find("We will call.", tag)
    assert find("Am 2026-03-05.", tag)


# The gate. -----------------------------------------------------------------------------------

REPLY = "Sorry, Anna. We will refund you by Friday. You will receive a letter. It was our mistake."
REFUND, LETTER = "We will refund you by Friday.", "You will receive a letter."


@pytest.mark.parametrize(
    ("tied", "none", "left"),
    [
        ([], [], [REFUND, LETTER]),
        ([REFUND], [], [LETTER]),
        ([], [LETTER], [REFUND]),
        ([REFUND], [LETTER], []),
        (["We  will\nrefund you by Friday"], [], [LETTER]),
        (["refund you by Friday"], [], [LETTER]),
        ([REFUND + " " + LETTER], [], []),
        (["we will"], [], [REFUND, LETTER]),
        (["", " ", "."], ["!"], [REFUND, LETTER]),
    ],
)
def test_a_promise_is_unmarked_until_it_is_tied_or_marked_as_none(
    tied: list[str], none: list[str], left: list[str]
) -> None:
    assert said(marks(REPLY, tied, none).unmarked) == left


def test_the_shape_of_quotes_does_not_untie() -> None:
    assert not marks("We’ll refund you.", ["We'll refund you"], []).unmarked


def test_each_promise_is_counted_once_whatever_is_quoted() -> None:
    """Quotes that name nothing, or one sentence twice, change no number."""
    text = "We will call. We will write. We will pay."
    sorted_ = marks(text, ["We will call.", "We will call", "We will fly."], ["We will write", "x"])

    assert said(sorted_.tied) == ["We will call."]
    assert said(sorted_.none) == ["We will write."]
    assert said(sorted_.unmarked) == ["We will pay."]
    both = marks(text, ["We will call."], ["We will call."])
    assert (said(both.tied), said(both.none)) == (["We will call."], [])


# Speed. --------------------------------------------------------------------------------------

LENGTH = 50_000


def test_fifty_thousand_characters_are_read_at_once() -> None:
    some = (
        "We looked for your parcel and found it in Leeds. It was there since Monday, as you wrote."
    )
    text = f"{some} We will send it tomorrow. " * 500
    assert len(text) > LENGTH
    text = text[:LENGTH]
    assert cpu_milliseconds(lambda: find(text)) < 150


HARD = [
    "will you ", "hope will ", "if you will be here ", "no news on will ", "please by friday ",
    "We will fix it. ", "if you ", "can we when you ", "a, ", "not know ", '"you said ', "\n- ",
    "in a few ", "so we ", "hope ", "it was ", "5.3.", "1 ", "within about around up to ", "1:1 ",
    "<q>", "<q>a", "<blockquote>", "<p ", "&a", "*", "* ", "_", "@a.", "“", "“ a. ", "'", "\n",
    "http://a.b/", "🙏", "e\u0301", "\u200b", " ", "> a\n", "(", "x. ", "https://" + "." * 90, "0",
    "please and ", "thanks for ", "you know that we know that ", "of the end of ",
    "we're ", "10 to ",
]  # fmt: skip


@pytest.mark.parametrize("hard", [*HARD, "(?", "🙏?", "&a?", "a\n?"], ids=repr)
def test_no_text_is_made_slow_by_how_it_is_written(hard: str) -> None:
    """Far more than usual is allowed; what grows with the square of the length takes minutes."""
    before = time.process_time()
    find((hard * LENGTH)[:LENGTH])
    assert time.process_time() - before < 2


def test_looking_for_cues_first_hides_no_match() -> None:
    examples = [
        sentence.plain
        for name in (*rules.known(), rules.NEUTRAL)
        for rule in (*rules.of(name).promise, *rules.of(name).excuse)
        for text in (*rule.finds, *rule.spares)
        for sentence in Reading(text).sentences("en")
    ]
    for name in (*rules.known(), rules.NEUTRAL):
        for rule in (*rules.of(name).promise, *rules.of(name).excuse):
            for plain in examples:
                if rule.compiled.search(plain):
                    assert rule.may_match(plain), (rule.id, plain)
