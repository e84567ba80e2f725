"""What has to be done in the outside world because of a post's events."""

from __future__ import annotations

from domain.effects import Effect, Find, Notify, Publish, Tell
from domain.entity import Event
from domain.people import Seat
from domain.post.commands import Settle
from domain.post.events import (
    AttemptStarted,
    Failed,
    LookEnded,
    LookStarted,
    PostOpened,
    PostReturned,
    PostWithdrawn,
    Published,
)
from domain.post.stages import Settlement
from domain.post.state import Post

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
