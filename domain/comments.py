"""A comment as it arrives: what any program may send us, and what makes it unusable."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from domain.base import Moment, Value
from domain.errors import Invalid
from domain.policy import Language, Policy

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours the clock of a channel may be."""


def _printable(value: object) -> object:
    """Refuse control characters that no text of a person needs (tab and line ends are fine)."""
    if isinstance(value, str):
        for n, char in enumerate(value):
            if (ord(char) < 32 and char not in "\t\n\r") or 127 <= ord(char) < 160:
                raise ValueError(f"has the control character U+{ord(char):04X} at position {n}")
            if 0xD800 <= ord(char) <= 0xDFFF:
                raise ValueError(f"has half a character (a lone surrogate) at position {n}")
    return value


# Each is one set of constraints beside ``str``: pydantic strips before it measures only so, and of
# two limits on one string the shorter would count.
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), BeforeValidator(_printable)
]
Verbatim = Annotated[str, BeforeValidator(_printable)]
"""A text just as somebody has typed it so far: it may be empty, and blanks stay where they are."""
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    BeforeValidator(_printable),
]
Asked = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), BeforeValidator(_printable)
]
"""What a search is narrowed to; a field of a form that was left empty asks for nothing."""
ExternalId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    BeforeValidator(_printable),
]
ChannelId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=40),
    BeforeValidator(_printable),
]
Link = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^https?://\S+$"),
    BeforeValidator(_printable),
]


def _hyphens(value: object) -> object:
    """Half of all programs write de_AT where BCP 47 has de-AT."""
    return value.strip().replace("_", "-") if isinstance(value, str) else value


class IncomingAuthor(Value):
    handle: ExternalId
    name: Line | None = None
    url: Link | None = None
    reach: int | None = Field(default=None, ge=0, le=10**12)


class Incoming(Value):
    """One public remark as a channel, a webhook or an import brings it.

    ``conversation_id`` names the thread; without one, the thread of the comment that this one
    answers, or else this comment itself.
    """

    channel: ChannelId
    external_id: ExternalId
    conversation_id: ExternalId | None = None
    author: IncomingAuthor
    text: Text
    url: Link | None = None
    posted_at: Moment
    in_reply_to: ExternalId | None = None
    language: Annotated[Language, BeforeValidator(_hyphens)] | None = None
    """After BCP 47, such as de or pt-BR, where the channel knows it."""


def check_incoming(comment: Incoming, policy: Policy, at: datetime, max_text: int) -> None:
    """Raise Invalid, naming the field, for what only settings, policy and the clock can tell."""
    if comment.channel not in policy.channels:
        raise Invalid(
            "unknown_channel",
            f"there is no channel '{comment.channel}'",
            f"use one of: {', '.join(sorted(policy.channels))}",
            field="channel",
        )
    if len(comment.text) > max_text:
        raise Invalid(
            "text_too_long",
            f"the text has {len(comment.text)} characters; at most {max_text} are taken",
            "shorten it, or raise ANSWERABLE_MAX_TEXT",
            field="text",
        )
    if comment.posted_at > at + CLOCK_SKEW:
        raise Invalid(
            "posted_in_the_future",
            "posted_at is in the future",
            "send the time at which the comment was posted; check the clock of the sender",
            field="posted_at",
        )
