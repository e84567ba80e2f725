"""What each event changes in a post."""

from __future__ import annotations

from typing import Any

from domain.entity import Event
from domain.ledger import Fact
from domain.post.events import (
    AttemptDeferred,
    AttemptStarted,
    AttemptUnclear,
    Cleared,
    Failed,
    LookDeferred,
    LookStarted,
    PostOpened,
    PostReturned,
    PostWithdrawn,
    Published,
)
from domain.post.stages import PostStage
from domain.post.state import Post


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
