"""A post: one public utterance of ours, published once or openly not known to be.

One attempt at the irreversible call. An outcome that is not clear makes the post ``unconfirmed``;
the channel is then asked, and only its word that nothing arrived allows another attempt.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Literal

from domain.base import Moment, Words
from domain.effects import Effect, Find, Notify, Publish, Tell
from domain.entity import Alarm, Command, Decide, Event, Kind, Right, Ring, State
from domain.errors import Conflict, Refused
from domain.ledger import Fact
from domain.people import Actor, Role, Seat, Seats

ATTEMPTS = 12
"""Attempts that certainly never reached the channel before we call it failed. With the pauses of
``pause_before`` that is about two and a half hours of an unreachable channel."""

FINDS = 8
"""Times the channel is asked about an unclear attempt before only a person can settle it."""

GRACE = timedelta(seconds=10)
"""How long an unclear attempt may still be under way at the channel before it is looked for."""


class PostStage(StrEnum):
    IN_REVIEW = "in_review"
    PUBLISHING = "publishing"
    UNCONFIRMED = "unconfirmed"
    FAILED = "failed"
    PUBLISHED = "published"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


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


# What somebody may ask for. ------------------------------------------------------------------


class OpenPost(Command):
    act: Literal["open"] = "open"
    id: str
    origin: str
    """The stream that is told what became of the post."""
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


class Clear(Command):
    act: Literal["clear"] = "clear"


class ReturnPost(Command):
    """Give the words back to their writer."""

    act: Literal["return"] = "return"
    reason: Words


class WithdrawPost(Command):
    act: Literal["withdraw"] = "withdraw"


class Confirm(Command):
    """A person has looked at the channel and says whether the post is there."""

    act: Literal["confirm"] = "confirm"
    is_published: bool


class Retry(Command):
    act: Literal["retry"] = "retry"


class Attempted(Command):
    """What the one call to the channel came to."""

    act: Literal["attempted"] = "attempted"
    attempt: int
    result: PublishResult
    code: str = ""


class Looked(Command):
    """What the channel said when it was asked about an attempt."""

    act: Literal["looked"] = "looked"
    attempt: int
    result: FindResult


class Settle(Command):
    """Tells the origin of a post what became of it.

    ``attempt`` tells a second failure from the first one told again.
    """

    act: Literal["settle"] = "settle"
    post_id: str
    settlement: Settlement
    attempt: int = 0


# What happened. ------------------------------------------------------------------------------


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


# What is remembered. -------------------------------------------------------------------------


class Post(State):
    KIND: ClassVar[str] = "post"

    stage: PostStage
    origin: str
    escalation_id: str
    commitment_id: str | None = None
    channel: str
    comment_id: str
    words: Words
    writer: str
    promises: int = 0
    cleared_by: str | None = None
    attempt: int = 0
    tries: int = 0
    """Attempts since a person last said go."""
    looks: int = 0
    wake_at: Moment | None = None
    published_at: Moment | None = None

    @property
    def is_closed(self) -> bool:
        return self.stage in (PostStage.PUBLISHED, PostStage.RETURNED, PostStage.WITHDRAWN)

    @property
    def seats(self) -> Seats:
        return Seats(team=self.team, owner=self.writer, not_person=self.writer)

    def alarm(self) -> Alarm | None:
        if self.wake_at is None:
            return None
        name = f"{self.stage}:{self.attempt}:{self.tries}:{self.looks}"
        return Alarm(name=name, at=self.wake_at)


def pause_before(tries: int) -> timedelta:
    """How long to wait after this many attempts that never arrived: doubling, at most an hour."""
    return timedelta(seconds=min(5 * 2 ** (tries - 1), 3600))


def is_old_news(told: Settle, attempt: int, settlement: Settlement | None) -> bool:
    """Whether the origin of a post knows this, or something later, already."""
    return told.attempt < attempt or (told.attempt, told.settlement) == (attempt, settlement)


# Who may do what, and when. ------------------------------------------------------------------


def _reviews(actor: Actor, post: Post) -> bool:
    works_here = actor.works_in(post.team) or actor.has(Role.EXECUTIVE)
    return works_here and actor.id != post.writer


def _takes_back(actor: Actor, post: Post) -> bool:
    leads = actor.works_in(post.team) and post.team in actor.leads
    writes = actor.id == post.writer and actor.has(Role.STAFF)
    return writes or leads or actor.has(Role.EXECUTIVE)


def _works_here(actor: Actor, post: Post) -> bool:
    return actor.works_in(post.team) or actor.has(Role.EXECUTIVE)


def _machine(actor: Actor, post: Post) -> bool:
    return actor.has(Role.SERVICE)


_REVIEWER = "somebody of its team, or an executive, who did not write it"
_TEAM = "staff of its team or an executive"
_UNDER_WAY = frozenset({PostStage.PUBLISHING, PostStage.UNCONFIRMED})

RIGHTS: dict[str, Right] = {
    "clear": Right(_REVIEWER, _reviews, frozenset({PostStage.IN_REVIEW})),
    "return": Right(_REVIEWER, _reviews, frozenset({PostStage.IN_REVIEW})),
    "withdraw": Right(
        "its writer, the team's lead or an executive",
        _takes_back,
        frozenset({PostStage.IN_REVIEW, PostStage.FAILED}),
    ),
    "confirm": Right(_TEAM, _works_here, frozenset({PostStage.UNCONFIRMED})),
    "retry": Right(_TEAM, _works_here, frozenset({PostStage.FAILED})),
    "attempted": Right("the publisher", _machine, _UNDER_WAY, is_machine=True),
    "looked": Right("the publisher", _machine, _UNDER_WAY | {PostStage.FAILED}, is_machine=True),
    "ring": Right("a timer", _machine, _UNDER_WAY, is_machine=True),
}


def _out_of_turn(state: State, act: str) -> Refused:
    stages = " or ".join(sorted(RIGHTS[act].stages))
    return Conflict(
        "out_of_turn",
        f"{act} is possible while {stages}; the post is {state.stage} now",
        "see what is allowed now in GET of the post",
        stage=state.stage,
    )


# What each command decides. ------------------------------------------------------------------


def _open(state: None, command: OpenPost, actor: Actor, at: datetime) -> tuple[Event, ...]:
    opened = PostOpened.model_validate(command.model_dump(exclude={"act"}))
    return (opened, AttemptStarted(attempt=1)) if command.cleared_by else (opened,)


def _clear(post: Post, command: Clear, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Cleared(), AttemptStarted(attempt=post.attempt + 1))


def _return(post: Post, command: ReturnPost, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (PostReturned(reason=command.reason),)


def _withdraw(post: Post, command: WithdrawPost, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (PostWithdrawn(),)


def _confirm(post: Post, command: Confirm, actor: Actor, at: datetime) -> tuple[Event, ...]:
    if command.is_published:
        return (Published(attempt=post.attempt),)
    return (Failed(attempt=post.attempt, code="not_on_the_channel"),)


def _retry(post: Post, command: Retry, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (AttemptStarted(attempt=post.attempt + 1),)


def _attempted(post: Post, command: Attempted, actor: Actor, at: datetime) -> tuple[Event, ...]:
    if command.attempt != post.attempt:
        return ()
    match command.result:
        case PublishResult.PUBLISHED:
            return (Published(attempt=post.attempt),)
        case PublishResult.REFUSED:
            return (Failed(attempt=post.attempt, code=command.code),)
        case PublishResult.NOT_SENT if post.stage is not PostStage.PUBLISHING or post.wake_at:
            return ()
        case PublishResult.NOT_SENT if post.tries >= ATTEMPTS:
            return (Failed(attempt=post.attempt, code=command.code),)
        case PublishResult.NOT_SENT:
            next_at = at + pause_before(post.tries)
            return (AttemptDeferred(attempt=post.attempt, code=command.code, next_at=next_at),)
        case PublishResult.UNCLEAR if post.stage is PostStage.PUBLISHING:
            return (AttemptUnclear(attempt=post.attempt, code=command.code, look_at=at + GRACE),)
        case _:
            return ()


def _looked(post: Post, command: Looked, actor: Actor, at: datetime) -> tuple[Event, ...]:
    if command.attempt != post.attempt:
        return ()
    if command.result is FindResult.FOUND and post.stage is not PostStage.PUBLISHING:
        # Also after a person saw nothing there: the channel's yes prevents a second post.
        return (Published(attempt=post.attempt),)
    if post.stage is not PostStage.UNCONFIRMED:
        return ()
    match command.result:
        case FindResult.ABSENT if post.tries >= ATTEMPTS:
            return (Failed(attempt=post.attempt, code="not_on_the_channel"),)
        case FindResult.ABSENT:
            return (AttemptStarted(attempt=post.attempt + 1),)
        case FindResult.UNAVAILABLE if post.looks < FINDS:
            look_at = at + pause_before(post.looks)
            return (LookDeferred(attempt=post.attempt, look_at=look_at),)
        case _:
            return (LookEnded(attempt=post.attempt, result=command.result),)


def _ring(post: Post, command: Ring, actor: Actor, at: datetime) -> tuple[Event, ...]:
    alarm = post.alarm()
    if alarm is None or alarm.name != command.alarm:
        return ()
    if post.stage is PostStage.UNCONFIRMED:
        return (LookStarted(attempt=post.attempt),)
    return (AttemptStarted(attempt=post.attempt + 1),)


DECIDE: dict[type[Command], Decide] = {
    OpenPost: _open,
    Clear: _clear,
    ReturnPost: _return,
    WithdrawPost: _withdraw,
    Confirm: _confirm,
    Retry: _retry,
    Attempted: _attempted,
    Looked: _looked,
    Ring: _ring,
}


def _opened(event: PostOpened, fact: Fact) -> Post:
    return Post(**event.model_dump(), stage=PostStage.IN_REVIEW, opened_at=fact.at)


def _changes(post: Post, event: Event, fact: Fact) -> dict[str, Any]:
    match event:
        case Cleared():
            return {"cleared_by": fact.by, "tries": 0}
        case PostReturned():
            return {"stage": PostStage.RETURNED}
        case PostWithdrawn():
            return {"stage": PostStage.WITHDRAWN}
        case AttemptStarted():
            tries = 1 if post.stage is PostStage.FAILED else post.tries + 1
            return {
                "stage": PostStage.PUBLISHING,
                "attempt": event.attempt,
                "tries": tries,
                "looks": 0,
                "wake_at": None,
            }
        case AttemptDeferred():
            return {"wake_at": event.next_at}
        case AttemptUnclear():
            return {"stage": PostStage.UNCONFIRMED, "wake_at": event.look_at}
        case LookStarted():
            return {"looks": post.looks + 1, "wake_at": None}
        case LookDeferred():
            return {"wake_at": event.look_at}
        case Published():
            return {"stage": PostStage.PUBLISHED, "wake_at": None, "published_at": fact.at}
        case Failed():
            return {"stage": PostStage.FAILED, "wake_at": None}
        case _:
            return {}


def evolve(post: Post | None, event: Event, fact: Fact) -> Post:
    """The state after one event; total over every event of this kind."""
    if isinstance(event, PostOpened):
        return _opened(event, fact)
    assert post is not None
    return post.model_copy(update=_changes(post, event, fact))


_SETTLES: dict[type[Event], Settlement] = {
    Published: Settlement.PUBLISHED,
    Failed: Settlement.FAILED,
    LookEnded: Settlement.UNCONFIRMED,
    PostReturned: Settlement.RETURNED,
    PostWithdrawn: Settlement.WITHDRAWN,
}


def effects(post: Post, event: Event) -> tuple[Effect, ...]:
    match event:
        case PostOpened() if event.cleared_by is None:
            wanted = Notify(
                reason="review_wanted", about=post.stream, to=(Seat.REVIEWERS,), seats=post.seats
            )
            return (wanted,)
        case AttemptStarted():
            return (Publish(attempt=event.attempt),)
        case LookStarted():
            return (Find(attempt=event.attempt),)
        case _ if settlement := _SETTLES.get(type(event)):
            told = Settle(post_id=post.id, settlement=settlement, attempt=post.attempt)
            return (Tell(stream=post.origin, command=told.model_dump(mode="json")),)
        case _:
            return ()


_EVENTS: tuple[type[Event], ...] = (
    PostOpened, Cleared, PostReturned, PostWithdrawn, AttemptStarted, AttemptDeferred,
    AttemptUnclear, LookStarted, LookDeferred, LookEnded, Published, Failed,
)  # fmt: skip

POST = Kind(
    name="post",
    state=Post,
    opening=OpenPost,
    commands={c.model_fields["act"].default: c for c in DECIDE if c is not OpenPost},
    events={e.NAME: e for e in _EVENTS},
    rights=RIGHTS,
    out_of_turn=_out_of_turn,
    decide=DECIDE,
    evolve=evolve,
    effects=effects,
)
