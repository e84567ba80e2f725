"""What a notice says: it stands alone as text, leads to one place, and holds nobody's words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from activities import letters
from activities.letters import Block, Link
from activities.mail import Mail
from config.settings import Settings
from domain.decision_links import Family
from domain.messages import Notice
from store import queries, telling
from store.telling import Card

AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
CASE = "escalation/01M832XSBSA28KYCS6T2BNABQ3"
HARSH = "<script>alert('x')</script> مرحبا 🚲 & \"quoted\""


def block(*reasons: str, about: str = CASE, urgent: bool = False, **card: object) -> Block:
    kind = about.partition("/")[0]
    values: dict[str, object] = {
        "about": about,
        "kind": kind,
        "stage": {"escalation": "deciding", "post": "in_review"}.get(kind, "open"),
        "team": "Customer care",
        "channel": "shop",
        "due_at": AT + timedelta(hours=3),
    }
    told = [Notice(reason=reason, about=about, urgent=urgent) for reason in reasons]
    shown = Card.model_validate(values | card) if "/" in about else None
    return letters.block(told, shown, Link(f"https://answers.example/{about}"))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def page(html: str) -> _Page:
    parser = _Page()
    parser.feed(html)
    return parser


@pytest.mark.rule(16)
def test_the_text_stands_alone_and_the_page_says_the_same_without_images() -> None:
    letter = letters.compose("Cora", [block("decision_wanted", "commenter_spoke")], "UTC", AT)
    shown = page(letter.html)
    for said in (
        "Hello Cora,",
        "A decision is wanted from you.",
        "Also: The commenter has said more.",
        "Tue 1 Dec, 12:00 UTC (in 3\u00a0h)",
        "Why you get this: you are one of those who may decide it.",
    ):
        assert said in letter.text
        assert said in re.sub(r"\s*\n\s*", " ", shown.text), said
    assert not shown.tags & {"img", "script", "link", "iframe", "form"}
    assert all(len(line) <= letters.WIDTH for line in letter.text.splitlines() if "//" not in line)


@pytest.mark.rule(16)
def test_a_notice_has_one_reason_and_one_link_in_every_shape() -> None:
    letter = letters.compose("Cora", [block("decision_wanted", "due_soon")], "UTC", AT)
    link = f"https://answers.example/{CASE}"
    assert page(letter.html).links == [link]
    for text in (letter.text, letter.chat):
        assert re.findall(r"https?://\S+", text) == [link]
    assert letter.text.count("Why you get this") == 1
    assert letter.chat.count("Why you") == 1


def test_a_link_that_decides_says_until_when_and_that_looking_decides_nothing() -> None:
    link = Link("https://answers.example/go/go_x", letters.LABELS[Family.DECIDE], AT)
    told = [Notice(reason="decision_wanted", about=CASE)]
    card = Card(about=CASE, kind="escalation", stage="deciding", team="Customer care")
    letter = letters.compose("Cora", [letters.block(told, card, link)], "Europe/Berlin", AT)
    assert "until Tue 1 Dec, 10:00 CET; opening it decides" in letter.text.replace("\n", " ")
    assert "opening it decides nothing" in page(letter.html).text


def test_times_are_those_of_the_readers_own_clocks() -> None:
    late = block("late", due_at=AT - timedelta(hours=5))
    far = block("promise_made", due_at=AT + timedelta(days=40))
    for zone, said in (("Asia/Dubai", "08:00 GST"), ("Europe/Berlin", "05:00 CET")):
        letter = letters.compose("Cora", [late], zone, AT)
        assert f"{said} (5\u00a0h late)" in letter.text.replace("\n", " ")
    text = letters.compose("Cora", [far], "UTC", AT).text.replace("\n", " ")
    assert "Sun, 10 Jan 2027, 09:00 UTC (in 40\u00a0d)" in text


def test_several_cases_come_in_one_message_the_most_urgent_first() -> None:
    blocks = [
        block("assigned_to_you", about="escalation/1", due_at=AT + timedelta(hours=9)),
        block("promise_made", about="commitment/2", due_at=None),
        block("review_wanted", about="post/3", due_at=AT + timedelta(hours=1)),
        block("late", about="escalation/4", due_at=AT + timedelta(hours=20), urgent=True),
        block("token_made_for_you", about="queue"),
    ]
    ordered = letters.by_urgency(blocks, datetime.max.replace(tzinfo=UTC))
    letter = letters.compose("Ada", ordered, "UTC", AT)
    assert letter.subject == "Urgent: 5 notices; the first: A deadline has passed"
    assert re.findall(r"https://answers.example/(\S+)", letter.text) == [
        "escalation/4", "post/3", "escalation/1", "commitment/2", "queue",
    ]  # fmt: skip
    assert letter.text.count("Next: ") == 4
    assert letter.about is None, "it belongs to no one case's thread"


@pytest.mark.parametrize("kind", letters.NEXT)
def test_every_stage_in_which_somebody_owes_something_has_its_next_move(kind: str) -> None:
    from domain.commitment import CommitmentStage
    from domain.escalation import Stage
    from domain.matter import MatterStage
    from domain.post import PostStage

    stages = {
        "escalation": Stage, "post": PostStage, "commitment": CommitmentStage,
        "matter": MatterStage,
    }[kind]  # fmt: skip
    told = {str(stage) for stage in stages} & set(letters.NEXT[kind])
    assert told == set(letters.NEXT[kind]), "a stage that there is not"


def test_what_somebody_wrote_is_shown_as_text_and_in_its_own_direction() -> None:
    letter = letters.compose("<b>Cora</b>", [block("decided", excerpt=HARSH)], "UTC", AT)
    assert "<script>" not in letter.html
    assert "<b>Cora</b>" not in letter.html
    assert re.search(r'<p class="quote" dir="auto"[^>]*>&lt;script&gt;', letter.html)


def test_a_name_with_a_line_end_in_it_makes_no_header() -> None:
    letter = letters.compose(
        "Cora", [block("late", team="Care\r\nBcc: eve@example.org")], "UTC", AT
    )
    message = Mail.of("m1", "cora@example.org", letter, Settings()).message()
    assert message["Bcc"] is None
    assert "\n" not in letter.subject


def test_the_mail_has_both_shapes_and_the_headers_that_keep_machines_quiet() -> None:
    settings = Settings(public_url="https://answers.example", smtp_from="no-reply@answers.example")
    letter = letters.compose("Cora", [block("decision_wanted")], "UTC", AT)
    message = Mail.of("run-1-0", "cora@example.org", letter, settings).message()
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    assert message["Message-ID"] == "<run-1-0@answers.example>"
    thread = f"<{CASE.replace('/', '.')}@answers.example>"
    assert (message["References"], message["In-Reply-To"]) == (thread, thread)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Id"] == "Answerable <notices.answers.example>"
    assert message["List-Unsubscribe"] == "<https://answers.example/me/notices>"
    assert message["Subject"] == "A decision is wanted from you (Customer care, shop)"
    again = Mail.of("run-1-0", "cora@example.org", letter, settings).message()
    assert again["Message-ID"] == message["Message-ID"], "sent twice, it is one mail"


@pytest.mark.rule(16)
def test_blocks_of_one_reason_are_told_apart_by_facts_alone() -> None:
    first = block("decision_wanted", about="escalation/1", said_at=AT - timedelta(hours=3))
    second = block(
        "decision_wanted", about="escalation/2", said_at=AT - timedelta(hours=4), comments=3
    )
    letter = letters.compose("Cora", [first, second], "UTC", AT)
    shown = re.sub(r"\s+", " ", page(letter.html).text)
    for text in (letter.text, letter.chat, shown):
        assert "The comment is of Tue 1 Dec, 06:00 UTC." in text
        assert "The comment is of Tue 1 Dec, 05:00 UTC. 3 comments in all." in text
    matter = block("decided", about="matter/4", stage="ready", channel=None, members=120)
    for text in (letter := letters.compose("Ada", [matter], "UTC", AT)).text, letter.chat:
        assert "\nIt answers 120 cases.\n" in text


def test_who_commented_stands_in_every_shape_where_words_may_be_told() -> None:
    one = block("decided", said_at=AT, commenter=HARSH, excerpt="No saddle.")
    letter = letters.compose("Cora", [one], "UTC", AT)
    assert "<bdi>&lt;script&gt;alert" in letter.html
    said = f"{HARSH} commented on Tue 1 Dec, 09:00 UTC."
    for text in (letter.text.replace("\n", " "), letter.chat):
        assert said in text
        assert "No saddle." in text
    matter = block("decided", about="matter/4", stage="ready", members=1, excerpt="Parcels")
    assert "The matter: “Parcels”" in letters.compose("Ada", [matter], "UTC", AT).text


def test_an_excerpt_that_was_cut_ends_with_a_whole_word() -> None:
    assert telling.beginning("  Where is my saddle? ") == "Where is my saddle?"
    words = "Die Bremsen versagten. " * 20
    assert telling.beginning(words[: queries.EXCERPT]).endswith(" Die Bremsen …")
    assert telling.beginning("x" * queries.EXCERPT) == "x" * queries.EXCERPT + " …"
