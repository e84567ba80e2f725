"""What other systems are told by webhooks: which facts of the ledger, and what of them.

A hook is told ids, enums, times and links, and no word that anybody wrote and nobody's name or id:
what leaves the house by a hook is read by systems that are not ours. What a message of each type
says is frozen once it is told; a type gains fields, it loses and changes none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from domain.base import Value

VERSION = 1
"""What ``data.version`` says. It rises only if a field had to change its meaning."""

WARNED_AFTER = timedelta(hours=1)
"""After how long without a message taken the admin of a hook is told."""

DISABLED_AFTER = timedelta(days=3)
"""After how long without a message taken a hook is told nothing more until somebody resumes it."""

TRIES = 6
"""How often one message is tried that its receiver answers with one of ``ABOUT_THE_MESSAGE``:
under Temporal's pauses that is some ten minutes."""

FIRST_PAUSE = timedelta(seconds=5)
LONGER = 3
"""How many times as long as the one before each pause is."""

LONGEST_PAUSE = timedelta(hours=6)
"""5 s, 15 s, 45 s, 2 min, 7 min, 20 min, 1 h, 3 h, then every 6 h: quick where a receiver is
started anew, patient where it is broken."""


def next_try(at: datetime, failures: int, asked: timedelta | None = None) -> datetime:
    """When it is tried again after so many failures in a row, the last of them at ``at``, as
    Temporal counts by these pauses; ``asked`` is for how long the receiver wants to be left alone,
    which goes before."""
    assert failures >= 1
    pause = asked
    if pause is None:
        # No pause is longer than the longest, long before the power of it is out of bounds.
        pause = min(FIRST_PAUSE * LONGER ** min(failures - 1, 20), LONGEST_PAUSE)
    return at + pause


ABOUT_THE_MESSAGE = frozenset({400, 409, 413, 415, 422})
"""Answers that speak of this one message. It is set aside in the end, so that it does not hold
those behind it; any other failure is the receiver's, and the next message would fare no better."""

GONE = 410
"""Standard Webhooks: "The receiver wants to disable the endpoint"."""

FORMER_SECRET = timedelta(hours=24)
"""How long messages carry a second signature, by the secret that was replaced."""


class HookState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    """Somebody said so; what happens meanwhile waits."""
    DISABLED = "disabled"
    """The receiver said that it is gone, or took nothing for too long; what happens waits."""
    ENDED = "ended"
    """For good: its secret is erased."""


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    SET_ASIDE = "set_aside"
    """Its receiver would not have it, or somebody resumed the hook without what had waited."""


class Kind(StrEnum):
    """The type of a message, as it stands on the wire."""

    ESCALATION_OPENED = "escalation.opened"
    ESCALATION_CLAIMED = "escalation.claimed"
    ESCALATION_DECIDED = "escalation.decided"
    ESCALATION_ANSWERED = "escalation.answered"
    ESCALATION_LATE = "escalation.late"
    ESCALATION_CLOSED = "escalation.closed"
    POST_PUBLISHED = "post.published"
    POST_FAILED = "post.failed"
    COMMITMENT_MADE = "commitment.made"
    COMMITMENT_RENEGOTIATED = "commitment.renegotiated"
    COMMITMENT_BROKEN = "commitment.broken"
    COMMITMENT_KEPT = "commitment.kept"
    COMMITMENT_REOPENED = "commitment.reopened"
    COMMITMENT_WITHDRAWN = "commitment.withdrawn"
    MATTER_OPENED = "matter.opened"
    MATTER_DECIDED = "matter.decided"
    MATTER_RELEASED = "matter.released"
    MATTER_CLOSED = "matter.closed"


TEST = "webhook.test"
"""The type of a message that somebody sends to see whether it arrives."""


class Source(NamedTuple):
    """A fact that a message is made from: what must be true of it, and what is said besides."""

    fact: str
    when: Mapping[str, Any] = {}
    also: Mapping[str, Any] = {}


class Message(NamedTuple):
    """One type of message."""

    what: str
    """When it is sent."""
    sources: tuple[Source, ...]
    fields: tuple[str, ...] = ()
    """What of the fact's own data is told as it is; what the fact leaves out is left out."""

    @property
    def adds(self) -> tuple[str, ...]:
        """What a message of this type may say beyond what they all say."""
        also = dict.fromkeys(name for source in self.sources for name in source.also)
        return (*also, *self.fields)


MESSAGES: dict[Kind, Message] = {
    Kind.ESCALATION_OPENED: Message(
        "A comment has opened a case.",
        (Source("escalation:conversation:opened"),),
        ("posted_at", "backlog", "predecessor"),
    ),
    Kind.ESCALATION_CLAIMED: Message(
        "Somebody owns the case now: they claimed it, or it was assigned.",
        (Source("escalation:owner:claimed"), Source("escalation:owner:assigned")),
    ),
    Kind.ESCALATION_DECIDED: Message(
        "What was proposed is approved or refused.",
        (
            Source("escalation:decision:approved", also={"outcome": "approve"}),
            Source("escalation:decision:refused", also={"outcome": "refuse"}),
            Source("escalation:decision:made_alone"),
        ),
        ("outcome", "code"),
    ),
    Kind.ESCALATION_ANSWERED: Message(
        "A public answer is out.",
        (Source("escalation:reply:settled", when={"settlement": "published"}),),
        ("post_id",),
    ),
    Kind.ESCALATION_LATE: Message(
        "The next move is late. Told again with each rung of the ladder that is climbed.",
        (Source("escalation:ladder:climbed", when={"is_late": True}),),
        ("late_stage", "rung", "due_at", "urgent"),
    ),
    Kind.ESCALATION_CLOSED: Message(
        "The case is closed.", (Source("escalation:case:closed"),), ("outcome",)
    ),
    Kind.POST_PUBLISHED: Message(
        "Words of ours are public on their channel.", (Source("post:attempt:published"),)
    ),
    Kind.POST_FAILED: Message(
        "Words of ours could not be published.", (Source("post:attempt:failed"),), ("code",)
    ),
    Kind.COMMITMENT_MADE: Message(
        "A promise is public.", (Source("commitment:promise:opened"),), ("post_id", "is_public")
    ),
    Kind.COMMITMENT_RENEGOTIATED: Message(
        "Another date counts: the post that says so is out.",
        (Source("commitment:date:set"),),
        ("due_at", "post_id"),
    ),
    Kind.COMMITMENT_BROKEN: Message(
        "The date of a promise has passed, and it was not kept.",
        (Source("commitment:promise:broken"),),
        ("due_at",),
    ),
    Kind.COMMITMENT_KEPT: Message(
        "A promise counts as kept: by the commenter’s word, or nobody denied it in time.",
        (Source("commitment:promise:kept"),),
        ("is_late", "settled"),
    ),
    Kind.COMMITMENT_REOPENED: Message(
        "The commenter said that it was not kept, and that is accepted: it is owed again.",
        (Source("commitment:denial:accepted"),),
        ("good_by",),
    ),
    Kind.COMMITMENT_WITHDRAWN: Message(
        "A promise was withdrawn, openly.", (Source("commitment:promise:withdrawn"),), ("post_id",)
    ),
    Kind.MATTER_OPENED: Message(
        "Cases about the same thing are brought together.", (Source("matter:case:opened"),)
    ),
    Kind.MATTER_DECIDED: Message(
        "The one answer is approved or refused.",
        (
            Source("matter:decision:approved", also={"outcome": "approve"}),
            Source("matter:decision:refused", also={"outcome": "refuse"}),
        ),
        ("code",),
    ),
    Kind.MATTER_RELEASED: Message(
        "Everybody who had joined is answered.", (Source("matter:release:completed"),)
    ),
    Kind.MATTER_CLOSED: Message(
        "The matter is closed.", (Source("matter:case:closed"),), ("served", "apart")
    ),
}
"""Every type of message there is. A test holds docs/webhooks.md to it."""

COMMON: dict[str, str] = {
    "version": "the version of this description, 1",
    "kind": "`escalation`, `post`, `commitment` or `matter`",
    "id": "of the case, post, promise or matter",
    "seq": "the place of the event in the history of that id: 1, 2, 3 …; not every place is told",
    "position": "the place in the ledger: of two messages the one with the higher came later",
    "stage": "where it stands as the message is written, which may be after the event",
    "team": "the id of the team it belongs to, as the message is written",
    "link": "its page, for people who may see it",
    "channel": "the id of the channel; not for matters",
    "escalation_id": "the case that it belongs to; for posts and promises",
    "commitment_id": "the promise that it is about; for posts that are about one",
    "due_at": "by when the next move is owed, or the promise; where there is such a date",
}
"""What ``data`` says in messages of every type, and of which of them."""

_RENAMED = {"late_stage": "stage"}
"""Fields of facts that would be mistaken for one that every message has."""

_BY_FACT: dict[str, list[tuple[Kind, Source]]] = {}
for _kind, _message in MESSAGES.items():
    for _source in _message.sources:
        _BY_FACT.setdefault(_source.fact, []).append((_kind, _source))


class Told(NamedTuple):
    """What a fact is told as, and what of the fact is told."""

    kind: Kind
    data: dict[str, Any]


def told(name: str, data: Mapping[str, Any]) -> Told | None:
    """What hooks are told of this fact; None where it is none of their business."""
    for kind, source in _BY_FACT.get(name, ()):
        if all(data.get(field) == value for field, value in source.when.items()):
            fields = MESSAGES[kind].fields
            own = {n: data[_RENAMED.get(n, n)] for n in fields if _RENAMED.get(n, n) in data}
            return Told(kind, {**source.also, **own})
    return None


def facts_of(kinds: Collection[str]) -> frozenset[str]:
    """The names of the facts that these types of message may be made from."""
    return frozenset(
        source.fact for kind in Kind if kind in kinds for source in MESSAGES[kind].sources
    )


# How it fares. --------------------------------------------------------------------------------


class Reply(Value):
    """What came back from a receiver: a status, or a code that says why there is none."""

    status: int | None = None
    error: str | None = None
    text: str = ""
    """How the answer begins."""
    milliseconds: int = 0
    retry_after: int | None = None
    """Seconds for which it asks to be left alone."""


class Fate(StrEnum):
    """What an answer means for a message and its hook."""

    TAKEN = "taken"
    AGAIN = "again"
    SET_ASIDE = "set_aside"
    GONE = "gone"


def fate(status: int | None, tries: int) -> Fate:
    """What becomes of a message after its receiver has answered this (None: nothing) to that
    many tries of it. A redirect is no answer: a message goes where somebody said, nowhere else."""
    if status is not None and 200 <= status < 300:
        return Fate.TAKEN
    if status == GONE:
        return Fate.GONE
    if status in ABOUT_THE_MESSAGE and tries >= TRIES:
        return Fate.SET_ASIDE
    return Fate.AGAIN
