"""What may happen to a post."""

from __future__ import annotations

from domain.base import Moment, Seconds, Words
from domain.calendar import Calendar
from domain.entity import Event
from domain.post.stages import FindResult, PostKind, PostStage


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
    kind: PostKind = PostKind.REPLY
    corrects: str | None = None
    undo: Seconds = 0
    review: Seconds = 0
    calendar: Calendar | None = None
    matter_id: str | None = None
    same_answer_to: int = 0


class Cleared(Event):
    NAME = "post:words:cleared"
    TOUCHES = frozenset({"stage"})
    despite_news: bool = False
    """There was news, and whoever cleared the words said that they go out all the same."""


class Held(Event):
    """Cleared words wait until then, so that they can still be taken back."""

    NAME = "post:words:held"
    TOUCHES = frozenset({"stage"})
    until_at: Moment


class NewsHeard(Event):
    """The commenter has spoken since the words were written."""

    NAME = "post:comment:heard"
    TOUCHES = frozenset({"comment"})
    comment_id: str
    revision: int = 1


class ClearanceVoided(Event):
    """The words were cleared before the commenter spoke again: somebody has to look once more."""

    NAME = "post:clearance:voided"
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
    despite_news: bool = False
    """There was news, and whoever tries again said that the words go out all the same."""


class AttemptDeferred(Event):
    NAME = "post:attempt:deferred"
    attempt: int
    code: str = ""
    next_at: Moment
    is_turn: bool = False
    """The channel was not asked: what it may take in a day is used up until then."""


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


class PostRungClimbed(Event):
    """A person owes the next move and is late: who was told, and who owed it."""

    NAME = "post:ladder:climbed"
    stage: PostStage
    rung: int
    due_at: Moment
    told: tuple[str, ...] = ()
    owed_by: tuple[str, ...] = ()
    is_watch: bool = False
    """The ladder is behind us; what still stands is brought up again and again."""
