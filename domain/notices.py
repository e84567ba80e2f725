"""What people are told: every reason there is, how each person wants to hear of it, and when.

A notice is one reason about one case. Reasons belong to topics, and a person says for each topic by
which ways it reaches them and whether at once or gathered once a day. What is urgent has climbed
past everybody else: it is told at once, and by some way whatever they chose.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from domain.base import Value
from domain.decision_links import Family
from domain.messages import Notice


class Topic(StrEnum):
    DECISIONS = "decisions"
    WORDS = "words"
    CASES = "cases"
    LATE = "late"
    PROMISES = "promises"
    HOUSE = "house"


TOPICS: dict[Topic, str] = {
    Topic.DECISIONS: "A decision or an acceptance is wanted from me",
    Topic.WORDS: "Words wait to be read before they go out, or did not get out",
    Topic.CASES: "News of cases that are mine or my team’s",
    Topic.LATE: "A deadline is near or has passed",
    Topic.PROMISES: "News of promises that I am accountable for or approved",
    Topic.HOUSE: "Somebody arranged something for me: tokens, absences, delegations",
}
"""Each topic as people read it."""


class Way(StrEnum):
    """How a notice reaches somebody."""

    MAIL = "mail"
    CHAT = "chat"


class Lack(StrEnum):
    """What is missing where somebody cannot be reached by mail."""

    SERVER = "server"
    """Nobody is: the settings name no mail server."""
    ADDRESS = "address"
    """No mail address of theirs is known."""


def mail_lacks(*, has_server: bool, has_address: bool) -> tuple[Lack, ...]:
    """What is missing for telling somebody by mail; nothing where they can be told."""
    has = {Lack.SERVER: has_server, Lack.ADDRESS: has_address}
    return tuple(lack for lack in Lack if not has[lack])


class Timing(StrEnum):
    AT_ONCE = "at_once"
    """In the person's next working hour, gathered for a moment."""
    DAILY = "daily"
    """In one message when their next working day begins."""


class Rule(Value):
    """How one topic reaches somebody: by these ways, none of them or all that they have."""

    ways: frozenset[Way] = frozenset(Way)
    timing: Timing = Timing.AT_ONCE


class Rules(Value):
    """What one person wants of each topic; what is not said is told at once, by every way."""

    topics: dict[Topic, Rule] = {}

    def of(self, topic: Topic) -> Rule:
        return self.topics.get(topic, Rule())


class Reason(NamedTuple):
    """Why somebody is told: what has happened, and why it is they who hear of it."""

    topic: Topic
    title: str
    """The subject of a mail, without anything anybody wrote."""
    what: str
    why: str
    family: Family | None = None
    """What is asked of them, where something is."""


_APPROVER = "you are one of those who may decide it"
_OWNER = "it is yours, or you lead the team that it belongs to"
_REVIEWER = "words go out only after somebody other than their writer has read them"
_LADDER = "the move is yours, or nobody before you has made it"
_SIGNER = "you are to be accountable for it, and nobody is made so without their word"
_PROMISE = "you are accountable for this promise, or you approved it"
_YOURS = "it was done in your name or changes what you may do"
_ADMIN = "you run this service"
_WRITER = "the words are yours, or the case is"

TEST = "test"
"""The reason of what somebody has sent to themselves, to see whether it arrives."""

REASONS: dict[str, Reason] = {
    # What is asked of somebody comes first: of several reasons about one case the first one leads.
    "decision_wanted": Reason(
        Topic.DECISIONS, "A decision is wanted from you", "A decision is wanted from you.",
        _APPROVER, Family.DECIDE,
    ),
    "acceptance_wanted": Reason(
        Topic.DECISIONS, "A promise waits for your word",
        "Words promise something that you are to be accountable for: accept it, offer another "
        "date, or decline.",
        _SIGNER, Family.ACCEPT,
    ),
    "new_date_to_accept": Reason(
        Topic.DECISIONS, "Another date for your promise",
        "Somebody asks for another date for your promise: accept it, or refuse.",
        _SIGNER, Family.ACCEPT,
    ),
    "new_date_wanted": Reason(
        Topic.DECISIONS, "Another date for a promise waits for a decision",
        "Another date for a promise waits for an executive to decide.",
        _APPROVER, Family.DECIDE,
    ),
    "promise_denied": Reason(
        Topic.DECISIONS, "The commenter says that a promise was not kept",
        "The commenter says that a promise was not kept: an answer is wanted.",
        _PROMISE, Family.DECIDE,
    ),
    "review_wanted": Reason(
        Topic.WORDS, "A reply waits to be read",
        "A reply waits for somebody else to read it before it goes out.",
        _REVIEWER, Family.CLEAR,
    ),
    "review_wanted_again": Reason(
        Topic.WORDS, "A reply waits to be read again",
        "The commenter spoke before a cleared reply was out: please read again.",
        _REVIEWER, Family.CLEAR,
    ),
    "review_late": Reason(
        Topic.WORDS, "A reply waits too long to be read",
        "Words wait to be read by somebody else, longer than they should.",
        _REVIEWER, Family.CLEAR,
    ),
    "mentioned": Reason(
        Topic.CASES, "A colleague named you in a note", "A colleague named you in a note.",
        "somebody wants you to know of it",
    ),
    "second_look_wanted": Reason(
        Topic.WORDS, "A second look is wanted",
        "A case was put aside and waits for a second person to look.",
        "nobody puts a case aside alone",
    ),
    "late": Reason(Topic.LATE, "A deadline has passed", "A deadline has passed.", _LADDER),
    "still_open": Reason(
        Topic.LATE, "A case still waits",
        "Everybody who could be told of a case has been told, and it still waits.", _LADDER,
    ),
    "still_waiting": Reason(
        Topic.LATE, "A promise still waits",
        "Nothing has moved on a promise, and it still waits.", _LADDER,
    ),
    "promise_broken": Reason(
        Topic.PROMISES, "A promise is broken",
        "A promise is now openly broken: its date has passed.", _PROMISE,
    ),
    "holding_reply_wanted": Reason(
        Topic.LATE, "A holding reply is wanted",
        "It takes longer than it should: tell the commenter that their words were read.", _LADDER,
    ),
    "due_soon": Reason(Topic.LATE, "A deadline is near", "A deadline is near.", _LADDER),
    "information_wanted": Reason(
        Topic.CASES, "The approvers have a question",
        "Whoever decides wants to know something first.", _OWNER,
    ),
    "assigned_to_you": Reason(
        Topic.CASES, "A case was assigned to you", "A case was assigned to you.",
        "from now on it is yours",
    ),
    "promise_not_accepted": Reason(
        Topic.CASES, "A promise was not accepted",
        "Whoever is to be accountable for a promise declined it or offers another date.", _OWNER,
    ),
    "waits_for_an_owner": Reason(
        Topic.CASES, "A case waits for an owner",
        "A case has come to your team and waits for an owner.", _OWNER,
    ),
    "claim_lost": Reason(
        Topic.CASES, "A claim has lapsed",
        "Nothing happened on a claimed case for too long, so it is free again.", _OWNER,
    ),
    "commenter_spoke": Reason(
        Topic.CASES, "The commenter has said more", "The commenter has said more.", _OWNER
    ),
    "decided": Reason(
        Topic.CASES, "Your proposal has been decided", "Your proposal has been decided.", _OWNER
    ),
    "decision_bypassed": Reason(
        Topic.CASES, "A decision was made past somebody",
        "An executive has decided without waiting for everybody who was named.",
        "you were to decide it, or the case is yours",
    ),
    "reply_failed": Reason(
        Topic.WORDS, "A reply could not be published", "A reply could not be published.", _WRITER
    ),
    "reply_still_failed": Reason(
        Topic.WORDS, "A reply is still not published",
        "A reply could not be published, and nobody has seen to it yet.", _WRITER,
    ),
    "reply_unconfirmed": Reason(
        Topic.WORDS, "Did a reply arrive?",
        "We do not know whether a reply arrived; please look at the channel.", _WRITER,
    ),
    "reply_still_unconfirmed": Reason(
        Topic.WORDS, "Did a reply arrive?",
        "We still do not know whether a reply arrived; please look.", _WRITER,
    ),
    "reply_returned": Reason(
        Topic.WORDS, "A reply was given back to you",
        "A reply was given back to you for changes.", _WRITER,
    ),
    "reply_withdrawn": Reason(
        Topic.WORDS, "A reply was withdrawn", "A reply was withdrawn.", _WRITER
    ),
    "reply_published": Reason(
        Topic.WORDS, "A reply is published", "A reply is published.", _WRITER
    ),
    "release_halted": Reason(
        Topic.CASES, "The answer of a matter was halted",
        "The answer of a matter was halted: nobody more is answered with it.", _OWNER,
    ),
    "release_stalled": Reason(
        Topic.CASES, "The answer of a matter is stuck",
        "The answer of a matter does not reach those who wait for it.", _OWNER,
    ),
    "members_left_over": Reason(
        Topic.CASES, "A matter stays open",
        "A matter stays open: somebody who joined it still waits for an answer.", _OWNER,
    ),
    "promise_made": Reason(
        Topic.PROMISES, "You are accountable for a promise",
        "You are accountable for a promise that is now public.", "your name stands for it",
    ),
    "promise_withdrawn": Reason(
        Topic.PROMISES, "A promise was withdrawn",
        "A promise that you are accountable for was withdrawn, openly.", _PROMISE,
    ),
    "promise_reopened": Reason(
        Topic.PROMISES, "A promise is owed again",
        "A promise is owed again: the commenter said that it was not kept.", _PROMISE,
    ),
    "promise_confirmed": Reason(
        Topic.PROMISES, "A promise is confirmed as kept",
        "The commenter confirms that a promise was kept.", _PROMISE,
    ),
    "denial_rejected": Reason(
        Topic.PROMISES, "The company stands by its word",
        "The company stands by its word that a promise was kept.", _PROMISE,
    ),
    "commenter_asked": Reason(
        Topic.PROMISES, "The commenter is asked",
        "The public has read that a promise is kept; now the commenter is asked.", _PROMISE,
    ),
    "new_date_agreed": Reason(
        Topic.PROMISES, "Another date is agreed to",
        "Another date for a promise is agreed to, and its words are on their way.", _PROMISE,
    ),
    "new_date_refused": Reason(
        Topic.PROMISES, "Another date was refused",
        "Another date for a promise was refused: the date stands.", _PROMISE,
    ),
    "new_date_set": Reason(
        Topic.PROMISES, "Another date counts now",
        "The public can read another date for a promise: from now on it counts.", _PROMISE,
    ),
    "new_date_lapsed": Reason(
        Topic.PROMISES, "Another date has lapsed",
        "Another date for a promise never came to count.", _PROMISE,
    ),
    "token_made_for_you": Reason(
        Topic.HOUSE, "A token was made in your name",
        "Somebody else made a token that acts in your name. If you did not ask for it, end "
        "it.",
        _YOURS,
    ),
    "absence_planned_for_you": Reason(
        Topic.HOUSE, "An absence was planned for you",
        "Somebody else planned an absence for you. If it is wrong, end it.", _YOURS,
    ),
    "deputy_for_somebody": Reason(
        Topic.HOUSE, "You are somebody’s deputy",
        "You are the deputy of somebody who will be absent.", _YOURS,
    ),
    "decisions_delegated_to_you": Reason(
        Topic.HOUSE, "Decisions were delegated to you",
        "Somebody delegated their decisions to you.", _YOURS,
    ),
    "decisions_delegated_in_your_name": Reason(
        Topic.HOUSE, "Your decisions were delegated",
        "Somebody else delegated your decisions. If you did not ask for it, end it.", _YOURS,
    ),
    "webhook_disabled": Reason(
        Topic.HOUSE, "A webhook was disabled",
        "A webhook is told nothing more: its receiver is gone, or took nothing for days.", _ADMIN,
    ),
    "webhook_failing": Reason(
        Topic.HOUSE, "A webhook takes nothing",
        "The receiver of a webhook has taken nothing for a while. It is tried on.", _ADMIN,
    ),
    TEST: Reason(
        Topic.HOUSE, "A test of your notices",
        "This is the test that you asked for: notices reach you by this way.",
        "you asked for it just now",
    ),
}  # fmt: skip
"""Every reason of a notice, the weightiest first."""

_UNKNOWN = Reason(
    Topic.CASES, "Something has happened", "Something has happened.", "it concerns you"
)
"""For what newer code is told of."""

_WEIGHT = {reason: n for n, reason in enumerate(REASONS)}


def reason_of(notice: Notice) -> Reason:
    return REASONS.get(notice.reason, _UNKNOWN)


def in_order(notices: Iterable[Notice]) -> list[Notice]:
    """The weightiest first: what is urgent, then what asks for something."""
    return sorted(notices, key=lambda n: (not n.urgent, _WEIGHT.get(n.reason, len(_WEIGHT))))


def is_at_once(notice: Notice, rules: Rules) -> bool:
    """Whether this is told without waiting for the next day's message."""
    return notice.urgent or rules.of(reason_of(notice).topic).timing is Timing.AT_ONCE


def ways_of(notice: Notice, rules: Rules, reachable: Collection[Way]) -> tuple[Way, ...]:
    """The ways by which somebody who can be reached by these is told.

    Whoever chose a way that they no longer have is told by what they have; only whoever chose none
    is told by none, and even they of what is urgent.
    """
    wanted = rules.of(reason_of(notice).topic).ways
    found = tuple(way for way in Way if way in wanted and way in reachable)
    if found or (not wanted and not notice.urgent):
        return found
    return tuple(way for way in Way if way in reachable)


class Sorted(NamedTuple):
    """Notices as one person wants them: told now, kept for the daily message, or not told."""

    now: tuple[Notice, ...]
    later: tuple[Notice, ...]


def sort(
    notices: Iterable[Notice], rules: Rules, since: datetime, morning: datetime, at: datetime
) -> Sorted:
    """What of this goes out at ``at``. ``morning`` is the first beginning of a working day after
    ``since``, when the oldest of it came: where that has come, the daily message is due."""
    assert morning >= since
    now: list[Notice] = []
    later: list[Notice] = []
    for notice in notices:
        is_due = is_at_once(notice, rules) or morning <= at
        (now if is_due else later).append(notice)
    return Sorted(tuple(now), tuple(later))


def by_case(notices: Iterable[Notice]) -> Mapping[str, list[Notice]]:
    """The notices of each case, the weightiest first; the case with the weightiest one first."""
    found: dict[str, list[Notice]] = {}
    for notice in in_order(notices):
        found.setdefault(notice.about, []).append(notice)
    return found
