"""What the pages call things, and the history of a case in plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from api.pages import times
from api.pages.labels import (
    DISMISS_CODES,
    EXTEND_CODES,
    MACHINES,
    OUTCOMES,
    PAUSE_CODES,
    RECOMMENDATIONS,
    REFUSAL_CODES,
    SETTLED,
    STAGES,
)
from store import people, policies, words
from store.views import DeadlineView, Entry
from texts import ENGLISH, Foreign, Sayings, downfirst, ngettext, spoken
from texts import gettext as _


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
    return ngettext(", with one promise", ", with %(num)s promises", count) if count else ""


def _list(ids: Iterable[str], named: Named) -> str:
    return ", ".join(named(person) for person in ids)


def _heard(data: Mapping[str, Any], named: Named, what: str) -> str:
    """Who was told what, and who owes it; where nobody could be told, that."""
    told, owed_by = data.get("told", ()), data.get("owed_by", ())
    owing = _(", owed by %(list)s", list=_list(owed_by, named)) if owed_by else ""
    if not told:
        return _("found nobody to tell that %(what)s%(owing)s", what=what, owing=owing)
    by_name = _list(told, named)
    return _("told %(told)s that %(what)s%(owing)s", told=by_name, what=what, owing=owing)


def _submitted(data: Mapping[str, Any], named: Named) -> str:
    if data.get("cleared_by"):
        return _("sent the approved words out%(promises)s", promises=_promises(data))
    return _("submitted a reply for somebody else to clear%(promises)s", promises=_promises(data))


def _taken_in(data: Mapping[str, Any], named: Named) -> str:
    writer = named(data["writer"])
    if data.get("corrects"):
        done = _("takes back") if data["kind"] == "retraction" else _("corrects")
        return _(
            "took in words of %(writer)s that %(done)s an earlier post, for somebody else to clear",
            writer=writer,
            done=done,
        )
    if data.get("cleared_by"):
        return _(
            "took in the words of %(writer)s that %(cleared_by)s approved",
            writer=writer,
            cleared_by=named(data["cleared_by"]),
        )
    return _("took in the words of %(writer)s, for somebody else to clear", writer=writer)


def _went_out(data: Mapping[str, Any], named: Named) -> str:
    return (
        _("cleared these words, having read what was said since")
        if data.get("despite_news")
        else _("cleared these words for publication")
    )


def _waits(data: Mapping[str, Any], named: Named) -> str:
    owed = {
        "in_review": _("these words wait to be cleared"),
        "failed": _("these words are not on the channel"),
        "unconfirmed": _("nobody knows whether these words arrived"),
    }[data["stage"]]
    return _heard(data, named, _("still") + " " + owed if data.get("is_watch") else owed)


def _deferred(data: Mapping[str, Any], named: Named) -> str:
    if data.get("is_turn"):
        return _("found that the channel takes no more for now, and waits for its turn")
    return _("could not reach the channel and will try again")


def _settled(data: Mapping[str, Any], named: Named) -> str:
    return {
        "published": _("saw the reply published"),
        "failed": _("saw the reply fail: it is not on the channel"),
        "unconfirmed": _("could not find out whether the reply arrived"),
        "returned": _("noted that the reply was returned to its writer"),
        "withdrawn": _("noted that the reply was withdrawn"),
    }[data["settlement"]]


def _climbed(data: Mapping[str, Any], named: Named) -> str:
    is_late = data.get("is_late")
    what = _("the next move is late") if is_late else _("the next move is due soon")
    return _heard(data, named, what)


def _noted(data: Mapping[str, Any], named: Named) -> str:
    told = data.get("mentions", ())
    return (
        _("wrote a note and told %(list)s", list=_list(told, named)) if told else _("wrote a note")
    )


def _proposed(data: Mapping[str, Any], named: Named) -> str:
    wish = _("to approve") if data.get("recommendation", "approve") == "approve" else _("to refuse")
    reply = _("with the words of a reply") if data.get("reply") else _("without words of a reply")
    return _(
        "asked for a decision and recommended %(wish)s, %(reply)s%(promises)s",
        wish=wish,
        reply=reply,
        promises=_promises(data),
    )


def _advanced(data: Mapping[str, Any], named: Named) -> str:
    return _(
        "had answered %(served)s; %(waiting)s still wait",
        served=data["served"],
        waiting=data["waiting"],
    )


def _released(data: Mapping[str, Any], named: Named) -> str:
    return _("released the answer: first %(first)s, then the rest", first=data["first"])


def _waited(data: Mapping[str, Any], named: Named) -> str:
    return _heard(data, named, _("it is still open"))


def _for_whom(data: Mapping[str, Any], named: Named) -> str:
    principal = data.get("on_behalf_of")
    return _(" on behalf of %(principal)s", principal=named(principal)) if principal else ""


def _voted(data: Mapping[str, Any], named: Named) -> str:
    vote = _("yes") if data["outcome"] == "approve" else _("no")
    return _(
        "said %(vote)s%(for_whom)s; others still have to",
        vote=vote,
        for_whom=_for_whom(data, named),
    )


def _decided_alone(data: Mapping[str, Any], named: Named) -> str:
    did = _("approve") if data["outcome"] == "approve" else _("refuse")
    return _("decided alone, as its terms allow, to %(did)s", did=did)


def _lost(data: Mapping[str, Any], named: Named) -> str:
    why = _("the claim had lapsed") if data["cause"] == "lease" else _("nothing had moved")
    return _(
        "took it from %(owner)s and gave it back to the team: %(why)s",
        owner=named(data["owner"]),
        why=why,
    )


def _told(sentence: str) -> Tell:
    return lambda data, named: _(sentence)


def _new_date(sentence: str) -> Tell:
    return lambda data, named: _(sentence, due=_moment(data["due_at"]))


def _moment(spelled: str) -> str:
    return times.absolute(datetime.fromisoformat(spelled))


def _moved(data: Mapping[str, Any], named: Named) -> str:
    old, new = _moment(data["old_due_at"]), _moment(data["new_due_at"])
    return _("accepted the newer calendar: due %(new)s, not %(old)s", new=new, old=old)


LAPSES = Sayings(
    {
        "overtaken": "a date passed before the public could read of it",
        "returned": "its words were returned",
        "withdrawn": "it was withdrawn",
        "reported": "the promise was reported kept meanwhile",
    }
)


def _reached(data: Mapping[str, Any], named: Named) -> str:
    if not data.get("is_about_date"):
        return _climbed(data, named)
    is_late = data.get("is_late")
    what = (
        _("the decision about the new date is late")
        if is_late
        else _("the decision about the new date is due soon")
    )
    return _heard(data, named, what)


def _reminded(data: Mapping[str, Any], named: Named) -> str:
    if not data.get("told"):
        return _("found nobody to remind of the date")
    return _("reminded %(told)s of the date", told=_list(data["told"], named))


def _watched(data: Mapping[str, Any], named: Named) -> str:
    since = _moment(data["due_at"])
    return _heard(data, named, _("nothing has moved since %(since)s", since=since))


def _began(data: Mapping[str, Any], named: Named) -> str:
    if data["attempt"] == 1:
        return _("began to publish these words")
    return _("began attempt %(attempt)s to publish these words", attempt=data["attempt"])


def _rerouted(data: Mapping[str, Any], named: Named) -> str:
    if "terms" not in data:
        return _("sent it to another team")
    return _("sent it to %(team)s", team=named(_team(data["terms"]["team"])))


def _team(team: str) -> str:
    """How a team is asked for among the names, apart from the people."""
    return f"team/{team}"


def _word(data: Mapping[str, Any], named: Named) -> str:
    said = _("kept") if data["is_kept"] else _("not kept")
    how = {"same_account": _("in the thread"), "private_link": _("by the private link")}[
        data["source"]
    ]
    return _("brought the commenter’s word, given %(how)s: it is %(said)s", how=how, said=said)


_HOW_KEPT = Sayings(
    {
        "confirmed": ", as the commenter confirms",
        "silence": ": the commenter said nothing to it",
        "upheld": ", although the commenter says that it is not",
        "unasked": "",
    }
)


def _kept(data: Mapping[str, Any], named: Named) -> str:
    return _(
        "recorded it as kept%(late)s%(settled)s",
        late=_late(data),
        settled=_HOW_KEPT.get(data.get("settled", ""), ""),
    )


def _progress(data: Mapping[str, Any], named: Named) -> str:
    return {
        "published": _("saw the word of progress published"),
        "failed": _("could not publish the word of progress"),
        "unconfirmed": _("could not find out whether the word of progress arrived"),
        "returned": _("noted that the word of progress was returned to its writer"),
        "withdrawn": _("noted that the word of progress was withdrawn"),
    }[data["settlement"]]


EVENTS: dict[str, Tell] = {
    "escalation:conversation:opened": _told("wrote the comment that opened this"),
    "escalation:comment:joined": _told("wrote another comment"),
    "escalation:comment:revised": _told("changed a comment"),
    "escalation:stage:reopened": _told("opened it again, to be answered"),
    "escalation:owner:claimed": _told("claimed it"),
    "escalation:owner:released": _told("gave it back to the team"),
    "escalation:owner:assigned": lambda d, named: _(
        "made %(owner)s its owner", owner=named(d["owner"])
    ),
    "escalation:case:dismissed": lambda d, named: _(
        "dismissed it: %(code)s", code=downfirst(DISMISS_CODES[d["code"]])
    ),
    "escalation:proposal:submitted": _proposed,
    "escalation:proposal:withdrawn": _told("withdrew the proposal"),
    "escalation:decision:approved": lambda d, named: _(
        "approved%(for_whom)s", for_whom=_for_whom(d, named)
    ),
    "escalation:decision:refused": lambda d, named: _(
        "refused%(for_whom)s: %(code)s",
        for_whom=_for_whom(d, named),
        code=downfirst(REFUSAL_CODES[d["code"]]),
    ),
    "escalation:decision:returned": _told("returned it for changes"),
    "escalation:reply:submitted": _submitted,
    "escalation:reply:settled": _settled,
    "escalation:note:written": _noted,
    "escalation:ladder:climbed": _climbed,
    "escalation:case:closed": lambda d, named: _(
        "closed it: %(outcome)s", outcome=OUTCOMES.get(d["outcome"], d["outcome"])
    ),
    "escalation:comment:removed": _told("took a comment back"),
    "escalation:decision:voted": _voted,
    "escalation:decision:asked": _told("asked the owner for information"),
    "escalation:decision:informed": _told("answered the question"),
    "escalation:decision:bypassed": lambda d, named: (
        _("approved without %(missing)s", missing=_list(d.get("missing", ()), named))
        if d.get("missing")
        else _("approved without the others")
    ),
    "escalation:decision:made_alone": _decided_alone,
    "escalation:approver:added": lambda d, named: _(
        "asked %(person)s to agree as well", person=named(d["person"])
    ),
    "escalation:approver:replaced": lambda d, named: _(
        "put %(replaced_by)s in the place of %(person)s",
        replaced_by=named(d["replaced_by"]),
        person=named(d["person"]),
    ),
    "escalation:case:moved_to_private": _told("went on with the commenter in private"),
    "escalation:reply:held": _told("made the words ready; a promise in them is to be accepted"),
    "escalation:reply:recalled": _told("took the waiting words back"),
    "escalation:holding:submitted": _told("submitted a holding reply for somebody else to clear"),
    "escalation:holding:settled": lambda d, named: _(
        "saw the holding reply: %(settled)s", settled=SETTLED.get(d["settlement"], d["settlement"])
    ),
    "escalation:promise:accepted": _told("accepted a promise"),
    "escalation:promise:countered": _told("offered another date for a promise"),
    "escalation:promise:declined": _told("declined a promise"),
    "escalation:ladder:watched": _waited,
    "escalation:clock:started": _told("started its clock"),
    "escalation:clock:paused": lambda d, named: _(
        "paused its clock: %(code)s", code=downfirst(PAUSE_CODES[d["code"]])
    ),
    "escalation:clock:resumed": _told("let its clock go on"),
    "escalation:clock:extended": lambda d, named: _(
        "gave it more time: %(code)s", code=downfirst(EXTEND_CODES[d["code"]])
    ),
    "escalation:clock:moved": _moved,
    "escalation:owner:declined": _told("declined the assignment"),
    "escalation:owner:renewed": _told("renewed the claim"),
    "escalation:owner:lost": _lost,
    "escalation:case:rerouted": _rerouted,
    "escalation:case:held": lambda d, named: (
        _("set it apart as suspected spam")
        if d["cause"] == "suspected_spam"
        else _("drew it for a second look")
    ),
    "escalation:case:looked_at": lambda d, named: (
        _("looked again and upheld that no answer is owed")
        if d["is_upheld"]
        else _("looked again: an answer is owed")
    ),
    "escalation:case:merged": _told("merged it into another one of the same person"),
    "escalation:case:answered_outside": _told("found it answered on the channel itself"),
    "escalation:matter:joined": _told("put it into a matter"),
    "escalation:matter:left": _told("took it out of its matter"),
    "escalation:matter:served": lambda d, named: _(
        "sent it the same answer as %(same_answer_to)s others", same_answer_to=d["same_answer_to"]
    ),
    "post:words:submitted": _taken_in,
    "post:words:cleared": _went_out,
    "post:words:held": _told("holds them for a while, in which they can be taken back"),
    "post:comment:heard": _told("noted that the commenter has spoken since"),
    "post:clearance:voided": _told("took them back to be read once more: there is news"),
    "post:ladder:climbed": _waits,
    "post:words:returned": _told("returned them to their writer"),
    "post:words:withdrawn": _told("withdrew them"),
    "post:attempt:started": _began,
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
    "commitment:ladder:climbed": _reminded,
    "commitment:promise:broken": _told("recorded it as broken: its date has passed"),
    "commitment:promise:kept": _kept,
    "commitment:promise:withdrawn": _told("withdrew it"),
    "commitment:report:published": _told(
        "saw that the report of keeping it was published, and waits for the commenter"
    ),
    "commitment:link:made": _told("made a private link for the commenter"),
    "commitment:word:given": _word,
    "commitment:word:counted": lambda d, named: (
        _("counted a reader who says that it is kept")
        if d["is_kept"]
        else _("counted a reader who says that it is not kept")
    ),
    "commitment:denial:rejected": lambda d, named: _(
        "stood by it: the promise is kept%(for_whom)s", for_whom=_for_whom(d, named)
    ),
    "commitment:denial:accepted": lambda d, named: _(
        "agreed with the commenter: it is still owed%(for_whom)s", for_whom=_for_whom(d, named)
    ),
    "commitment:ladder:reached": _reached,
    "commitment:watch:kept": _watched,
    "commitment:date:asked": _new_date("asked for another date: %(due)s"),
    "commitment:date:accepted": _new_date("accepted the new date: %(due)s"),
    "commitment:date:refused": _new_date("refused the new date: %(due)s"),
    "commitment:date:agreed": _new_date("agreed to the new date and sent its words out: %(due)s"),
    "commitment:date:set": _new_date("recorded that the public can read the new date: %(due)s"),
    "commitment:date:lapsed": lambda d, named: _(
        "recorded that the new date, %(due_at)s, never counted: %(why)s",
        due_at=_moment(d["due_at"]),
        why=LAPSES[d["why"]],
    ),
    "commitment:progress:written": _told("wrote a public word of progress for somebody to clear"),
    "commitment:progress:settled": _progress,
    "matter:clock:moved": _moved,
    "matter:case:opened": _told("opened this matter"),
    "matter:owner:assigned": lambda d, named: _(
        "made %(owner)s its owner", owner=named(d["owner"])
    ),
    "matter:proposal:submitted": _told("asked for a decision on the one answer"),
    "matter:proposal:withdrawn": _told("took the answer back"),
    "matter:decision:voted": lambda d, named: _(
        "spoke: %(outcome)s", outcome=downfirst(RECOMMENDATIONS[d["outcome"]])
    ),
    "matter:decision:approved": _told("approved these words for everybody"),
    "matter:decision:refused": lambda d, named: _(
        "refused: %(code)s", code=downfirst(REFUSAL_CODES[d["code"]])
    ),
    "matter:decision:returned": _told("returned it for changes"),
    "matter:release:began": _released,
    "matter:release:advanced": _advanced,
    "matter:release:completed": _told("had answered everybody"),
    "matter:release:reopened": _told("found somebody who joined later"),
    "matter:release:halted": _told("halted it"),
    "matter:release:resumed": _told("let it go on"),
    "matter:ladder:climbed": _climbed,
    "matter:ladder:watched": _told("saw that it is still open"),
    "matter:note:written": _noted,
    "matter:case:closing": _told("closed the door to newcomers"),
    "matter:case:left_over": _told("found somebody who still waits, and kept it open"),
    "matter:case:closed": _told("closed it"),
}

# Others see that these happened, and not what is in them.
_HIDDEN = Sayings(
    {
        "escalation:proposal:submitted": "asked for a decision",
        "escalation:reply:submitted": "submitted a reply",
        "post:words:submitted": "took these words in",
        "commitment:date:asked": "asked for another date",
        "commitment:date:agreed": "agreed to another date",
        "commitment:date:refused": "refused another date",
        "commitment:progress:written": "wrote a public word of progress",
        "matter:proposal:submitted": "asked for a decision",
    }
)

_ALARMS = frozenset(
    {
        "post:attempt:failed", "post:search:ended", "post:ladder:climbed",
        "commitment:promise:broken",
        "commitment:promise:follow_up_stuck",
        "commitment:watch:kept", "commitment:date:lapsed",
        "matter:release:halted", "matter:case:left_over",
    }
)  # fmt: skip

_PRINTED = frozenset(
    {
        "escalation:decision:refused", "commitment:promise:withdrawn",
        "matter:decision:refused", "commitment:denial:rejected", "commitment:denial:accepted",
    }
)  # fmt: skip
"""Events whose reason is for the public; the words of all others are for insiders."""

_SAID = {
    "escalation:note:written": "words", "matter:note:written": "words",
    "escalation:decision:asked": "question", "escalation:decision:informed": "words",
}  # fmt: skip
"""What holds the words of events that give no reason."""


def _late(data: Mapping[str, Any]) -> str:
    return _(", but late") if data.get("is_late") else ""


def tell(session: Session, entries: Iterable[Entry], *, is_insider: bool) -> list[Line]:
    """Entries, of one history or of many, as plain sentences with the words that this reader may
    see."""
    entries = list(entries)
    refs = [_words_of(e, is_insider=is_insider) for e in entries]
    texts = words.texts(session, refs)
    mentioned = {who for e in entries for who in _mentioned(e.data or {})}
    names = people.names(session, mentioned) | _teams(session, entries)
    return [_line(e, names, texts.get(ref or "")) for e, ref in zip(entries, refs, strict=True)]


def _words_of(entry: Entry, *, is_insider: bool) -> str | None:
    """The id of the words that a line of the history shows."""
    data = entry.data or {}
    if not (is_insider or entry.name in _PRINTED):
        return None
    shown = data.get(_SAID.get(entry.name, "reason"))
    return shown["id"] if shown else None


def _teams(session: Session, entries: Iterable[Entry]) -> dict[str, str]:
    """The names of the teams that cases were sent to, as ``_team`` asks for them."""
    rerouted = [e.data for e in entries if e.name == "escalation:case:rerouted" and e.data]
    in_force = policies.current(session) if rerouted else None
    teams = in_force.policy.teams if in_force else {}
    found = {data["terms"]["team"] for data in rerouted}
    return {_team(team): teams.get(team, team) for team in found}


_PEOPLE = (
    "owner",
    "for_whom",
    "writer",
    "cleared_by",
    "on_behalf_of",
    "person",
    "replaced_by",
    "approver",
)


def _mentioned(data: Mapping[str, Any]) -> Iterable[str]:
    yield from (data[name] for name in _PEOPLE if data.get(name))
    yield from (
        p for name in ("told", "owed_by", "missing", "mentions") for p in data.get(name, ())
    )


def _line(entry: Entry, names: Mapping[str, str], text: str | None) -> Line:
    if entry.data is None and entry.canonical is not None:
        did = _("left what cannot be read: its bytes were changed")
    elif entry.data is None and entry.name in _HIDDEN:
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
        who=MACHINES.get(entry.by) or _capital(entry.by_name or entry.by),
        did=did,
        words=text,
        is_alarm=is_late or entry.name in _ALARMS,
        hash=entry.hash,
    )


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _foreign(line: str) -> str:
    return line if spoken().code == ENGLISH else Foreign(line)


def explain(deadline: DeadlineView, kind: str) -> Sequence[str]:
    """The arithmetic of a deadline, a step a line."""
    stage = STAGES[kind].get(deadline.stage, deadline.stage)
    end = deadline.start_at + timedelta(seconds=deadline.allowance_seconds)
    if deadline.due_at != end:
        return [_foreign(line) for line in deadline.explained]
    is_promise = kind == "commitment" and deadline.stage in ("open", "broken")
    began = (
        _("when it was promised") if is_promise else _("when this began: %(stage)s", stage=stage)
    )
    allowed = times.exact_span(deadline.allowance_seconds)
    return [
        _(
            "The clock started on %(start_at)s, %(began)s.",
            start_at=times.absolute(deadline.start_at),
            began=began,
        ),
        _("It allows %(allowed)s of plain time, counted around the clock.", allowed=allowed),
        _("Together: due on %(end)s.", end=times.absolute(end)),
    ]
