"""What makes two texts one, and that finding it stays cheap."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from language import measure
from language.sameness import (
    READY_MADE,
    Twin,
    copies,
    likely_same_matter,
    likeness,
    nearest,
    shape,
    words,
)

ASKED = "we are sorry for the trouble. Please send us your order number so we can look"
REPLY = f"Hi Anna, {ASKED}. ^AB"


@pytest.mark.parametrize(
    "other",
    [
        REPLY,
        f"HELLO BEN! {ASKED.upper()}!  - Cora",
        f"@ben Hi there, {ASKED} https://example.org/x",
        f"<p>Dear Ben,</p><p>{ASKED.replace('for', '<b>for</b>')}</p>Kind regards,<br>Cora",
        "We are sorry for the trouble, Ben! Please send us your order number so we can look. 1/2",
    ],
)
def test_what_differs_between_two_uses_of_a_template_makes_no_difference(other: str) -> None:
    assert likeness(REPLY, other) == 1000


def test_numbers_count_as_one_number() -> None:
    assert words("Order 4711 of 3.5. is #12") == words("Order 9 of 12/7/2026 is #77")


def test_likeness_counts_exchanged_words() -> None:
    twenty = [f"word{chr(97 + n)}" for n in range(20)]
    assert likeness(" ".join(twenty), " ".join([*twenty[:17], "other", "things", "said"])) == 850
    assert likeness(" ".join(twenty), "nothing in common here") == 0


def test_likeness_is_the_same_both_ways() -> None:
    other = "We are sorry. Please send your number."
    assert likeness(REPLY, other) == likeness(other, REPLY)


def test_a_text_without_words_is_like_its_equal_alone() -> None:
    assert likeness("🙏", "🙏 ") == 1000
    assert likeness("🙏", "👎") == 0
    assert likeness("🙏", "Thank you all for coming") == 0


@pytest.mark.rule(14)
def test_the_nearest_of_the_recent_replies_is_the_twin() -> None:
    recent = [
        ("R1", "Hello Ben, we are sorry for the trouble. Write to us so we can look. ^CD"),
        (
            "R2",
            "Hi Ben, we are sorry for the trouble. Please send us your order code so we can look.",
        ),
        ("R3", "We have found your parcel in Leeds and it leaves tonight."),
    ]
    assert nearest(REPLY, recent) == Twin(id="R2", permille=likeness(REPLY, recent[1][1]))
    assert nearest(REPLY, recent, threshold=1000) is None
    assert nearest("Your cat was found asleep in our van, unhurt.", recent) is None
    assert nearest(REPLY, []) is None


@pytest.mark.rule(14)
@pytest.mark.parametrize("short", ["Thank you!", "You're welcome, Anna!", "🙏", "", "Done. ^AB"])
def test_a_few_words_are_no_template(short: str) -> None:
    assert nearest(short, [("R1", short)]) is None


@pytest.mark.rule(14)
def test_of_two_equal_twins_the_first_is_named() -> None:
    assert nearest(REPLY, [("R2", REPLY), ("R1", REPLY)]) == Twin(id="R2", permille=1000)


def some_text(chance: random.Random, length: int) -> str:
    return " ".join(
        "v" + str(int(4000 * chance.random() ** 3)).translate(LETTERS) for _ in range(length)
    )


LETTERS = str.maketrans("0123456789", "abcdefghij")


@pytest.mark.rule(14)
def test_fifteen_hundred_long_replies_are_compared_in_a_twentieth_of_a_second() -> None:
    """With their shapes at hand, as they are from the second reply on."""
    chance = random.Random(14)
    recent = [(str(n), some_text(chance, 700)[:5000]) for n in range(1500)]
    text = recent[77][1].replace("va ", "changed ", 20)
    shape_of_all = [shape(reply) for _, reply in recent]
    before = time.process_time()
    twin = nearest(text, recent)
    assert time.process_time() - before < 0.05
    assert twin is not None
    assert twin.id == "77"
    assert len(shape_of_all) == len(recent)


def test_no_pair_that_would_reach_the_threshold_is_left_out_beforehand() -> None:
    chance = random.Random(5)
    for _ in range(300):
        text = some_text(chance, chance.randint(5, 60)).split()
        other = list(text)
        for _ in range(chance.randint(0, len(text) // 3)):
            other[chance.randrange(len(other))] = some_text(chance, 1)
        a, b = " ".join(text), " ".join(other)
        if likeness(a, b) >= READY_MADE:
            assert shape(a).may_reach(shape(b), READY_MADE)


# Copies. -------------------------------------------------------------------------------------

COMPLAINT = "your app shows an empty page since the update this morning and i cannot log in"


def test_near_identical_comments_are_one_group() -> None:
    texts = [
        ("C1", COMPLAINT), ("C2", "Your parcel service left my parcel in the rain again today"),
        ("C3", "@shop " + COMPLAINT.upper() + "!!!"), ("C4", COMPLAINT.replace("morning", "week")),
        ("C5", "👎"), ("C6", "👎"), ("C7", "why?"), ("C8", "Why?!"), ("C9", "because"),
    ]  # fmt: skip
    assert copies(texts) == [["C1", "C3", "C4"], ["C5", "C6"], ["C7", "C8"]]


def test_likeness_is_not_handed_on_from_copy_to_copy() -> None:
    steps = COMPLAINT.split()
    chain = []
    for n in range(len(steps)):
        steps[n] = f"other{chr(97 + n)}"
        chain.append((str(n), " ".join(steps)))
    for group in copies(chain):
        texts = [dict(chain)[key] for key in group]
        assert all(likeness(texts[0], text) >= READY_MADE for text in texts)


def test_ten_thousand_comments_are_grouped_within_seconds() -> None:
    chance = random.Random(1)
    originals = [some_text(chance, 12) for _ in range(2000)]
    texts = [
        (str(n), chance.choice(originals).replace("va", f"x{chr(97 + n % 26)}", 1))
        for n in range(10_000)
    ]
    before = time.process_time()
    groups = copies(texts)
    assert time.process_time() - before < 6
    assert sum(map(len, groups)) > 9000


def test_many_comments_that_share_their_words_are_bounded_as_well() -> None:
    chance = random.Random(2)
    said = "we all say the same thing about you "
    texts = [(str(n), said + some_text(chance, 8)) for n in range(4000)]
    before = time.process_time()
    copies(texts)
    assert time.process_time() - before < 6


# Matters. ------------------------------------------------------------------------------------


def test_comments_on_the_same_thing_are_suggested_the_likeliest_first() -> None:
    others = [
        ("C1", "Since this morning's update the app only shows an empty page after login!"),
        ("C2", "My parcel was left in the rain."),
        ("C3", "App update: empty page. Cannot log in since the morning, app shows nothing"),
        ("C4", "The update is nice."),
    ]
    found = likely_same_matter(COMPLAINT, others)
    assert {twin.id for twin in found} == {"C1", "C3"}
    assert [twin.permille for twin in found] == sorted((t.permille for t in found), reverse=True)


def test_a_single_word_makes_no_matter() -> None:
    assert likely_same_matter("refund", [("C1", "refund"), ("C2", "I want a refund")]) == []


# The script. ---------------------------------------------------------------------------------


def test_the_measure_prints_ids_and_no_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"id": "1", "author": "shop", "text": REPLY},
        {"id": "2", "author": "shop", "text": REPLY.replace("Anna", "Ben")},
        {"id": "3", "author": "other", "text": REPLY},
        {"id": "4", "author": "77", "from_public": True, "text": REPLY},
        {"id": "5", "author": "shop", "text": "Thanks!"},
    ]
    path = tmp_path / "replies.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    measure.main([str(path)])
    printed = capsys.readouterr().out
    assert "4 replies, 1 too short to compare" in printed
    assert "1 of 3 (33.3 %) are ready-made at 850" in printed
    assert "1000  2  1" in printed
    assert "sorry" not in printed
    measure.main([str(path), "--show", "--window", "1", "--threshold", "500"])
    assert "sorry" in capsys.readouterr().out


def test_a_missing_file_is_skipped_with_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measure.main([str(tmp_path / "none.jsonl")])
    assert capsys.readouterr().out.startswith("skipped: there is no file")
