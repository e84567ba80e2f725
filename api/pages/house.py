"""The ledger of the house in plain sentences: who changed what about people, tokens and policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from api.pages import times
from api.pages.labels import ROLE_NAMES
from domain.house import ROOT
from store import people
from store.hook_tables import Hook
from store.tables import Team
from store.views import Entry
from texts import gettext as _

Data = Mapping[str, Any]
Named = Callable[[str], str]


@dataclass(frozen=True)
class Line:
    """One entry. ``about`` is the stream of a case that it is about, if it is about one."""

    seq: int
    at: datetime
    said: str
    about: str | None


def lines(session: Session, entries: Iterable[Entry]) -> list[Line]:
    """The entries in their order. Everybody they name is looked up at once."""
    entries = list(entries)
    ids = {e.by for e in entries} | {who for e in entries for who in mentioned(e.data or {})}
    known = people.names(session, ids)
    teams = {row.id: row.name for row in session.execute(select(col(Team.id), col(Team.name)))}
    told = {e.data["hook"] for e in entries if e.data and "hook" in e.data}
    rows = session.execute(select(col(Hook.id), col(Hook.name)).where(col(Hook.id).in_(told)))
    hooks = {row.id: row.name for row in rows} if told else {}

    def named(person: str) -> str:
        if person == ROOT and ROOT not in known:
            return _("Root, at the machine")
        return known.get(person, person)

    return [_line(entry, named, {"team": teams, "hook": hooks}) for entry in entries]


PEOPLE = ("person", "manager", "deputy", "of", "to")
"""What of an entry of the house names somebody."""


def mentioned(data: Data) -> Iterable[str]:
    """The people that an entry of the house names."""
    yield from (data[n] for n in PEOPLE if data.get(n))


def _line(entry: Entry, named: Named, others: Mapping[str, Mapping[str, str]]) -> Line:
    """``others`` are the names of what else is named by its id: by field, then by id."""
    data = dict(entry.data or {})
    for part, names in others.items():
        if part in data:
            data[part] = names.get(data[part], data[part])
    who = _("The service itself") if entry.by == "system" else named(entry.by)
    tell = SENTENCES.get(entry.name)
    said = tell(who, data, named) if tell else f"{who}: {entry.name}"
    return Line(entry.seq, entry.at, said, data.get("stream"))


def _day(data: Data, name: str) -> str:
    return times.absolute(datetime.fromisoformat(data[name]))


def _token_made(who: str, data: Data, named: Named) -> str:
    person = named(data["person"])
    if data["purpose"] == "session":
        return _("%(person)s signed in.", person=person)
    if data["purpose"] == "calendar":
        return _("%(who)s made the link of %(person)s's calendar.", who=who, person=person)
    if data.get("expires_at"):
        until = _day(data, "expires_at")
        return _(
            "%(who)s made a token that acts as %(person)s, until %(until)s.",
            who=who, person=person, until=until,
        )  # fmt: skip
    return _("%(who)s made a token that acts as %(person)s, without end.", who=who, person=person)


def _joined(who: str, data: Data, named: Named) -> str:
    person, team = named(data["person"]), data["team"]
    if data.get("is_lead"):
        return _("%(who)s made %(person)s lead of %(team)s.", who=who, person=person, team=team)
    return _("%(who)s put %(person)s into %(team)s.", who=who, person=person, team=team)


def _changed(who: str, data: Data, named: Named) -> str:
    fields = {
        "name": _("name"), "email": _("address"), "manager": _("manager"),
        "zone": _("time zone"), "hours": _("working hours"),
    }  # fmt: skip
    return _(
        "%(who)s changed of %(person)s: %(fields)s.",
        who=who,
        person=named(data["person"]),
        fields=", ".join(fields.get(f, f) for f in data["fields"]),
    )


def _absent(who: str, data: Data, named: Named) -> str:
    told = {
        "who": who, "person": named(data["person"]),
        "since": _day(data, "since"), "until": _day(data, "until"),
    }  # fmt: skip
    if deputy := data.get("deputy"):
        return _(
            "%(who)s planned an absence of %(person)s from %(since)s to %(until)s, "
            "with %(deputy)s as deputy.",
            deputy=named(deputy), **told,
        )  # fmt: skip
    return _(
        "%(who)s planned an absence of %(person)s from %(since)s to %(until)s, without a deputy.",
        **told,
    )


def _given(who: str, data: Data, named: Named) -> str:
    return _(
        "%(who)s let %(to)s decide on behalf of %(of)s until %(until)s.",
        who=who, to=named(data["to"]), of=named(data["of"]), until=_day(data, "until"),
    )  # fmt: skip


def _taken_back(who: str, data: Data, named: Named) -> str:
    return _(
        "%(who)s ended that %(to)s decides on behalf of %(of)s.",
        who=who, to=named(data["to"]), of=named(data["of"]),
    )  # fmt: skip


def _applied(who: str, data: Data, _named: Named) -> str:
    return _("%(who)s put version %(version)s of the policy in force.", who=who, **data)


def _person(message: Callable[[], str]) -> Callable[[str, Data, Named], str]:
    """A sentence that names who did it and the person it is about. The message is asked for when it
    is said, in the language of whoever reads it."""

    def say(who: str, data: Data, named: Named) -> str:
        plain = {name: data[name] for name in ("team", "role") if name in data}
        if "role" in plain:
            plain["role"] = ROLE_NAMES.get(plain["role"], plain["role"])
        return message() % {"who": who, "person": named(data["person"]), **plain}

    return say


def _hook(message: Callable[[], str]) -> Callable[[str, Data, Named], str]:
    """The same for the webhook it is about, by its name."""
    return lambda who, data, _named: message() % {"who": who, "hook": data["hook"]}


SENTENCES: dict[str, Callable[[str, Data, Named], str]] = {
    "house:person:added": _person(lambda: _("%(who)s added %(person)s.")),
    "house:person:changed": _changed,
    "house:person:left": _person(lambda: _("%(who)s recorded that %(person)s has left.")),
    "house:role:granted": _person(lambda: _("%(who)s gave the role %(role)s to %(person)s.")),
    "house:role:withdrawn": _person(lambda: _("%(who)s took the role %(role)s from %(person)s.")),
    "house:team:joined": _joined,
    "house:team:left": _person(lambda: _("%(who)s took %(person)s out of %(team)s.")),
    "house:token:made": _token_made,
    "house:token:revoked": _person(lambda: _("%(who)s ended a session or a token of %(person)s.")),
    "house:identity:bound": _person(
        lambda: _("%(who)s bound an account of the identity provider to %(person)s.")
    ),
    "house:identity:released": _person(
        lambda: _("%(who)s released an account of the identity provider from %(person)s.")
    ),
    "house:policy:applied": _applied,
    "house:absence:planned": _absent,
    "house:absence:ended": _person(lambda: _("%(who)s ended an absence of %(person)s.")),
    "house:delegation:given": _given,
    "house:delegation:ended": _taken_back,
    "house:case:read": lambda who, data, _named: _("%(who)s read a case.", who=who),
    "house:record:searched": lambda who, _data, _named: _("%(who)s searched the record.", who=who),
    "house:record:exported": lambda who, _data, _named: _(
        "%(who)s took a part of the record out as a file.", who=who
    ),
    "house:hook:made": _hook(lambda: _("%(who)s made the webhook “%(hook)s”.")),
    "house:hook:changed": _hook(lambda: _("%(who)s changed the webhook “%(hook)s”.")),
    "house:hook:paused": _hook(lambda: _("%(who)s paused the webhook “%(hook)s”.")),
    "house:hook:disabled": _hook(
        lambda: _("%(who)s switched off the webhook “%(hook)s”, which takes nothing.")
    ),
    "house:hook:resumed": _hook(lambda: _("%(who)s let the webhook “%(hook)s” go on.")),
    "house:hook:secret_replaced": _hook(
        lambda: _("%(who)s replaced the secret of the webhook “%(hook)s”.")
    ),
    "house:hook:ended": _hook(lambda: _("%(who)s ended the webhook “%(hook)s”.")),
    "house:notices:changed": _person(lambda: _("%(who)s changed how %(person)s wants to be told.")),
    "house:link:used": _person(lambda: _("%(person)s decided a case by the link of a notice.")),
}
