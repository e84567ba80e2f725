"""What may happen to a post."""

from __future__ import annotations

from domain.base import Moment, Words
from domain.entity import Event
from domain.post.stages import FindResult


class PostOpened(Event):
    NAME = "post:words:submitted"
    TOUCHES = frozenset({"stage"})
    id: str
    origin: str
    escalation_id: str
    commitment_id: str | None = None
    channel: str
    team: str
    comment_id: str
    words: Words
    writer: str
    promises: int = 0
    cleared_by: str | None = None
    rules: int = 1


class Cleared(Event):
    NAME = "post:words:cleared"
    TOUCHES = frozenset({"stage"})


class PostReturned(Event):
    NAME = "post:words:returned"
    TOUCHES = frozenset({"stage"})
    reason: Words


class PostWithdrawn(Event):
    NAME = "post:words:withdrawn"
    TOUCHES = frozenset({"stage"})


class AttemptStarted(Event):
    """Recorded before the call, so that a lost outcome is known to be one."""

    NAME = "post:attempt:started"
    TOUCHES = frozenset({"stage"})
    attempt: int


class AttemptDeferred(Event):
    NAME = "post:attempt:deferred"
    attempt: int
    code: str = ""
    next_at: Moment


class AttemptUnclear(Event):
    NAME = "post:attempt:unclear"
    TOUCHES = frozenset({"stage"})
    attempt: int
    code: str = ""
    look_at: Moment


class LookStarted(Event):
    NAME = "post:search:started"
    attempt: int


class LookDeferred(Event):
    NAME = "post:search:deferred"
    attempt: int
    look_at: Moment


class LookEnded(Event):
    """The channel cannot tell; from here on only a person can."""

    NAME = "post:search:ended"
    attempt: int
    result: FindResult


class Published(Event):
    NAME = "post:attempt:published"
    TOUCHES = frozenset({"stage"})
    attempt: int


class Failed(Event):
    NAME = "post:attempt:failed"
    TOUCHES = frozenset({"stage"})
    attempt: int
    code: str = ""
