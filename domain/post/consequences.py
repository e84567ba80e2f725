"""What has to be done in the outside world because of a post's events."""

from __future__ import annotations

from domain.effects import Effect, Find, Notify, Publish, Tell
from domain.entity import Event, notify
from domain.people import Seat
from domain.post.commands import Settle
from domain.post.events import (
    AttemptStarted,
    ClearanceVoided,
    Failed,
    LookEnded,
    LookStarted,
    PostOpened,
    PostReturned,
    PostRungClimbed,
    PostWithdrawn,
    Published,
)
from domain.post.stages import PostStage, Settlement
from domain.post.state import Post

_SETTLES: dict[type[Event], Settlement] = {
    Published: Settlement.PUBLISHED,
    Failed: Settlement.FAILED,
    LookEnded: Settlement.UNCONFIRMED,
    PostReturned: Settlement.RETURNED,
    PostWithdrawn: Settlement.WITHDRAWN,
}


_STUCK = {
    PostStage.IN_REVIEW: "review_late",
    PostStage.FAILED: "reply_still_failed",
    PostStage.UNCONFIRMED: "reply_still_unconfirmed",
}
"""What those are told who hear that a post waits too long for a person."""


def effects(post: Post, event: Event) -> tuple[Effect, ...]:
    match event:
        case PostOpened() if event.cleared_by is None:
            return (_wanted(post, "review_wanted"),)
        case ClearanceVoided():
            return (_wanted(post, "review_wanted_again"),)
        case AttemptStarted():
            return (Publish(attempt=event.attempt),)
        case LookStarted():
            return (Find(attempt=event.attempt),)
        case PostRungClimbed() if event.told:
            return (notify(post, _STUCK[event.stage], event.told),)
        case _ if settlement := _SETTLES.get(type(event)):
            return _settled(post, settlement)
        case _:
            return ()


def _wanted(post: Post, reason: str) -> Notify:
    return notify(post, reason, to=(Seat.REVIEWERS,))


def _settled(post: Post, settlement: Settlement) -> tuple[Effect, ...]:
    """The origin is told; the origin of a correction is closed, so its writer is."""
    if post.corrects is None:
        told = Settle(
            post_id=post.id,
            settlement=settlement,
            attempt=post.attempt,
            seen={} if post.has_news else post.heard,
        )
        return (Tell(stream=post.origin, command=told.model_dump(mode="json")),)
    if settlement in (Settlement.PUBLISHED, Settlement.WITHDRAWN):
        return ()
    return (notify(post, f"reply_{settlement}", (post.writer,)),)
