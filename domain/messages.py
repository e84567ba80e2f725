"""What travels between the door, the intake and the workflows."""

from __future__ import annotations

from typing import Any

from domain.base import Moment, Value, Words
from domain.effects import Effect
from domain.entity import State, decide, fold, to_facts
from domain.kinds import KINDS
from domain.ledger import Batch, Fact
from domain.people import MACHINE, Actor, Seat, Seats
from domain.post import FindResult, PostKind, PublishResult
from domain.roster import Filled


class Start(Value):
    """A workflow's input: an opening command, or the state it goes on from.

    ``actor`` and ``at`` belong to the opening. ``outbox`` holds the last facts of the state, as
    far as the ledger may not have them. ``is_restored`` says that effects which the state still
    has to do may have been done in an earlier life.
    """

    kind: str
    epoch: int = 1
    command: dict[str, Any] | None = None
    actor: Actor | None = None
    at: Moment | None = None
    state: dict[str, Any] | None = None
    outbox: tuple[Fact, ...] = ()
    is_restored: bool = False
    key: str | None = None
    request: str | None = None
    """Key and digest of the request, where it was a person's command that opens the entity."""


class Request(Value):
    """A person's command on its way to a workflow.

    ``key`` is a digest of who, what and the idempotency key; ``digest`` one of the request's body.
    """

    command: dict[str, Any]
    actor: Actor
    key: str | None = None
    digest: str | None = None
    expected_seq: int | None = None


class Answer(Value):
    """What a command came to: its seq, and everything the ledger may not have yet."""

    seq: int
    batch: Batch
    digest: str | None = None
    is_repeat: bool = False


class Notice(Value):
    """One thing one person should know: why, and the stream its link leads to.

    Only an urgent one is told outside of that person's working hours.
    """

    reason: str
    about: str
    urgent: bool = False


class Errand(Value):
    """An effect on its way into the outside world, with the fact that caused it."""

    stream: str
    seq: int
    effect: Effect
    is_last: bool = False
    """The entity has closed: nothing else will tell the store that this was carried out."""


class Recording(Value):
    """A batch for the ledger, and the errands that may be run once it is there."""

    batch: Batch
    errands: tuple[Errand, ...] = ()


class Recorded(Value):
    """Which of the errands (by their place) were run along with the recording."""

    done: tuple[int, ...] = ()


class SeatsWanted(Value):
    """Asks who fills these seats now.

    Where it is not urgent, of several on one seat only those at work are named, if any is.
    """

    wanted: tuple[Seat, ...]
    seats: Seats
    urgent: bool = True
    at: Moment | None = None
    """The moment asked about; None: when it is looked up."""


class SeatsFilled(Value):
    """Who fills each seat, who was skipped and why, and which seats were empty."""

    filled: dict[Seat, Filled] = {}


class HoursWanted(Value):
    """Asks when this person works next, from a moment on."""

    person: str
    at: Moment


class Publication(Value):
    """One attempt to publish a post, or one look for it."""

    post_id: str
    channel: str
    comment_id: str
    words: Words
    attempt: int
    kind: PostKind = PostKind.REPLY
    corrects: str | None = None
    same_answer_to: int = 0


class PublicationResult(Value):
    result: PublishResult
    code: str = ""
    not_before: Moment | None = None
    """The channel has had its share of posts for now: when the next one may go."""


class LookResult(Value):
    result: FindResult


class WaveWanted(Value):
    """Asks for one step of a matter's release; see ``domain.matter.Wave``."""

    matter_id: str
    n: int
    limit: int
    is_paced: bool = True


class WaveTaken(Value):
    """How many members a matter has of each kind after a wave."""

    waiting: int
    served: int
    apart: int = 0
    pause: int = 1
    """Seconds that the channels need for those just served."""


class WorkingMoment(Value):
    """The next moment at which a person works."""

    at: Moment


class Held(Value):
    """A notice that is told no earlier than at a moment: it waits for its person's daily message,
    or for a server that was away."""

    notice: Notice
    until: Moment


class NoticesStart(Value):
    """The input of one person's notices: what is still to be told, and the time to gather."""

    person: str
    wait_seconds: int
    pending: tuple[Notice, ...] = ()
    sent: int = 0
    held: tuple[Held, ...] = ()


class Mailing(Value):
    """Notices for one person that go out together. ``id`` makes sending them again harmless.

    ``due`` are those that were held back until now; ``since`` is when the oldest of the others may
    have come, and ``at`` the moment it is now for whoever sends them.
    """

    id: str
    person: str
    notices: tuple[Notice, ...]
    due: tuple[Notice, ...] = ()
    since: Moment | None = None
    at: Moment | None = None


class Sent(Value):
    """What became of a mailing: everything in it is told, save for what is held back."""

    held: tuple[Held, ...] = ()


class NoticeTest(Value):
    """Asks to tell somebody by one way that it works, because they want to see it. ``id`` is that
    of the message, and another one for each test."""

    id: str
    person: str
    way: str


class HookStart(Value):
    """The input of one hook's workflow. What is to be told is found in the ledger.

    ``rounds`` is how many deliveries one run starts, at three to seven events each.
    """

    hook: str
    rounds: int = 50


class HookRound(Value):
    """What a round of deliveries came to: whether there is more to do at once."""

    has_more: bool = False


TASK_QUEUE = "answerable"
"""The task queue of all workflows and of every activity that does not publish."""


HOOK_QUEUE = "answerable-hooks"
"""The task queue of deliveries to webhooks: one that is slow holds nothing else."""


def channel_queue(channel: str) -> str:
    """The task queue on which posts of one channel are published, at that channel's rate."""
    return f"answerable-channel-{channel}"


def opening(start: Start) -> tuple[State, tuple[Fact, ...]]:
    """The state and facts with which an entity opens: the same wherever it is computed."""
    kind = KINDS[start.kind]
    actor = start.actor or MACHINE
    assert start.command is not None
    assert start.at is not None
    command = kind.command(start.command)
    events = decide(kind, None, command, actor, start.at)
    facts = to_facts(events, 0, actor.id, start.at, start.key, start.request)
    state = fold(kind, None, facts)
    assert state is not None
    return state, facts
