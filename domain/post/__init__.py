"""A post: one public utterance of ours, published once or openly not known to be.

One attempt at the irreversible call. An outcome that is not clear makes the post ``unconfirmed``;
the channel is then asked, and only its word that nothing arrived allows another attempt.

``stages`` has the words and numbers, ``rights`` says who may do what, ``deciding`` what a command
comes to, ``changes`` what an event does to the state, ``consequences`` what follows outside.
"""

from __future__ import annotations

from domain.entity import Event, Kind
from domain.post.changes import (
    evolve,
)
from domain.post.commands import (
    Attempted,
    Clear,
    Confirm,
    Looked,
    OpenPost,
    Retry,
    ReturnPost,
    Settle,
    WithdrawPost,
    is_old_news,
)
from domain.post.consequences import (
    effects,
)
from domain.post.deciding import (
    DECIDE,
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
from domain.post.rights import (
    RIGHTS,
    _out_of_turn,
)
from domain.post.stages import (
    ATTEMPTS,
    FINDS,
    GRACE,
    FindResult,
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
    "Cleared",
    "Confirm",
    "Failed",
    "FindResult",
    "LookDeferred",
    "LookEnded",
    "LookStarted",
    "Looked",
    "OpenPost",
    "Post",
    "PostOpened",
    "PostReturned",
    "PostStage",
    "PostWithdrawn",
    "PublishResult",
    "Published",
    "Retry",
    "ReturnPost",
    "Settle",
    "Settlement",
    "WithdrawPost",
    "effects",
    "evolve",
    "is_old_news",
    "pause_before",
]

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
