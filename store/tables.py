"""Every table. *Derived* rows are functions of a snapshot, written by ``records`` only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A counting key; SQLite counts by itself only in a column that is exactly INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment: timestamptz in PostgreSQL, UTC text that sorts as time in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _moment(*, nullable: bool = False) -> Column[Any]:
    return Column(UtcDateTime(), nullable=nullable)


def _text(*, nullable: bool = False) -> Column[Any]:
    return Column(Text(), nullable=nullable)


def _flag(*, older: bool = False) -> Column[Any]:
    """A yes or no that was added later, with what rows of older code say."""
    return Column(Boolean(), nullable=False, server_default=true() if older else false())


UNANSWERED = "answered_at IS NULL AND closed_at IS NULL AND stage <> 'held' AND is_public"
"""Which rows of ``escalation`` wait in public. An index is used only where a statement says the
same in the same words, so both take them from here."""

ANSWERED = "answered_at IS NOT NULL AND is_public"
ENDED = "answered_at IS NULL AND closed_at IS NOT NULL AND is_public"
"""Closed without a public answer."""

SHOWN = "is_public"
"""Which rows of ``commitment`` the public ledger shows."""


def _only(name: str, where: str, *columns: str) -> Index:
    """An index over those rows alone of which this holds."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


SQLModel.metadata.naming_convention = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}

_OPEN: dict[str, Any] = {
    # As SQLAlchemy spells the condition in each database: SQLite uses a partial index only then.
    "sqlite_where": text("is_open = 1"),
    "postgresql_where": text("is_open"),
}
_IN_VIEWS = ("sort_at", "id", "team", "owner", "stage", "is_waiting")
_FILTERS = ("channel", "priority", "language")


class Team(SQLModel, table=True):
    __tablename__ = "team"
    id: str = Field(primary_key=True)
    name: str


class Person(SQLModel, table=True):
    """Somebody who works with the service, or a machine's account (role service)."""

    __tablename__ = "person"
    id: str = Field(primary_key=True)
    name: str
    email: str | None = None
    roles: list[str] = Field(sa_column=Column(JSON(), nullable=False))
    is_active: bool = True
    created_at: datetime = Field(sa_column=_moment())
    manager: str | None = None
    zone: str | None = None
    """The name of a time zone, such as Europe/Berlin."""
    hours: str | None = None
    """Working hours as ``domain.hours`` writes them, in that zone; none: at any hour."""
    language: str | None = None
    """The language they want to read, such as de; none: what their browser asks for."""
    reading_zone: str | None = None
    """The time zone in which they want to read times; none: the one that they work in."""


class Absence(SQLModel, table=True):
    """A time in which somebody is not there, and who comes in their place."""

    __tablename__ = "absence"
    __table_args__ = (
        # Who is absent now is asked whenever a seat is filled: of all absences, few lie ahead.
        Index("absence_until", "until"),
    )
    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    since: datetime = Field(sa_column=_moment())
    until: datetime = Field(sa_column=_moment())
    deputy: str | None = None
    reason: str
    ended_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class Delegation(SQLModel, table=True):
    """A time in which somebody else may decide on a person's behalf."""

    __tablename__ = "delegation"
    __table_args__ = (
        # Asked with every request: whose decisions may this person make now?
        Index("delegation_until", "until"),
    )
    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    delegate: str = Field(index=True)
    since: datetime = Field(sa_column=_moment())
    until: datetime = Field(sa_column=_moment())
    may_pass_on: bool = False
    ended_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class Membership(SQLModel, table=True):
    __tablename__ = "membership"
    person_id: str = Field(foreign_key="person.id", primary_key=True)
    team_id: str = Field(foreign_key="team.id", primary_key=True, index=True)
    is_lead: bool = False


class Token(SQLModel, table=True):
    """A bearer token or a browser session: only the SHA-256 of the secret is kept."""

    __tablename__ = "token"
    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    digest: str = Field(unique=True)
    purpose: str
    created_at: datetime = Field(sa_column=_moment())
    expires_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    seen_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """When something was last done with it: in a session to a minute, by a program to an hour."""
    device: str | None = None
    """Of a session: the browser and system in two or three words, for whoever looks at the list."""
    hint: str | None = Field(default=None, sa_column=_text(nullable=True))
    """Of a session: what the identity provider wants to be shown when it ends. Gone with it."""
    made_by: str | None = None
    label: str | None = None
    """What it is for, in the words of whoever made it."""


class Identity(SQLModel, table=True):
    """An account at an identity provider, and the person who signs in by it."""

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        UniqueConstraint("issuer", "person_id"),
    )
    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    issuer: str
    subject: str
    """What the provider calls them, never another; it is unique there and tells us nothing."""
    bound_at: datetime = Field(sa_column=_moment())


class SignIn(SQLModel, table=True):
    """A way to the identity provider that somebody is on now. Read once, then gone."""

    __tablename__ = "sign_in"
    __table_args__ = (Index("sign_in_expires_at", "expires_at"),)
    digest: str = Field(primary_key=True)
    """Of the state that goes there and comes back."""
    browser: str
    """The digest of the cookie with which it was begun: it comes back to that browser alone."""
    nonce: str
    verifier: str
    onward: str
    expires_at: datetime = Field(sa_column=_moment())


class PolicyVersion(SQLModel, table=True):
    """A policy as it was applied. Escalations pin the version; triggers refuse any change."""

    __tablename__ = "policy_version"
    version: int = Field(primary_key=True)
    body: str = Field(sa_column=_text())
    digest: str
    applied_at: datetime = Field(sa_column=_moment())
    applied_by: str
    source: str | None = Field(default=None, sa_column=_text(nullable=True))
    """The file as it was written."""
    reason: str = Field(default="", sa_column=_text())


class Author(SQLModel, table=True):
    __tablename__ = "author"
    __table_args__ = (UniqueConstraint("channel", "handle"),)
    id: str = Field(primary_key=True)
    channel: str
    handle: str
    name: str | None = None
    url: str | None = None
    reach: int | None = Field(default=None, sa_column=Column(BigInteger(), nullable=True))


class Conversation(SQLModel, table=True):
    """One commenter in one thread. Its row is the lock that keeps open escalations at one."""

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("channel", "thread", "author_id"),
        # A case shows what else its author has said, the newest first.
        Index("conversation_author", "author_id", "id"),
    )
    id: str = Field(primary_key=True)
    channel: str
    thread: str
    author_id: str = Field(foreign_key="author.id")
    open_escalation_id: str | None = Field(default=None, unique=True)


class Comment(SQLModel, table=True):
    __tablename__ = "comment"
    __table_args__ = (
        UniqueConstraint("channel", "external_id"),
        # The search of the queue takes the address of a comment, of any length: PostgreSQL keeps
        # long ones in a hash alone.
        Index(
            "comment_url",
            "url",
            sqlite_where=text("url IS NOT NULL"),
            postgresql_where=text("url IS NOT NULL"),
            postgresql_using="hash",
        ),
    )
    id: str = Field(primary_key=True)
    channel: str
    external_id: str = Field(index=True)
    """Unique in its channel; the search of the queue takes it without one."""
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    escalation_id: str = Field(index=True)
    words_id: str
    revision: int = 1
    url: str | None = None
    in_reply_to: str | None = None
    posted_at: datetime = Field(sa_column=_moment())
    received_at: datetime = Field(sa_column=_moment())
    language: str | None = None
    """After BCP 47, where the channel told it."""
    removed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """When its author took it back. Its text stays for those who decide on it."""


class Arrival(SQLModel, table=True):
    """One delivery of a comment or revision to its escalation; waiting until handed over."""

    __tablename__ = "arrival"
    __table_args__ = (
        UniqueConstraint("comment_id", "revision"),
        # The sweep asks for what waits, oldest first; nearly every row has been handed over.
        _only("arrival_waiting", "handed_over_at IS NULL", "id"),
    )
    id: str = Field(primary_key=True)
    comment_id: str = Field(foreign_key="comment.id")
    revision: int
    words_id: str
    escalation_id: str = Field(index=True)
    predecessor: str | None = None
    is_backlog: bool = False
    is_removed: bool = Field(default=False, sa_column=_flag())
    received_at: datetime = Field(sa_column=_moment())
    handed_over_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class Words(SQLModel, table=True):
    """What a person wrote. Unbound until the event that refers to it is recorded."""

    __tablename__ = "words"
    __table_args__ = (_only("words_unbound", "bound_to IS NULL", "created_at"),)
    number: int | None = Field(
        default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True)
    )
    id: str = Field(unique=True)
    purpose: str
    salt: str
    text: str = Field(sa_column=_text())
    digest: str
    bound_to: str | None = Field(default=None, index=True)
    created_at: datetime = Field(sa_column=_moment())


class LedgerEntry(SQLModel, table=True):
    """One fact, linked to the one before in its stream. Triggers refuse update and delete."""

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("stream", "seq"),
        # The record is searched by when, by who and by what, the newest first. What somebody did
        # of a kind is found in the index on who alone, which therefore holds the name as well.
        Index("ledger_at", "at", "position"),
        Index("ledger_by", "by", "at", "position", "name"),
        Index("ledger_name", "name", "at", "position"),
    )
    position: int | None = Field(
        default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True)
    )
    stream: str
    seq: int
    name: str
    at: datetime = Field(sa_column=_moment())
    by: str
    body: str = Field(sa_column=_text())
    digest: str
    previous: str
    hash: str


class Snapshot(SQLModel, table=True):
    """*Derived.* The ledger of one stream, folded; what a restore starts from."""

    __tablename__ = "snapshot"
    __table_args__ = (
        Index("snapshot_open", "kind", "stream", **_OPEN),
        # The upkeep check asks for what is open and has no alarm, or one that should have rung.
        Index("snapshot_wakes", "wakes_at", "stream", **_OPEN),
    )
    stream: str = Field(primary_key=True)
    kind: str
    epoch: int
    seq: int
    schema_version: int
    is_open: bool
    body: str = Field(sa_column=_text())
    head: str
    changed_at: datetime = Field(sa_column=_moment())
    wakes_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """When the entity wakes by itself. Older code leaves it as it was: a hint for the upkeep
    check, which asks the state itself before it says anything."""


def _queue(name: str, *columns: str) -> Index:
    """An index over open escalations only: the queue stays fast however many are closed."""
    return Index(name, *columns, **_OPEN)


class Escalation(SQLModel, table=True):
    """*Derived.* One row of the queue. ``due_at`` is the deadline of the next move."""

    __tablename__ = "escalation"
    __table_args__ = (
        _queue("escalation_due", "sort_at", "id"),
        _queue("escalation_mine", "owner", "sort_at", "id", "is_waiting", "stage", *_FILTERS),
        _queue("escalation_stage", "stage", "sort_at", "id"),
        _queue("escalation_team", "team", "stage", "sort_at", "id", *_FILTERS),
        _queue("escalation_team_due", "team", "sort_at", "id", "owner", "stage", *_FILTERS),
        # One channel, what is urgent, one language: their views are counted in an index alone.
        *(_queue(f"escalation_{name}", name, *_IN_VIEWS) for name in _FILTERS),
        Index("escalation_stage_all", "stage", "id"),
        Index("escalation_team_all", "team", "id"),
        Index("escalation_owner_all", "owner", "id"),
        # The record asks for the cases of a channel, and for those that ended so or so.
        Index("escalation_channel_all", "channel", "id"),
        Index("escalation_outcome", "outcome", "id"),
        # Who is served next, and how many of each standing a matter has.
        Index("escalation_matter", "matter_id", "matter_state", "id"),
        # How long the public waits, waited, and was not answered at all: the public ledger.
        _only("escalation_unanswered", UNANSWERED, "opened_at"),
        _only("escalation_answered", ANSWERED, "answered_at", "waited"),
        _only("escalation_ended", ENDED, "closed_at", "outcome"),
    )
    id: str = Field(primary_key=True)
    seq: int
    stage: str
    is_open: bool
    channel: str
    team: str
    owner: str | None = None
    conversation_id: str = Field(index=True)
    comment_id: str
    opened_at: datetime = Field(sa_column=_moment())
    due_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    sort_at: datetime = Field(sa_column=_moment())
    """due_at, or the far future where nothing is owed by a time: the order of the queue."""
    outcome: str | None = None
    closed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    predecessor: str | None = None
    matter_id: str | None = None
    """The matter it belongs to, or belonged to last."""
    matter_state: str | None = None
    """How it stands to that matter: see ``MemberState``."""
    is_public: bool = Field(default=True, sa_column=_flag(older=True))
    """Whether its terms let the public ledger count it."""
    answered_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """When the first public answer was out."""
    waited: int | None = Field(default=None, sa_column=Column(BigInteger(), nullable=True))
    """Seconds from the comment's arrival to that answer, in plain time."""
    priority: str = Field(default="normal", sa_column_kwargs={"server_default": "normal"})
    language: str | None = None
    """The language to answer in, where it is known."""
    is_waiting: bool = Field(default=False, sa_column=_flag())
    """Its owner has done their part for now; others owe the next move."""


class MoveKind(SQLModel, table=True):
    """*Derived.* What many moves have in common, kept once: there are some hundred kinds. Grouping
    by their number is what makes figures fast."""

    __tablename__ = "move_kind"
    id: int | None = Field(
        default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True)
    )
    key: str = Field(unique=True)
    """All the rest, as ``store.moves`` spells it."""
    step: str
    team: str
    channel: str
    is_late: bool
    person: str | None = None
    how: str | None = None
    """None while it is still owed."""
    code: str | None = None
    words: str | None = None
    owed_by: str | None = None
    """The ids of people, sorted, with a space between; as ``told``."""
    told: str | None = None


class Move(SQLModel, table=True):
    """*Derived.* One move that was owed in one escalation, as ``domain.escalation.moves`` says.

    The key is the order of figures, which are about what came in from one day to another: in
    SQLite the table is its own index, and nothing is kept twice.
    """

    __tablename__ = "move"
    __table_args__ = (
        # What is owed now, however long ago it came in: of all moves, few.
        Index(
            "move_open",
            "opened_at",
            sqlite_where=text("plain IS NULL"),
            postgresql_where=text("plain IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )
    opened_at: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    """Of the escalation."""
    escalation_id: str = Field(primary_key=True)
    n: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: int = Field(sa_column=Column(BigId, nullable=False))
    """The number of its ``MoveKind``."""
    after: int = Field(sa_column=Column(BigInteger(), nullable=False))
    plain: int | None = Field(default=None, sa_column=Column(BigInteger(), nullable=True))
    working: int | None = Field(default=None, sa_column=Column(BigInteger(), nullable=True))
    paused: int = Field(default=0, sa_column=Column(BigInteger(), nullable=False))


class Presence(SQLModel, table=True):
    """Who looks at a case just now, or writes in it. Rows go when somebody leaves or says nothing
    more; no history is kept."""

    __tablename__ = "presence"
    __table_args__ = (
        # Who is there now, and what has to go.
        Index("presence_seen", "seen_at"),
    )
    stream: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    is_writing: bool
    seen_at: datetime = Field(sa_column=_moment())


class Matter(SQLModel, table=True):
    """*Derived.* Many escalations about the same thing, decided once. Members are the rows of
    ``escalation`` that name it."""

    __tablename__ = "matter"
    __table_args__ = (
        Index("matter_open", "is_open", "opened_at", "id"),
        Index("matter_stage", "stage", "opened_at", "id"),
        Index("matter_team", "team", "opened_at", "id"),
    )
    id: str = Field(primary_key=True)
    seq: int
    stage: str
    is_open: bool
    is_taking: bool
    """Whether escalations may still join."""
    team: str
    owner: str
    title_id: str
    words_id: str | None = None
    """The one answer, once it is decided."""
    opened_at: datetime = Field(sa_column=_moment())
    due_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    closed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class MatterSuggestion(SQLModel, table=True):
    """An escalation that might be about a matter. Suggested and confirmed are two things: only
    a person makes the one the other."""

    __tablename__ = "matter_suggestion"
    matter_id: str = Field(primary_key=True)
    escalation_id: str = Field(primary_key=True)
    likeness: int
    """In thousandths."""
    state: str
    by: str
    at: datetime = Field(sa_column=_moment())


class Post(SQLModel, table=True):
    """*Derived.* One public utterance of ours."""

    __tablename__ = "post"
    __table_args__ = (
        Index("post_stage", "stage", "id"),
        # A new reply is compared with the latest ones.
        Index("post_published", "published_at"),
    )
    id: str = Field(primary_key=True)
    seq: int
    stage: str
    is_open: bool
    channel: str
    team: str
    escalation_id: str = Field(index=True)
    commitment_id: str | None = Field(default=None, index=True)
    comment_id: str
    words_id: str
    writer: str
    cleared_by: str | None = None
    opened_at: datetime = Field(sa_column=_moment())
    published_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    kind: str = Field(default="reply", sa_column_kwargs={"server_default": "reply"})
    corrects: str | None = Field(default=None, index=True)
    corrected_by: str | None = None
    """Set, as is retracted_by, when the post that does so is published."""
    retracted_by: str | None = None
    matter_id: str | None = Field(default=None, index=True)
    same_answer_to: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    has_news: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class Turn(SQLModel, table=True):
    """When a channel took a post, may have taken it, or will be asked to: what a budget counts."""

    __tablename__ = "turn"
    __table_args__ = (Index("turn_day", "channel", "at"),)
    post_id: str = Field(primary_key=True)
    channel: str
    at: datetime = Field(sa_column=_moment())


class ChannelCheck(SQLModel, table=True):
    """What a channel said when somebody last had it asked."""

    __tablename__ = "channel_check"
    channel: str = Field(primary_key=True)
    at: datetime = Field(sa_column=_moment())
    by: str
    result: str
    """A ``FindResult``, or why there was none."""


class Commitment(SQLModel, table=True):
    """*Derived.* One promise of ours."""

    __tablename__ = "commitment"
    __table_args__ = (
        Index("commitment_stage", "stage", "due_at", "id"),
        Index("commitment_accountable", "accountable", "due_at", "id"),
        Index("commitment_due", "due_at", "id"),
        Index("commitment_link", "link", unique=True),
        # The public ledger: one index for each way it is filtered, one for its feed, and one that
        # holds all that its figures count.
        _only("ledger_due", SHOWN, "due_at", "id"),
        _only("ledger_standing", SHOWN, "standing", "due_at", "id"),
        _only("ledger_channel", SHOWN, "channel", "due_at", "id"),
        _only("ledger_channel_standing", SHOWN, "channel", "standing", "due_at", "id"),
        _only("ledger_turned", SHOWN, "turned_at", "id"),
        _only("ledger_figures", SHOWN, "accountable", "standing", "was_broken", "says"),
    )
    id: str = Field(primary_key=True)
    seq: int
    stage: str
    is_open: bool
    team: str
    escalation_id: str = Field(index=True)
    post_id: str
    words_id: str
    accountable: str
    approver: str
    opened_at: datetime = Field(sa_column=_moment())
    due_at: datetime = Field(sa_column=_moment())
    settled_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    first_due_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """The date as it was first promised; None, where older code wrote the row: due_at."""
    was_broken: bool = Field(default=False, sa_column=_flag())
    is_renegotiated: bool = Field(default=False, sa_column=_flag())
    """Kept after its first date, by one that was renegotiated in time."""
    says: str | None = None
    """What the commenter said last: kept or not_kept."""
    is_public: bool = Field(default=True, sa_column=_flag(older=True))
    link: str | None = None
    """SHA-256 of the secret by which the commenter may answer just now."""
    channel: str | None = None
    """Where it was promised; as ``standing`` and ``turned_at``, None where older code wrote it."""
    standing: str | None = None
    """What the public is told of it: see ``domain.commitment.Standing``."""
    turned_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """When the public could last read something new about it."""


class Delivery(SQLModel, table=True):
    """Where a published post can be found on its channel, as the channel told it."""

    __tablename__ = "delivery"
    post_id: str = Field(primary_key=True)
    external_id: str | None = None
    url: str | None = None
    told_at: datetime = Field(sa_column=_moment())


class Fork(SQLModel, table=True):
    """An alarm: two histories claim the same place in a stream. Nothing of it was written."""

    __tablename__ = "fork"
    __table_args__ = (UniqueConstraint("stream", "seq", "digest"),)
    id: int | None = Field(
        default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True)
    )
    stream: str
    seq: int
    digest: str
    seen_at: datetime = Field(sa_column=_moment())


class Finding(SQLModel, table=True):
    """Something the upkeep check found: one row for each stream and code, used again if it comes
    back. Open until ``cleared_at``."""

    __tablename__ = "finding"
    stream: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    first_seen_at: datetime = Field(sa_column=_moment())
    last_seen_at: datetime = Field(sa_column=_moment())
    cleared_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class Draft(SQLModel, table=True):
    """One version of what somebody is writing on a case. Words, and nowhere but here."""

    __tablename__ = "draft"
    escalation_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str
    person: str = Field(foreign_key="person.id")
    text: str = Field(sa_column=_text())
    based_on: int | None = None
    is_aside: bool = False
    created_at: datetime = Field(sa_column=_moment())


class Heartbeat(SQLModel, table=True):
    """When a process of a kind was last alive: how ``doctor`` and ``readyz`` find a missing one."""

    __tablename__ = "heartbeat"
    name: str = Field(primary_key=True)
    at: datetime = Field(sa_column=_moment())


class Announcement(SQLModel, table=True):
    """A notice that was sent, kept so that a repeated activity sends it once."""

    __tablename__ = "announcement"
    id: str = Field(primary_key=True)
    person_id: str = Field(sa_column=Column(ForeignKey("person.id"), nullable=False, index=True))
    body: list[dict[str, Any]] = Field(sa_column=Column(JSON(), nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class NoticeDelivery(SQLModel, table=True):
    """What became of an announcement on one way to its reader: the log of deliveries, and what
    keeps a repeated activity from telling twice. It never holds an address."""

    __tablename__ = "notice_delivery"
    __table_args__ = (
        UniqueConstraint("announcement_id", "way"),
        # An admin looks at one person's, the newest first.
        Index("notice_delivery_person", "person_id", "id"),
    )
    id: str = Field(primary_key=True)
    announcement_id: str = Field(foreign_key="announcement.id")
    person_id: str = Field(foreign_key="person.id")
    way: str
    result: str
    detail: str = ""
    """What the other side said, as a code; never words, addresses or secrets."""
    attempts: int = 0
    at: datetime = Field(sa_column=_moment())


class NoticeRules(SQLModel, table=True):
    """How one person wants to be told. ``chat`` is the secret address of their chat, and nowhere
    but here."""

    __tablename__ = "notice_rules"
    person_id: str = Field(foreign_key="person.id", primary_key=True)
    body: dict[str, Any] = Field(sa_column=Column(JSON(), nullable=False))
    chat: str | None = Field(default=None, sa_column=_text(nullable=True))
    changed_at: datetime = Field(sa_column=_moment())


class DecisionLink(SQLModel, table=True):
    """A link by which one person may answer one question, once; only the SHA-256 of its secret is
    kept. ``key`` is that of the form that has it now: the same form may be sent again."""

    __tablename__ = "decision_link"
    __table_args__ = (Index("decision_link_expires", "expires_at"),)
    id: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    person_id: str = Field(foreign_key="person.id")
    stream: str
    family: str
    question: str
    made_at: datetime = Field(sa_column=_moment())
    expires_at: datetime = Field(sa_column=_moment())
    key: str | None = None
    taken_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    act: str | None = None
    used_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class HouseNotice(SQLModel, table=True):
    """What somebody has to be told about the house, kept until it was handed to their notices:
    it may happen while Temporal is away."""

    __tablename__ = "house_notice"
    __table_args__ = (
        Index(
            "house_notice_waiting",
            "id",
            sqlite_where=text("told_at IS NULL"),
            postgresql_where=text("told_at IS NULL"),
        ),
    )
    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id")
    reason: str
    about: str
    made_at: datetime = Field(sa_column=_moment())
    told_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class Reading(SQLModel, table=True):
    """The hour in which an auditor's reading of a case was last recorded."""

    __tablename__ = "reading"
    person_id: str = Field(foreign_key="person.id", primary_key=True)
    stream: str = Field(primary_key=True)
    hour: datetime = Field(sa_column=_moment())
