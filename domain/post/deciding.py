"""What each command to a post decides."""

from __future__ import annotations

from datetime import datetime

from domain.base import Seconds, span
from domain.entity import Command, Decide, Event, Ring
from domain.errors import Conflict
from domain.people import Actor
from domain.post.commands import (
    Attempted,
    Clear,
    Confirm,
    Heard,
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
    ClearanceVoided,
    Cleared,
    Failed,
    Held,
    LookDeferred,
    LookEnded,
    LookStarted,
    NewsHeard,
    PostOpened,
    PostReturned,
    PostRungClimbed,
    PostWithdrawn,
    Published,
)
from domain.post.stages import (
    ATTEMPTS,
    FINDS,
    GRACE,
    SOON,
    FindResult,
    PostStage,
    PublishResult,
    pause_before,
)
from domain.post.state import Post
from domain.post.waiting import Step


def _open(state: None, command: OpenPost, actor: Actor, at: datetime) -> tuple[Event, ...]:
    opened = PostOpened.model_validate(command.model_dump(exclude={"act"}))
    if not command.cleared_by:
        return (opened,)
    return (opened, _goes_out(command.undo, 0, at))


def _goes_out(undo: Seconds, attempt: int, at: datetime) -> Event:
    """Cleared words go out: at once, or after a while in which they can still be taken back."""
    if undo:
        return Held(until_at=at + span(undo))
    return AttemptStarted(attempt=attempt + 1)


def _heard(post: Post, command: Heard, actor: Actor, at: datetime) -> tuple[Event, ...]:
    """What nobody has sent yet comes back to review; a call that is being made cannot."""
    if post.heard.get(command.comment_id, 0) >= command.revision:
        return ()
    heard = NewsHeard(comment_id=command.comment_id, revision=command.revision)
    is_waiting = post.stage is PostStage.PUBLISHING and post.is_waiting
    if post.stage is PostStage.CLEARED or is_waiting:
        return (heard, ClearanceVoided())
    return (heard,)


def _check_news(post: Post, *, despite_news: bool) -> None:
    if post.has_news and not despite_news:
        raise Conflict(
            "commenter_spoke",
            "the commenter has spoken since these words were written",
            "read what they said; then return or withdraw the words, or send despite_news",
            field="despite_news",
            comment_id=list(post.heard)[-1],
        )


def _clear(post: Post, command: Clear, actor: Actor, at: datetime) -> tuple[Event, ...]:
    _check_news(post, despite_news=command.despite_news)
    return (Cleared(despite_news=post.has_news), _goes_out(post.undo, post.attempt, at))


def _return(post: Post, command: ReturnPost, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (PostReturned(reason=command.reason),)


def _withdraw(post: Post, command: WithdrawPost, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (PostWithdrawn(),)


def _confirm(post: Post, command: Confirm, actor: Actor, at: datetime) -> tuple[Event, ...]:
    if command.is_published:
        return (Published(attempt=post.attempt),)
    if post.rules >= 2 and not post.is_waiting and post.owed_since is None:
        # Its answer may be yes; with a second attempt begun meanwhile there would be two posts.
        raise Conflict(
            "being_looked_for",
            "the channel is being asked right now whether it has the post",
            "wait a moment for its answer",
        )
    return (Failed(attempt=post.attempt, code="not_on_the_channel"),)


def _retry(post: Post, command: Retry, actor: Actor, at: datetime) -> tuple[Event, ...]:
    _check_news(post, despite_news=command.despite_news)
    return (AttemptStarted(attempt=post.attempt + 1, despite_news=post.has_news),)


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
        case PublishResult.NOT_SENT:
            return _not_sent(post, command, at)
        case PublishResult.UNCLEAR if post.stage is PostStage.PUBLISHING:
            return (AttemptUnclear(attempt=post.attempt, code=command.code, look_at=at + GRACE),)
        case _:
            return ()


def _not_sent(post: Post, command: Attempted, at: datetime) -> tuple[Event, ...]:
    """Try again later; waiting for one's turn is no attempt that failed."""
    is_turn = command.not_before is not None
    if not is_turn and post.tries >= ATTEMPTS:
        return (Failed(attempt=post.attempt, code=command.code),)
    if post.has_news:
        return (ClearanceVoided(),)
    next_at = command.not_before or at + pause_before(post.tries)
    deferred = AttemptDeferred(
        attempt=post.attempt, code=command.code, next_at=max(next_at, at + SOON), is_turn=is_turn
    )
    return (deferred,)


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
        case FindResult.ABSENT if post.has_news:
            return (ClearanceVoided(),)
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
    step = None if post.is_waiting else post.step()
    if step is not None:
        return (_climbed(post, step, command),)
    if post.stage is PostStage.UNCONFIRMED:
        return (LookStarted(attempt=post.attempt),)
    return (AttemptStarted(attempt=post.attempt + 1),)


def _climbed(post: Post, step: Step, command: Ring) -> PostRungClimbed:
    assert post.due_at is not None
    return PostRungClimbed(
        stage=post.stage,
        rung=post.rung,
        due_at=post.due_at,
        told=command.people.get(step.to, ()),
        owed_by=command.people.get(step.owed_by, ()),
        is_watch=step.is_watch,
    )


DECIDE: dict[type[Command], Decide] = {
    OpenPost: _open,
    Clear: _clear,
    ReturnPost: _return,
    WithdrawPost: _withdraw,
    Confirm: _confirm,
    Retry: _retry,
    Heard: _heard,
    Attempted: _attempted,
    Looked: _looked,
    Ring: _ring,
}
