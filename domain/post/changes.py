"""What each event changes in a post."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.entity import Event
from domain.ledger import Fact
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
from domain.post.stages import PostStage
from domain.post.state import Post


def _opened(event: PostOpened, fact: Fact) -> Post:
    return Post(
        **event.model_dump(), stage=PostStage.IN_REVIEW, opened_at=fact.at, owed_since=fact.at
    )


def _enter(stage: PostStage, wake_at: datetime | None = None) -> dict[str, Any]:
    """A stage in which nobody owes anything, and what happens by itself."""
    return {"stage": stage, "wake_at": wake_at, "owed_since": None, "rung": 0}


def _owe(stage: PostStage, at: datetime) -> dict[str, Any]:
    """A stage that only a person can lead on from, with a clock that starts now."""
    return {**_enter(stage), "owed_since": at}


def _changes(post: Post, event: Event, fact: Fact) -> dict[str, Any]:
    match event:
        case Cleared():
            return {"cleared_by": fact.by, "tries": 0, "has_news": False}
        case Held():
            return _enter(PostStage.CLEARED, event.until_at)
        case NewsHeard():
            return {
                "heard": {**post.heard, event.comment_id: event.revision},
                "has_news": True,
            }
        case ClearanceVoided():
            return {**_owe(PostStage.IN_REVIEW, fact.at), "cleared_by": None}
        case PostReturned():
            return _enter(PostStage.RETURNED)
        case PostWithdrawn():
            return _enter(PostStage.WITHDRAWN)
        case AttemptStarted():
            tries = 1 if post.stage is PostStage.FAILED else post.tries + 1
            return {
                **_enter(PostStage.PUBLISHING),
                "attempt": event.attempt,
                "tries": tries,
                "looks": 0,
                "has_news": post.has_news and not event.despite_news,
            }
        case AttemptDeferred():
            tries = post.tries - 1 if event.is_turn else post.tries
            return {"wake_at": event.next_at, "tries": tries}
        case AttemptUnclear():
            return _enter(PostStage.UNCONFIRMED, event.look_at)
        case LookStarted():
            return {"looks": post.looks + 1, "wake_at": None}
        case LookDeferred():
            return {"wake_at": event.look_at}
        case LookEnded():
            return {"owed_since": fact.at}
        case Published():
            return {**_enter(PostStage.PUBLISHED), "published_at": fact.at}
        case Failed():
            return _owe(PostStage.FAILED, fact.at)
        case PostRungClimbed():
            return {"rung": event.rung + 1}
        case _:
            return {}


def evolve(post: Post | None, event: Event, fact: Fact) -> Post:
    """The state after one event; total over every event of this kind."""
    if isinstance(event, PostOpened):
        return _opened(event, fact)
    assert post is not None
    return post.model_copy(update=_changes(post, event, fact))
