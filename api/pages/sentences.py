"""What the pages call things, and the history of a case in plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from api.pages import times
from store import people, words
from store.views import Entry

STAGES: dict[str, dict[str, str]] = {
    "escalation": {
        "unclaimed": "nobody has claimed it",
        "preparing": "an answer is being prepared",
        "deciding": "waiting for a decision",
        "replying": "the reply is on its way",
        "listening": "answered, listening",
        "closed": "closed",
    },
    "post": {
        "in_review": "waiting to be cleared",
        "cleared": "cleared, going out soon",
        "publishing": "being published",
        "unconfirmed": "unconfirmed: nobody knows whether it arrived",
        "failed": "failed: it is not on the channel",
        "published": "published",
        "returned": "returned to its writer",
        "withdrawn": "withdrawn",
    },
    "commitment": {
        "open": "open",
        "reported": "reported kept, the public word is on its way",
        "broken": "broken",
        "kept": "kept in time",
        "kept_late": "kept, but late",
        "withdrawn": "withdrawn",
    },
    "matter": {
        "gathering": "cases are brought together, and the one answer is being written",
        "deciding": "waiting for a decision",
        "ready": "decided, waiting to be released",
        "releasing": "the answer is going out",
        "halted": "halted: nobody more is answered",
        "listening": "everybody is answered, listening",
        "closing": "closing",
        "closed": "closed",
    },
}

_WHILE: dict[str, dict[str, str]] = {
    "escalation": {
        "unclaimed": "nobody has claimed it",
        "preparing": "an answer is being prepared",
        "deciding": "a decision is waited for",
        "replying": "the reply is to be sent",
        "listening": "we listen",
    },
    "post": {
        "in_review": "the words wait to be cleared",
        "cleared": "cleared words wait to go out",
        "publishing": "the channel is waited for",
        "published": "it is published",
        "unconfirmed": "nobody knows whether it arrived",
        "failed": "it has failed",
    },
    "commitment": {"open": "the promise is open", "broken": "it is broken"},
    "matter": {
        "gathering": "the answer is being written",
        "deciding": "a decision is waited for",
        "ready": "it waits to be released",
        "releasing": "it is going out",
        "halted": "it is halted",
        "listening": "we listen",
    },
}


def possible_while(kind: str, stages: Collection[str]) -> str:
    """When the turn of an act comes: ``possible while nobody has claimed it``."""
    moments = [moment for stage, moment in _WHILE[kind].items() if stage in stages]
    return f"possible while {' or '.join(moments) if len(moments) < 3 else 'it is open'}"


DISMISS_CODES = {
    "spam": "Spam",
    "abuse": "Abuse",
    "not_about_us": "Not about us",
    "nothing_asked": "Nothing is asked of us",
    "said_elsewhere": "The same was said elsewhere",
}

REFUSAL_CODES = {
    "not_possible": "It is not possible",
    "not_allowed": "We are not allowed to",
    "too_costly": "It costs too much",
    "unfair_to_others": "It would be unfair to others",
    "not_ours": "It is not ours to do",
    "disagree": "We see it differently",
}

RECOMMENDATIONS = {"approve": "Approve", "refuse": "Refuse"}

ACTS = {
    "claim": "Claim it",
    "release": "Give it back to the team",
    "assign": "Assign it",
    "dismiss": "Dismiss it",
    "propose": "Propose an answer",
    "approve": "Approve",
    "refuse": "Refuse",
    "return": "Return for changes",
    "reply": "Write the reply",
    "note": "Write a note",
    "withdraw": "Withdraw it",
    "clear": "Clear it for publication",
    "confirm": "Say whether it arrived",
    "retry": "Try again to publish it",
    "correct": "Correct it in public",
    "retract": "Take it back in public",
    "report_kept": "Report it kept",
    "halt": "Halt it at once",
    "resume": "Let it go on",
    "close": "Close it",
}

ACTS_OF: dict[str, dict[str, str]] = {
    "escalation": ACTS | {"withdraw": "Withdraw the proposal"},
    "post": ACTS | {"withdraw": "Withdraw these words", "return": "Return to its writer"},
    "commitment": ACTS | {"withdraw": "Withdraw the promise"},
    "matter": ACTS | {"withdraw": "Take the answer back", "release": "Release the answer"},
}

MEMBER_STATES = {
    "joined": "waits for the answer",
    "served": "answered",
    "reopened": "answered; the commenter has come back",
    "apart": "went its own way",
    "left": "was taken out",
}

SEATS = {
    "team": "the team",
    "lead": "the team’s lead",
    "owner": "whoever owes the move",
    "approvers": "the executives who decide",
    "reviewers": "those who may clear it",
    "accountable": "whoever is accountable",
    "executives": "the executives",
}

ROLES = {
    "staff": "staff",
    "executive": "executive",
    "auditor": "auditor: reads everything, changes nothing",
    "admin": "runs the service, reads no cases",
}


@dataclass(frozen=True)
class Line:
    """One line of a history: who did what when, and the words that go with it."""

    seq: int
    name: str
    at: datetime
    by: str
    who: str
    did: str
    words: str | None
    is_alarm: bool
    hash: str


Named = Callable[[str], str]
Tell = Callable[[Mapping[str, Any], Named], str]


def _promises(data: Mapping[str, Any]) -> str:
    count = len(data.get("promises", ()))
    return f", with {count} promise{'s' if count > 1 else ''}" if count else ""


def _list(ids: Iterable[str], named: Named) -> str:
    return ", ".join(named(person) for person in ids) or "nobody: the seat is empty"


def _submitted(data: Mapping[str, Any], named: Named) -> str:
    if data.get("cleared_by"):
        return f"sent the approved words out{_promises(data)}"
    return f"submitted a reply for somebody else to clear{_promises(data)}"


def _taken_in(data: Mapping[str, Any], named: Named) -> str:
    writer = named(data["writer"])
    if data.get("corrects"):
        done = "takes back" if data["kind"] == "retraction" else "corrects"
        return f"took in words of {writer} that {done} an earlier post, for somebody else to clear"
    if data.get("cleared_by"):
        return f"took in the words of {writer} that {named(data['cleared_by'])} approved"
    return f"took in the words of {writer}, for somebody else to clear"


def _went_out(data: Mapping[str, Any], named: Named) -> str:
    return (
        "cleared these words, having read what was said since"
        if data.get("despite_news")
        else "cleared these words for publication"
    )


def _waits(data: Mapping[str, Any], named: Named) -> str:
    owed = {
        "in_review": "these words wait to be cleared",
        "failed": "these words are not on the channel",
        "unconfirmed": "nobody knows whether these words arrived",
    }[data["stage"]]
    still = "still " if data.get("is_watch") else ""
    owing = f", owed by {_list(data['owed_by'], named)}" if data.get("owed_by") else ""
    return f"told {_list(data.get('told', ()), named)} that {still}{owed}{owing}"


def _deferred(data: Mapping[str, Any], named: Named) -> str:
    if data.get("is_turn"):
        return "found that the channel takes no more for now, and waits for its turn"
    return "could not reach the channel and will try again"


def _settled(data: Mapping[str, Any], named: Named) -> str:
    return {
        "published": "saw the reply published",
        "failed": "saw the reply fail: it is not on the channel",
        "unconfirmed": "could not find out whether the reply arrived",
        "returned": "noted that the reply was returned to its writer",
        "withdrawn": "noted that the reply was withdrawn",
    }[data["settlement"]]


def _climbed(data: Mapping[str, Any], named: Named) -> str:
    told, owed_by = data.get("told", ()), data.get("owed_by", ())
    state = "is late" if data.get("is_late") else "is due soon"
    owing = f", owed by {_list(owed_by, named)}" if owed_by else ""
    return f"told {_list(told, named)} that the next move {state}{owing}"


def _proposed(data: Mapping[str, Any], named: Named) -> str:
    wish = "to approve" if data.get("recommendation", "approve") == "approve" else "to refuse"
    reply = "with the words of a reply" if data.get("reply") else "without words of a reply"
    return f"asked for a decision and recommends {wish}, {reply}{_promises(data)}"


def _advanced(data: Mapping[str, Any], named: Named) -> str:
    return f"had answered {data['served']}; {data['waiting']} still wait"


def _released(data: Mapping[str, Any], named: Named) -> str:
    return f"released the answer: first {data['first']}, then the rest"


def _told(sentence: str) -> Tell:
    return lambda data, named: sentence


EVENTS: dict[str, Tell] = {
    "escalation:conversation:opened": _told("wrote the comment that opened this"),
    "escalation:comment:joined": _told("wrote another comment"),
    "escalation:comment:revised": _told("changed a comment"),
    "escalation:stage:reopened": _told("so it is to be answered again"),
    "escalation:owner:claimed": _told("claimed it"),
    "escalation:owner:released": _told("gave it back to the team"),
    "escalation:owner:assigned": lambda d, named: f"made {named(d['owner'])} its owner",
    "escalation:case:dismissed": lambda d, _: f"dismissed it: {DISMISS_CODES[d['code']].lower()}",
    "escalation:proposal:submitted": _proposed,
    "escalation:proposal:withdrawn": _told("withdrew the proposal"),
    "escalation:decision:approved": _told("approved"),
    "escalation:decision:refused": lambda d, _: f"refused: {REFUSAL_CODES[d['code']].lower()}",
    "escalation:decision:returned": _told("returned it for changes"),
    "escalation:reply:submitted": _submitted,
    "escalation:reply:settled": _settled,
    "escalation:note:written": _told("wrote a note"),
    "escalation:ladder:climbed": _climbed,
    "escalation:case:closed": lambda d, _: f"closed it: {d['outcome']}",
    "post:words:submitted": _taken_in,
    "post:words:cleared": _went_out,
    "post:words:held": _told("holds them for a while, in which they can be taken back"),
    "post:comment:heard": _told("noted that the commenter has spoken since"),
    "post:clearance:voided": _told("took them back to be read once more: there is news"),
    "post:ladder:climbed": _waits,
    "post:words:returned": _told("returned them to their writer"),
    "post:words:withdrawn": _told("withdrew them"),
    "post:attempt:started": lambda d, _: f"began attempt {d['attempt']} to publish",
    "post:attempt:deferred": _deferred,
    "post:attempt:unclear": _told("does not know whether the channel took it, and will look"),
    "post:search:started": _told("asked the channel whether it arrived"),
    "post:search:deferred": _told("could not ask the channel and will ask again"),
    "post:search:ended": _told("got no answer from the channel: a person has to look"),
    "post:attempt:published": _told("recorded it as published"),
    "post:attempt:failed": _told("recorded that it failed"),
    "commitment:promise:opened": _told("recorded the promise"),
    "commitment:promise:reported_kept": _told("reported it kept"),
    "commitment:promise:report_fell_through": _told("took the report back with its words"),
    "commitment:promise:follow_up_stuck": _told("could not publish the word that it is kept"),
    "commitment:ladder:climbed": lambda d, named: (
        f"reminded {_list(d.get('told', ()), named)} of the date"
    ),
    "commitment:promise:broken": _told("recorded it as broken: its date has passed"),
    "commitment:promise:kept": lambda d, _: f"recorded it as kept{_late(d)}",
    "commitment:promise:withdrawn": _told("withdrew it"),
    "matter:case:opened": _told("opened this matter"),
    "matter:owner:assigned": lambda d, named: f"made {named(d['owner'])} its owner",
    "matter:proposal:submitted": _told("asked for a decision on the one answer"),
    "matter:proposal:withdrawn": _told("took the answer back"),
    "matter:decision:voted": lambda d, _: f"spoke: {RECOMMENDATIONS[d['outcome']].lower()}",
    "matter:decision:approved": _told("approved these words for everybody"),
    "matter:decision:refused": lambda d, _: f"refused: {REFUSAL_CODES[d['code']].lower()}",
    "matter:decision:returned": _told("returned it for changes"),
    "matter:release:began": _released,
    "matter:release:advanced": _advanced,
    "matter:release:completed": _told("had answered everybody"),
    "matter:release:reopened": _told("found somebody who joined later"),
    "matter:release:halted": _told("halted it"),
    "matter:release:resumed": _told("let it go on"),
    "matter:ladder:climbed": _climbed,
    "matter:ladder:watched": _told("saw that it is still open"),
    "matter:note:written": _told("wrote a note"),
    "matter:case:closing": _told("closed the door to newcomers"),
    "matter:case:left_over": _told("found somebody who still waits, and kept it open"),
    "matter:case:closed": _told("closed it"),
}

# Others see that these happened, and not what is in them.
_HIDDEN: dict[str, str] = {
    "escalation:proposal:submitted": "asked for a decision",
    "escalation:reply:submitted": "submitted a reply",
    "post:words:submitted": "took these words in",
    "matter:proposal:submitted": "asked for a decision",
}

_ALARMS = frozenset(
    {
        "post:attempt:failed", "post:search:ended", "post:ladder:climbed",
        "commitment:promise:broken",
        "commitment:promise:follow_up_stuck", "matter:release:halted", "matter:case:left_over",
    }
)  # fmt: skip

_PRINTED = frozenset(
    {"escalation:decision:refused", "commitment:promise:withdrawn", "matter:decision:refused"}
)
"""Events whose reason is for the public; the words of all others are for insiders."""


def _late(data: Mapping[str, Any]) -> str:
    return ", but late" if data.get("is_late") else ""


def tell(session: Session, entries: Iterable[Entry], *, is_insider: bool) -> list[Line]:
    """A history as plain sentences, with the words that this reader may see."""
    entries = list(entries)
    refs = {e.seq: _words_of(e, is_insider=is_insider) for e in entries}
    texts = words.texts(session, refs.values())
    mentioned = {who for e in entries for who in _mentioned(e.data or {})}
    names = people.names(session, mentioned)
    return [_line(e, names, texts.get(refs[e.seq] or "")) for e in entries]


def _words_of(entry: Entry, *, is_insider: bool) -> str | None:
    """The id of the words that a line of the history shows."""
    data = entry.data or {}
    if not (is_insider or entry.name in _PRINTED):
        return None
    shown = data.get("words") if entry.name.endswith(":note:written") else data.get("reason")
    return shown["id"] if shown else None


def _mentioned(data: Mapping[str, Any]) -> Iterable[str]:
    yield from (data[name] for name in ("owner", "writer", "cleared_by") if data.get(name))
    yield from (*data.get("told", ()), *data.get("owed_by", ()))


def _line(entry: Entry, names: Mapping[str, str], text: str | None) -> Line:
    if entry.data is None and entry.name in _HIDDEN:
        did = _HIDDEN[entry.name]
    else:
        told = EVENTS.get(entry.name, _told(entry.name))
        did = told(entry.data or {}, lambda person: names.get(person, person))
    is_late = bool((entry.data or {}).get("is_late"))
    return Line(
        seq=entry.seq,
        name=entry.name,
        at=entry.at,
        by=entry.by,
        who=_capital(entry.by_name or entry.by),
        did=did,
        words=text,
        is_alarm=is_late or entry.name in _ALARMS,
        hash=entry.hash,
    )


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def explain(
    stage: str, start_at: datetime, allowance: int, due_at: datetime, kind: str
) -> list[str]:
    """The arithmetic of a deadline, a step a line."""
    began = "when it was promised" if kind == "commitment" else f"when this began: {stage}"
    return [
        f"The clock started on {times.absolute(start_at)}, {began}.",
        f"It allows {times.exact_span(allowance)} of plain time, counted around the clock.",
        f"Together: due on {times.absolute(due_at)}.",
    ]
