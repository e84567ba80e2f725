"""The shapes in which what is remembered is shown: to pages and, as they are, in JSON."""

from __future__ import annotations

from typing import Any, Literal

from domain.base import Moment, Value
from domain.entity import Permission


class AuthorView(Value):
    """Whoever wrote a comment, as their channel names them."""

    handle: str
    name: str | None = None
    url: str | None = None
    reach: int | None = None


class EscalationItem(Value):
    """One row of the queue. ``due_at`` is when the next move is owed; None: by no time."""

    id: str
    seq: int
    stage: str
    owner: str | None
    owner_name: str | None
    team: str
    channel: str
    opened_at: Moment
    due_at: Moment | None
    is_late: bool
    outcome: str | None
    closed_at: Moment | None
    posted_at: Moment | None = None
    """When the first comment was said on its channel; ``opened_at`` is when it reached us."""
    matter_id: str | None = None
    """The matter it is answered with, or belonged to last."""
    matter_state: str | None = None
    author: AuthorView | None
    excerpt: str
    """How the first comment begins, in its latest revision."""
    comments: int
    priority: str = "normal"
    language: str | None = None


class PostItem(Value):
    """One public utterance of ours. ``text`` is None where the reader may not see the draft."""

    id: str
    seq: int
    stage: str
    channel: str
    team: str
    escalation_id: str
    commitment_id: str | None
    comment_id: str
    text: str | None
    writer: str
    cleared_by: str | None
    opened_at: Moment
    published_at: Moment | None
    external_id: str | None
    url: str | None
    """Where it can be read, as the channel told it."""
    kind: str
    corrects: str | None
    corrected_by: str | None
    """The published post that corrects this one; retracted_by: that takes it back."""
    retracted_by: str | None
    matter_id: str | None
    same_answer_to: int
    has_news: bool
    """The commenter has spoken since: clearing it asks for despite_news."""


class CommitmentItem(Value):
    """One promise of ours: the sentence, who is accountable, until when, and what became of it."""

    id: str
    seq: int
    stage: str
    team: str
    escalation_id: str
    post_id: str
    sentence: str | None
    accountable: str
    approver: str
    opened_at: Moment
    due_at: Moment
    first_due_at: Moment
    """As it was first promised; it stays, whatever date counts now."""
    is_late: bool
    was_broken: bool
    says: Literal["kept", "not_kept"] | None
    """What the commenter said last; the stage tells what the company says."""
    is_public: bool
    settled_at: Moment | None


class DateView(Value):
    """A date that came to count after the first one, in front of the public."""

    due_at: Moment
    asked_by: str
    agreed_by: str | None
    asked_at: Moment
    since: Moment | None
    """From when it counts; None while it is asked for or on its way to the public."""
    post_id: str | None
    reason: str | None
    text: str | None
    """The words that tell the public."""


class RungView(Value):
    """One step of a ladder and when it is reached."""

    at: Moment
    act: str
    to: str
    whom: str | None = None
    """The person or role, where the rung names one."""
    is_climbed: bool


class DeadlineView(Value):
    """A moment by which something is owed, with the arithmetic that produced it."""

    about: str
    stage: str
    start_at: Moment
    allowance_seconds: int
    due_at: Moment | None
    """None while it is paused."""
    is_late: bool
    first_due_at: Moment | None = None
    """The date before any extension, which stays on record."""
    is_paused: bool = False
    explained: tuple[str, ...]
    ladder: tuple[RungView, ...] = ()


class RevisionView(Value):
    revision: int
    text: str | None
    received_at: Moment


class Utterance(Value):
    """One turn of the conversation: a comment of theirs or a published post of ours."""

    kind: Literal["comment", "post"]
    id: str
    at: Moment
    text: str | None
    author: AuthorView | None = None
    writer: str | None = None
    escalation_id: str
    external_id: str | None = None
    in_reply_to: str | None = None
    url: str | None = None
    corrects: str | None = None
    corrected_by: str | None = None
    retracted_by: str | None = None
    received_at: Moment | None = None
    revisions: tuple[RevisionView, ...] = ()
    """Every text a comment has had, oldest first, where there was more than one."""
    is_removed: bool = False
    """Its author took it back. What it said stays for those who decide on it."""


class PromiseView(Value):
    id: str
    sentence: str | None
    accountable: str
    due_at: Moment
    proof: str | None


class ProposalView(Value):
    by: str
    request: str | None
    recommendation: str
    reply: str | None
    promises: tuple[PromiseView, ...]
    has_news: bool
    """The commenter has spoken since: approving then sends nothing out by itself."""
    panel: PanelView | None = None
    unsigned: tuple[str, ...] = ()
    """The ids of promises that whoever is to be accountable has not accepted yet: approved words
    wait for that."""
    marked_none: int = 0
    """How many sentences of the reply read like a promise and are said to be none by its writer."""


class VoteView(Value):
    by: str
    outcome: str
    on_behalf_of: str | None = None


class PanelView(Value):
    """Who decides together, who has said what, and whose word is missing."""

    needed: int
    approvers: tuple[str, ...]
    """Named people; empty: every executive."""
    extra: tuple[str, ...]
    votes: tuple[VoteView, ...]
    missing: tuple[str, ...]


class InformationView(Value):
    by: str
    at: Moment
    text: str | None


class QuestionView(Value):
    """What an approver wanted to know first; ``answer`` is None while the owner owes it."""

    by: str
    at: Moment
    text: str | None
    answer: InformationView | None = None


class SignatureView(Value):
    """What whoever is to be accountable said to a promise before it is made."""

    promise_id: str
    is_accepted: bool
    due_at: Moment | None = None
    """The date that was offered instead."""


class WaitingView(Value):
    """Words that go out once every promise in them is accepted."""

    writer: str
    text: str | None
    promises: tuple[PromiseView, ...]
    unsigned: tuple[str, ...]
    """The ids of the promises that still wait for their accountable."""


class DecisionView(Value):
    outcome: str
    by: str
    at: Moment
    code: str | None
    reason: str | None
    on_behalf_of: str | None = None
    is_alone: bool = False
    """The owner decided, as the terms allow."""


class NoteView(Value):
    seq: int
    by: str
    at: Moment
    text: str | None
    mentions: tuple[str, ...] = ()
    """Who was told of it."""


class EscalationDetail(EscalationItem):
    """Everything about one escalation that its reader may see."""

    conversation_id: str
    thread: str
    predecessor: str | None
    is_backlog: bool
    policy_version: int
    is_insider: bool
    """Whether proposals, drafts and notes are in here: not for staff of other teams."""
    allowed: tuple[Permission, ...]
    deadlines: tuple[DeadlineView, ...]
    conversation: tuple[Utterance, ...]
    proposal: ProposalView | None
    decision: DecisionView | None
    replies: tuple[PostItem, ...]
    commitments: tuple[CommitmentItem, ...]
    notes: tuple[NoteView, ...]
    names: dict[str, str]
    """The names of all people mentioned, by id."""
    terms: str | None = None
    """Which terms of the policy these are."""
    may_be_batched: bool = False
    """Whether these terms let it be decided together with others."""
    is_public: bool = True
    held_for: str | None = None
    paused_until: Moment | None = None
    question: QuestionView | None = None
    """What the owner is asked just now."""
    questions: tuple[QuestionView, ...] = ()
    """All that was asked about the proposal that is being decided, in order."""
    signatures: tuple[SignatureView, ...] = ()
    waiting: WaitingView | None = None
    to_sign: tuple[PromiseView, ...] = ()
    """The promises that wait for the reader's own word before they are made."""
    merged_into: str | None = None

    @property
    def said(self) -> tuple[Utterance, ...]:
        """The comments that are answered here, in turn."""
        return tuple(
            turn
            for turn in self.conversation
            if turn.kind == "comment" and turn.escalation_id == self.id
        )


class PostDetail(PostItem):
    is_insider: bool
    attempt: int
    promises: int
    wake_at: Moment | None
    """When it goes out, is tried or is looked for again by itself."""
    due_at: Moment | None
    """By when a person owes the next move; None where none does."""
    is_late: bool
    chain: tuple[PostItem, ...]
    """What was published first, what has corrected it since, and what is to: oldest first. Empty
    where nothing was corrected."""
    max_length: int | None
    answers: Utterance | None
    """The comment it answers."""
    allowed: tuple[Permission, ...]
    names: dict[str, str]


class CommitmentDetail(CommitmentItem):
    is_insider: bool
    channel: str
    proof: str | None
    dates: tuple[DateView, ...]
    """Every date that came to count after the first one, in order."""
    wanted: DateView | None
    """The date that is asked for, for insiders until the public can read of it."""
    good_by: Moment | None
    """By when a broken promise is to be made good, where a denial was accepted."""
    said_by: str | None
    """How it is known that the commenter spoke: same_account or private_link."""
    said_at: Moment | None
    readers_kept: int
    readers_not_kept: int
    answer: Literal["upheld", "reopened"] | None
    """What was answered to the commenter's no, and why."""
    answer_by: str | None
    answer_reason: str | None
    reported_by: str | None
    reported_at: Moment | None
    evidence: str | None
    """What was brought forward with the last report that it is kept, for insiders."""
    deadlines: tuple[DeadlineView, ...]
    posts: tuple[PostItem, ...]
    """The reply that made the promise and every follow-up."""
    allowed: tuple[Permission, ...]
    names: dict[str, str]


class MatterItem(Value):
    """One matter. The counts are of its members as they stand now."""

    id: str
    seq: int
    stage: str
    title: str | None
    team: str
    owner: str
    opened_at: Moment
    due_at: Moment | None
    is_late: bool
    closed_at: Moment | None
    waiting: int
    """Escalations that wait for its answer."""
    served: int
    apart: int
    """Members that have gone their own way."""
    left: int


class MemberItem(Value):
    """One member of a matter, with how it stands to it."""

    escalation_id: str
    state: str
    stage: str
    channel: str
    owner: str | None
    author: AuthorView | None
    excerpt: str
    post_id: str | None
    """The post that answers it, once it is served."""


class SuggestionItem(Value):
    """An escalation that might be about the matter. ``likeness`` is in thousandths."""

    escalation_id: str
    likeness: int
    state: str
    by: str
    at: Moment
    excerpt: str


class MatterProposalView(Value):
    by: str
    request: str | None
    reply: str | None
    votes: tuple[str, ...] = ()
    """Who has spoken, where several have to."""


class AnswerView(Value):
    """The one cleared text."""

    text: str | None
    digest: str
    """HMAC-SHA256 of exactly these words with the salt of their row."""
    writer: str
    approver: str
    at: Moment
    refused: str | None
    reason: str | None


class ReleaseView(Value):
    """How far the answer has come."""

    first: int
    wait_seconds: int
    not_before: Moment | None
    """The end of the wait after the first ones."""
    next_at: Moment | None
    """When the next ones are answered."""
    published: int
    """Posts of it that have arrived on their channel."""


class MatterDetail(MatterItem):
    """Everything about one matter that its reader may see."""

    is_insider: bool
    voices: int
    """Distinct authors among its members: ten comments of one person are one voice."""
    copies: int
    """Members whose first comment is a near-identical copy of another member's."""
    proposal: MatterProposalView | None
    answer: AnswerView | None
    release: ReleaseView | None
    deadlines: tuple[DeadlineView, ...]
    notes: tuple[NoteView, ...]
    allowed: tuple[Permission, ...]
    names: dict[str, str]


class Entry(Value):
    """One entry of the ledger. ``hash`` is SHA-256 of the previous hash, a newline and
    ``canonical``; where that is withheld from the reader, so is ``data``."""

    seq: int
    at: Moment
    by: str
    by_name: str | None
    name: str
    data: dict[str, Any] | None
    canonical: str | None
    digest: str
    previous: str
    hash: str


class Chain(Value):
    """Whether every entry of the stream is linked to the one before, and where it is not."""

    holds: bool
    broken_at: int | None


class EscalationPage(Value):
    items: tuple[EscalationItem, ...]
    next_cursor: str | None


class PostPage(Value):
    items: tuple[PostItem, ...]
    next_cursor: str | None


class CommitmentPage(Value):
    items: tuple[CommitmentItem, ...]
    next_cursor: str | None


class MatterPage(Value):
    items: tuple[MatterItem, ...]
    next_cursor: str | None


class MemberPage(Value):
    items: tuple[MemberItem, ...]
    next_cursor: str | None


class SuggestionPage(Value):
    items: tuple[SuggestionItem, ...]
    next_cursor: str | None


class HistoryPage(Value):
    items: tuple[Entry, ...]
    next_cursor: str | None
    chain: Chain
