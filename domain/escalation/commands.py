"""What somebody may ask of an escalation."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from domain.base import Moment, Seconds, Value, Words
from domain.commitment import Promise
from domain.entity import Command
from domain.escalation.stages import DismissCode, ExtendCode, PauseCode, RefusalCode
from domain.panel import Recommendation
from domain.people import Actor
from domain.terms import Terms


class Twin(Value):
    """A recent reply that reads much the same, and why its writer sends these words all the same.

    ``likeness`` is in thousandths.
    """

    post_id: str
    likeness: int
    reason: Words | None = None


class Findings(Value):
    """What the door found in the words of a reply: facts, since the rules see no words."""

    unmarked: int = 0
    """Sentences that read like a promise and are neither tied to one nor marked as none."""
    marked_none: int = 0
    """Sentences that read like a promise and whose writer says that they are none."""
    twin: Twin | None = None


class OpenEscalation(Command):
    """The first comment of a conversation we owe an answer. ``received_at`` starts the clock."""

    act: Literal["open"] = "open"
    id: str
    conversation_id: str
    channel: str
    comment_id: str
    words: Words
    terms: Terms
    received_at: Moment
    posted_at: Moment
    predecessor: str | None = None
    backlog: bool = False
    rules: int = 1
    suspected: bool = False
    """Looks like spam: held until somebody has looked."""
    rule: str | None = None
    """The routing rule that laid down the terms."""
    ladders_at: Moment | None = None
    """Of a backlog: when its clock begins; None: once somebody claims it."""


class Receive(Command):
    """A later comment of the conversation, a revision of an earlier one, or its removal.

    A removal is the last revision of a comment: its words are those it had before.
    """

    act: Literal["receive"] = "receive"
    MINDS: ClassVar[frozenset[str]] = frozenset()
    comment_id: str
    revision: int = 1
    words: Words
    is_removed: bool = False
    is_thanks: bool = False
    """It says thanks and nothing else: it neither reopens nor restarts a clock."""


class Claim(Command):
    act: Literal["claim"] = "claim"
    MINDS: ClassVar[frozenset[str]] = frozenset({"owner"})


class Release(Command):
    act: Literal["release"] = "release"
    MINDS: ClassVar[frozenset[str]] = frozenset({"owner"})


class Assign(Command):
    """Make somebody the owner. ``assignee`` is that person as the door knew them."""

    act: Literal["assign"] = "assign"
    MINDS: ClassVar[frozenset[str]] = frozenset({"owner"})
    assignee: Actor


class Dismiss(Command):
    act: Literal["dismiss"] = "dismiss"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner", "comment"})
    code: DismissCode
    reason: Words | None = None


class Propose(Command):
    """Ask for a decision. Where ``reply`` is given, approving binds those exact words."""

    act: Literal["propose"] = "propose"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner", "comment"})
    request: Words
    recommendation: Recommendation = Recommendation.APPROVE
    reply: Words | None = None
    promises: tuple[Promise, ...] = Field(default=(), max_length=20)
    findings: Findings | None = None


class Decides(Command):
    """What approvers ask. ``principal`` is whom they act for, as the door knew that person."""

    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal", "comment"})
    principal: Actor | None = None


class Approve(Decides):
    """``post_id`` names the post that carries the approved words, should they go out.

    Where the commenter spoke since they were proposed, they go out only ``despite_news``.
    """

    act: Literal["approve"] = "approve"
    post_id: str
    reason: Words | None = None
    despite_news: bool = False


class Refuse(Decides):
    """Say no, with a code and a reason fit to print."""

    act: Literal["refuse"] = "refuse"
    code: RefusalCode
    reason: Words
    unmarked: int = 0
    """Sentences of the reason that read like a promise and are not said to be none."""


class Return(Decides):
    """Give the proposal back for changes."""

    act: Literal["return"] = "return"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})
    reason: Words


class Ask(Decides):
    """Ask the owner for information. Until the answer comes it is the owner's clock that runs."""

    act: Literal["ask"] = "ask"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})
    question: Words


class Inform(Command):
    """Answer what the approvers asked."""

    act: Literal["inform"] = "inform"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})
    words: Words


class AddApprover(Command):
    """Have one more person agree before this is approved."""

    act: Literal["add_approver"] = "add_approver"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})
    approver: Actor
    reason: Words


class ReplaceApprover(Command):
    """Put somebody in the place of an approver who has left. Votes already given stay."""

    act: Literal["replace_approver"] = "replace_approver"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})
    person: str
    approver: Actor
    reason: Words


class Bypass(Command):
    """Approve without those who have not agreed yet: with a written reason, told to everybody."""

    act: Literal["bypass"] = "bypass"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal", "comment"})
    post_id: str
    reason: Words
    despite_news: bool = False


class DecideAlone(Command):
    """Decide as the owner, where the terms say that the owner decides alone."""

    act: Literal["decide_alone"] = "decide_alone"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner", "comment"})
    outcome: Recommendation
    code: RefusalCode | None = None
    reason: Words | None = None
    unmarked: int = 0
    """Of a reason that says no: as of ``Refuse``."""


class Reply(Command):
    """Submit the words of the public answer.

    Words that the decision approved go straight out; any others wait for another person.
    """

    act: Literal["reply"] = "reply"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "reply", "comment"})
    post_id: str
    words: Words
    promises: tuple[Promise, ...] = Field(default=(), max_length=20)
    findings: Findings | None = None


class HoldingReply(Command):
    """Say in public that an answer is being worked on. It answers nothing and stops no clock."""

    act: Literal["holding_reply"] = "holding_reply"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner"})
    post_id: str
    words: Words
    findings: Findings | None = None


class MovePrivate(Command):
    """Go on with the commenter in private. The public note that says so is still owed."""

    act: Literal["move_private"] = "move_private"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner", "comment"})
    post_id: str
    words: Words
    findings: Findings | None = None


class Recall(Command):
    """Take back words that wait for somebody to accept a promise in them."""

    act: Literal["recall"] = "recall"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "reply"})


class AcceptPromise(Command):
    """Sign a promise that one is to be accountable for."""

    act: Literal["accept_promise"] = "accept_promise"
    MINDS: ClassVar[frozenset[str]] = frozenset({"proposal", "reply"})
    promise_id: str


class CounterPromise(Command):
    """Offer another date for a promise that one is to be accountable for."""

    act: Literal["counter_promise"] = "counter_promise"
    MINDS: ClassVar[frozenset[str]] = frozenset({"proposal", "reply"})
    promise_id: str
    due_at: Moment
    reason: Words


class DeclinePromise(Command):
    """Say that one will not be accountable for a promise."""

    act: Literal["decline_promise"] = "decline_promise"
    MINDS: ClassVar[frozenset[str]] = frozenset({"proposal", "reply"})
    promise_id: str
    reason: Words


class Note(Command):
    """Something for colleagues. ``mentions``: who stands in it, and may read it."""

    act: Literal["note"] = "note"
    MINDS: ClassVar[frozenset[str]] = frozenset()
    words: Words
    mentions: tuple[str, ...] = ()


class Withdraw(Command):
    """Take back the proposal while nobody has decided it."""

    act: Literal["withdraw"] = "withdraw"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})


# Owners and teams. ---------------------------------------------------------------------------


class Decline(Command):
    """Give back what somebody else assigned, with a reason."""

    act: Literal["decline"] = "decline"
    MINDS: ClassVar[frozenset[str]] = frozenset({"owner"})
    reason: Words


class Renew(Command):
    """Go on holding a claim that would lapse."""

    act: Literal["renew"] = "renew"
    MINDS: ClassVar[frozenset[str]] = frozenset({"owner"})


class Reroute(Command):
    """Send it to another team, under that team's terms."""

    act: Literal["reroute"] = "reroute"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner"})
    terms: Terms
    reason: Words


class Merge(Command):
    """Close it because the same person is answered in another escalation."""

    act: Literal["merge"] = "merge"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner", "comment"})
    into: str
    reason: Words


class AnsweredOutside(Command):
    """Close it because our account has answered on the channel itself. ``link``: where."""

    act: Literal["answered_outside"] = "answered_outside"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner", "comment"})
    link: Words


class Uphold(Command):
    """Having looked: it stays dismissed."""

    act: Literal["uphold"] = "uphold"


class Overturn(Command):
    """Having looked: somebody is owed an answer after all."""

    act: Literal["overturn"] = "overturn"
    reason: Words | None = None


# Clocks. -------------------------------------------------------------------------------------


class Pause(Command):
    """Stop the clock until a moment; it then goes on by itself."""

    act: Literal["pause"] = "pause"
    code: PauseCode
    reason: Words
    until: Moment


class Resume(Command):
    act: Literal["resume"] = "resume"


class Extend(Command):
    """Give the next move more working time. The first date stays on record."""

    act: Literal["extend"] = "extend"
    seconds: Seconds = Field(ge=60)
    code: ExtendCode
    reason: Words


# Matters. ------------------------------------------------------------------------------------


class JoinMatter(Command):
    """Have it answered together with others that are about the same thing."""

    act: Literal["join_matter"] = "join_matter"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "comment"})
    matter_id: str


class LeaveMatter(Command):
    """Mine is different: answer this one by itself."""

    act: Literal["leave_matter"] = "leave_matter"
    reason: Words


class Serve(Command):
    """The answer of the matter it belongs to, decided and cleared there."""

    act: Literal["serve"] = "serve"
    matter_id: str
    post_id: str
    words: Words
    writer: str
    approver: str
    owner: str
    same_answer_to: int
    refused: RefusalCode | None = None
