"""What a channel puts beside the words, and whether words fit, said once for every network."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels import Earlier, Utterance
from channels.base import check_fits, limits, marked, room
from domain.errors import Invalid
from domain.policy import Channel, ChannelKind
from domain.post import PostKind

AT = datetime(2026, 11, 23, 4, 22, 59, tzinfo=UTC)
CHANNEL = Channel(kind=ChannelKind.CONSOLE, team="care", max_length=100, posts_per_day=20)


def test_words_for_one_person_go_out_as_they_are() -> None:
    assert marked("We are on it.", PostKind.REPLY) == "We are on it."
    assert marked("We did it.", PostKind.FOLLOW_UP) == "We did it."


@pytest.mark.rule(14)
@pytest.mark.parametrize(("count", "people"), [(1, "1 person"), (2, "2 people"), (40, "40 people")])
def test_an_answer_that_many_get_says_so(count: int, people: str) -> None:
    assert marked("We are on it.", PostKind.REPLY, count) == (
        f"We are on it.\n\nThe same answer goes to {people} who raised this."
    )


@pytest.mark.rule(8)
@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (PostKind.CORRECTION, "Correction of what we published on 2026-11-23 04:22 UTC:"),
        (PostKind.RETRACTION, "We take back what we published on 2026-11-23 04:22 UTC:"),
    ],
)
def test_words_about_an_earlier_post_name_it(kind: PostKind, line: str) -> None:
    utterance = Utterance(
        post_id="P2",
        channel="console",
        text="It comes on Tuesday.",
        kind=kind,
        corrects=Earlier(post_id="P1", published_at=AT),
    )
    assert utterance.public_text == f"{line}\n\nIt comes on Tuesday."


@pytest.mark.parametrize("kind", PostKind)
@pytest.mark.parametrize("same_answer_to", [0, 1, 1234])
def test_what_fits_before_it_is_approved_fits_when_it_is_published(
    kind: PostKind, same_answer_to: int
) -> None:
    channel = CHANNEL.model_copy(update={"max_length": 200})
    most = room(channel, kind, same_answer_to)
    text = "x" * most
    check_fits("console", channel, text, kind=kind, same_answer_to=same_answer_to)
    assert len(marked(text, kind, same_answer_to, AT)) == limits(channel).max_length
    with pytest.raises(Invalid) as caught:
        check_fits("console", channel, text + "x", kind=kind, same_answer_to=same_answer_to)
    assert caught.value.code == "text_too_long"
    assert f"at most {most} " in caught.value.message
    assert "console" in caught.value.way_out


def test_a_channel_shorter_than_its_own_lines_takes_no_words() -> None:
    channel = CHANNEL.model_copy(update={"max_length": 10})
    with pytest.raises(Invalid, match="at most 0"):
        check_fits("console", channel, "x", same_answer_to=2)
