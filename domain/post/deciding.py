"""What each command to a post decides."""

from __future__ import annotations

from datetime import datetime

from domain.entity import Command, Decide, Event, Ring
from domain.people import Actor
from domain.post.commands import (
    Attempted,
    Clear,
    Confirm,
    Looked,
    OpenPost,
    Retry,
    ReturnPost,
    WithdrawPost,
)
from domain.post.events import (
    AttemptDeferred,
    AttemptStarted,
    AttemptUnclear,
    Cleared,
    Failed,
    LookDeferred,
    LookEnded,
    LookStarted,
    PostOpened,
    PostReturned,
    PostWithdrawn,
    Published,
)
from domain.post.stages import (
    ATTEMPTS,
    FINDS,
    GRACE,
    FindResult,
    PostStage,
    PublishResult,
    pause_before,
)
from domain.post.state import Post


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
