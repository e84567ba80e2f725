"""Correcting and taking back what is published: never an edit, always another post.

A published post stays as it is. A correction is a post of its own that names it, is cleared by
another person and goes into the same thread. Each post is corrected or taken back once; what is
wrong with a correction is corrected there, so that the public reads one line of history.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from domain.entity import Command
from domain.errors import Conflict, Invalid, Refused
from domain.ledger import RULES
from domain.people import Actor
from domain.post.commands import Correct, OpenPost, Retract
from domain.post.stages import PostKind, PostStage
from domain.post.state import Post

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, in which ULIDs are written."""


def in_the_way(earlier: Sequence[Post]) -> Refused | None:
    """Why a post cannot be corrected now, seeing what was asked about it before."""
    for post in earlier:
        if not post.is_closed:
            return Conflict(
                "correction_on_its_way",
                f"a {post.kind} of it is on its way",
                "have that one published, returned or withdrawn first",
                post_id=post.id,
            )
        if post.stage is PostStage.PUBLISHED:
            done = "taken back" if post.kind is PostKind.RETRACTION else "corrected"
            return Conflict(
                f"already_{done.replace(' ', '_')}",
                f"it has been {done} already, in public",
                f"correct or take back what was said then: post {post.id}",
                post_id=post.id,
            )
    return None


def check_marked(unmarked: int) -> None:
    """The promise gate of words about what was published or promised."""
    if unmarked:
        raise Invalid(
            "promise_gate",
            f"sentences that read like a promise: {unmarked}; a new one is made in a reply alone",
            "make the promise in a reply, or list the sentence in not_promises",
            field="not_promises",
        )


def correction(
    post: Post, command: Correct | Retract, actor: Actor, earlier: Sequence[Post]
) -> OpenPost:
    """The post that corrects a published one or takes it back, asked for by somebody who may.

    ``earlier`` are all that were asked for before. Raises Conflict for a second one. Two that ask
    at once get the same id, so that only one of them can open it.
    """
    if refusal := in_the_way(earlier):
        raise refusal
    check_marked(command.unmarked)
    assert post.published_at is not None
    return OpenPost(
        id=_id_of(post.id, len(earlier), post.published_at),
        origin=post.stream,
        escalation_id=post.escalation_id,
        commitment_id=post.commitment_id,
        channel=post.channel,
        team=post.team,
        comment_id=post.comment_id,
        words=command.words,
        writer=actor.id,
        rules=RULES,
        kind=PostKind.CORRECTION if isinstance(command, Correct) else PostKind.RETRACTION,
        corrects=post.id,
        undo=post.undo,
        review=post.review,
        calendar=post.calendar,
        matter_id=post.matter_id,
    )


def follow(state: Post, command: Command, actor: Actor, earlier: Sequence[Post]) -> Command:
    """``correction`` in the shape in which every kind names what its acts open."""
    assert isinstance(command, Correct | Retract)
    return correction(state, command, actor, earlier)


def _id_of(post_id: str, number: int, at: datetime) -> str:
    """A ULID that says nothing but which correction of which post this is."""
    millis = int(at.timestamp() * 1000)
    digest = hashlib.sha256(f"{post_id}|{number}".encode()).digest()
    value = millis << 80 | int.from_bytes(digest[:10])
    return "".join(_DIGITS[value >> 5 * place & 31] for place in reversed(range(26)))
