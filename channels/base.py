"""What every network can be asked for, and the values that go in and come out.

Activities hold a ``Network`` and know nothing else of this room. A new network is one module with
these three methods and one row in the table of ``channels``. What a channel puts beside the words,
and whether words fit, is said here once for all of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from pydantic import Field

from domain.base import Moment, Value
from domain.errors import Invalid
from domain.policy import Channel
from domain.post import FindResult, PostKind, PublishResult

SAME_ANSWER = "The same answer goes to {people} who raised this."
"""Stands behind words that go to several people: an answer that many get says so."""

ABOUT_EARLIER = {
    PostKind.CORRECTION: "Correction of what we published on {at}:",
    PostKind.RETRACTION: "We take back what we published on {at}:",
}
"""Stands before words about an earlier post, which stays where it is. ``at`` is in UTC, to the
minute, so every such line has the same length."""

_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class Earlier(Value):
    """The published post that another one corrects or takes back."""

    post_id: str
    published_at: Moment
    external_id: str | None = None


class Utterance(Value):
    """What is to be said in public, once, and where it belongs."""

    post_id: str
    """Ours, and the same on every attempt: whoever receives it can recognise a repetition."""
    channel: str
    text: str = Field(repr=False)
    """The words exactly as they were cleared."""
    in_reply_to: str | None = None
    """The id which the network itself gave to the comment that is answered."""
    conversation: str | None = None
    """The network's id of the thread."""
    kind: PostKind = PostKind.REPLY
    corrects: Earlier | None = None
    same_answer_to: int = 0

    @property
    def public_text(self) -> str:
        """The words with the channel's own lines around them: what people read."""
        earlier_at = self.corrects.published_at if self.corrects else None
        return marked(self.text, self.kind, self.same_answer_to, earlier_at)


def marked(
    text: str, kind: PostKind, same_answer_to: int = 0, earlier_at: datetime | None = None
) -> str:
    """Words as they are published, with what the public has to know beside them.

    The digest that was cleared is that of the words alone: these lines are fixed, and known to
    whoever clears them.
    """
    parts = [text]
    if kind in ABOUT_EARLIER:
        at = f"{earlier_at or _SOME_TIME:%Y-%m-%d %H:%M} UTC"
        parts.insert(0, ABOUT_EARLIER[kind].format(at=at))
    if same_answer_to > 0:
        people = "1 person" if same_answer_to == 1 else f"{same_answer_to} people"
        parts.append(SAME_ANSWER.format(people=people))
    return "\n\n".join(parts)


class Limits(Value):
    """What a channel takes."""

    max_length: int
    """Characters (Unicode code points) of one post, the channel's own lines included."""
    posts_per_day: int | None = None


def limits(channel: Channel) -> Limits:
    """What is known of a channel before anything is approved for it."""
    return Limits(max_length=channel.max_length, posts_per_day=channel.posts_per_day)


def room(channel: Channel, kind: PostKind = PostKind.REPLY, same_answer_to: int = 0) -> int:
    """Characters that words may have on this channel, beside its own lines."""
    return max(limits(channel).max_length - len(marked("", kind, same_answer_to)), 0)


def check_fits(
    channel_id: str,
    channel: Channel,
    text: str,
    *,
    kind: PostKind = PostKind.REPLY,
    same_answer_to: int = 0,
    field: str = "text",
) -> None:
    """Raise Invalid for words that the channel would not take; asked before they are approved."""
    most = room(channel, kind, same_answer_to)
    if len(text) <= most:
        return
    added = limits(channel).max_length - most
    beside = f", beside the {added} of a line that is added" if added else ""
    raise Invalid(
        "text_too_long",
        f"the text has {len(text)} characters; at most {most} are taken{beside}",
        f"shorten it: channel '{channel_id}' takes no more",
        field=field,
    )


class Outcome(Value):
    """What one attempt came to. ``code`` says why, in a word that may stand in the ledger."""

    result: PublishResult
    code: str = ""
    external_id: str | None = None
    url: str | None = None
    """Where people can read it; always http or https, so that it is safe in a link."""


class Sighting(Value):
    """What the network said when it was asked whether it has a post."""

    result: FindResult
    external_id: str | None = None
    url: str | None = None


class Network(Protocol):
    """One open channel. Whatever the network does is an answer, never an exception."""

    async def publish(self, utterance: Utterance) -> Outcome:
        """Make the one irreversible call.

        ``NOT_SENT`` is only said where it is certain that nothing arrived: it is what allows
        another attempt without looking first. Whoever is in doubt says ``UNCLEAR``.
        """
        ...

    async def find(self, post_id: str) -> Sighting:
        """Whether the post is there. Safe to repeat; ``ABSENT`` allows another attempt."""
        ...

    async def aclose(self) -> None:
        """Let go of connections. The network cannot be used afterwards."""
        ...
