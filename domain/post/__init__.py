"""A post: one public utterance of ours, published once or openly not known to be.

One attempt at the irreversible call. An outcome that is not clear makes the post ``unconfirmed``;
the channel is then asked, and only its word that nothing arrived allows another attempt.

``stages`` has the words and numbers, ``rights`` says who may do what, ``deciding`` what a command
comes to, ``changes`` what an event does to the state, ``consequences`` what follows outside,
``correcting`` how what is published is corrected.
"""

from __future__ import annotations

from domain.entity import Command, Event, Follow, Kind
from domain.post.changes import evolve
from domain.post.commands import (
    Attempted,
    Clear,
    Confirm,
    Correct,
    Heard,
    Looked,
    OpenPost,
    Retract,
    Retry,
    ReturnPost,
    Settle,
    WithdrawPost,
    is_old_news,
)
from domain.post.consequences import (
    effects,
)
from domain.post.correcting import check_marked, correction, follow, in_the_way
from domain.post.deciding import (
    DECIDE,
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
from domain.post.rights import (
    RIGHTS,
    _out_of_turn,
)
from domain.post.stages import (
    ATTEMPTS,
    FINDS,
    GRACE,
    FindResult,
    PostKind,
    PostStage,
    PublishResult,
    Settlement,
    pause_before,
)
from domain.post.state import (
    Post,
)

__all__ = [
    "ATTEMPTS",
    "DECIDE",
    "FINDS",
    "GRACE",
    "POST",
    "RIGHTS",
    "AttemptDeferred",
    "AttemptStarted",
    "AttemptUnclear",
    "Attempted",
    "Clear",
    "ClearanceVoided",
    "Cleared",
    "Confirm",
    "Correct",
    "Failed",
    "FindResult",
    "Heard",
    "Held",
    "LookDeferred",
    "LookEnded",
    "LookStarted",
    "Looked",
    "NewsHeard",
    "OpenPost",
    "Post",
    "PostKind",
    "PostOpened",
    "PostReturned",
    "PostRungClimbed",
    "PostStage",
    "PostWithdrawn",
    "PublishResult",
    "Published",
    "Retract",
    "Retry",
    "ReturnPost",
    "Settle",
    "Settlement",
    "WithdrawPost",
    "check_marked",
    "correction",
    "effects",
    "evolve",
    "in_the_way",
    "is_old_news",
    "pause_before",
]

_EVENTS: tuple[type[Event], ...] = (
    PostOpened, Cleared, Held, NewsHeard, ClearanceVoided, PostReturned, PostWithdrawn,
    AttemptStarted, AttemptDeferred, AttemptUnclear, LookStarted, LookDeferred, LookEnded,
    Published, Failed, PostRungClimbed,
)  # fmt: skip
_FOLLOWS: dict[type[Command], Follow] = {Correct: follow, Retract: follow}
_COMMANDS: tuple[type[Command], ...] = tuple(c for c in (*DECIDE, *_FOLLOWS) if c is not OpenPost)

POST = Kind(
    name="post",
    state=Post,
    opening=OpenPost,
    commands={c.model_fields["act"].default: c for c in _COMMANDS},
    events={e.NAME: e for e in _EVENTS},
    rights=RIGHTS,
    out_of_turn=_out_of_turn,
    decide=DECIDE,
    evolve=evolve,
    effects=effects,
    follows=_FOLLOWS,
)
