"""The words and numbers of a post: its stages, what channels answer, how often we try."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

ATTEMPTS = 12
"""Attempts that certainly never reached the channel before we call it failed. With the pauses of
``pause_before`` that is about two and a half hours of an unreachable channel."""

FINDS = 8
"""Times the channel is asked about an unclear attempt before only a person can settle it."""

SOON = timedelta(seconds=1)
"""The shortest wait for a turn, however the clocks of two machines differ."""

GRACE = timedelta(seconds=10)
"""How long an unclear attempt may still be under way at the channel before it is looked for."""


REVIEW = 8 * 3600
"""Working seconds after which whoever owes a post its next move is reminded, where nobody who
opened it said otherwise."""


class PostStage(StrEnum):
    IN_REVIEW = "in_review"
    CLEARED = "cleared"
    """Somebody else has read the words; they wait, so that they can still be taken back."""
    PUBLISHING = "publishing"
    UNCONFIRMED = "unconfirmed"
    FAILED = "failed"
    PUBLISHED = "published"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class PostKind(StrEnum):
    """What a post is to the public."""

    REPLY = "reply"
    FOLLOW_UP = "follow_up"
    """The public word about a promise."""
    CORRECTION = "correction"
    RETRACTION = "retraction"


class Settlement(StrEnum):
    """What the origin of a post is told about it."""

    PUBLISHED = "published"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class PublishResult(StrEnum):
    PUBLISHED = "published"
    REFUSED = "refused"
    """The channel said no; another attempt would be refused too."""
    NOT_SENT = "not_sent"
    """It certainly did not arrive: safe to try again later."""
    UNCLEAR = "unclear"


class FindResult(StrEnum):
    FOUND = "found"
    ABSENT = "absent"
    CANNOT_TELL = "cannot_tell"
    """The channel has no way to look a post up."""
    UNAVAILABLE = "unavailable"
    """The channel could not be asked just now."""


def pause_before(tries: int) -> timedelta:
    """How long to wait after this many attempts that never arrived: doubling, at most an hour."""
    return timedelta(seconds=min(5 * 2 ** (tries - 1), 3600))
