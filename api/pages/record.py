"""The record, for auditors and executives: who did what when, was it in time, does the chain hold,
and the file of one case. Whoever reads it is on record themselves."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session

import texts
from api import record as door_of
from api.deps import Door, TheDoor, now
from api.pages import forms, frame, house, record_words, render, sentences, times
from api.pages.cells import safe
from api.pages.forms import Typed
from api.pages.labels import MACHINES
from api.pages.lists import ROWS, Place
from api.pages.security import Viewer, only_signed_in
from api.pages.sentences import Line
from api.policy import shown_to
from api.record import ROLES, Said, Wanted, attachment
from domain.errors import Invalid
from domain.house import HOUSE
from domain.people import Role
from intake.past import Past
from store import people, policies, record
from store.record_views import CaseFile, Found, FoundPage, Search
from store.views import Entry
from texts import gettext as _

router = APIRouter(include_in_schema=False)


async def _in_utc(viewer: Annotated[Viewer, Depends(only_signed_in(*ROLES))]) -> Viewer:
    """Whoever reads the record. It tells times in UTC to everybody: pages of it are compared."""
    texts.speak(None, texts.UTC)
    return viewer


Reader = Annotated[Viewer, Depends(_in_utc)]

MOST = 10_000
"""Acts that one file of a search holds, the newest; its name says where there are more."""


# Searching. -----------------------------------------------------------------------------------


ABOUT, ACT = "acts", "search"
"""Of the form of a search: the ids of its days begin so."""


@router.get("/record")
async def search(
    request: Request, door: TheDoor, viewer: Reader, said: Said, cursor: Place = ""
) -> Response:
    """Who did what when, the newest first, with a filter for each thing an auditor asks."""
    try:
        wanted = door_of.wanted_of(said)
    except Invalid as wrong:
        return await _again(request, door, viewer, said, wrong)

    def work(session: Session, page: FoundPage) -> dict[str, Any]:
        read = {
            item.entry.data["stream"]
            for item in page.items
            if item.subject.stream == HOUSE and item.entry.data and item.entry.data.get("stream")
        }
        return {
            **_form(session, viewer, wanted),
            "found": page,
            "lines": tell(session, [item.entry for item in page.items]),
            "about": record.subjects(session, read),
            "count": record_words.counted(page.total, is_more=page.is_more),
            "file": _address("/record/found.csv", wanted),
            "next": _address("/record", wanted, cursor=page.next_cursor),
            "is_next": bool(cursor),
            "most": MOST,
            "trouble": None,
        }

    context = await door_of.found_of(
        door, viewer.actor, wanted, work, limit=ROWS, cursor=cursor or None
    )
    return render.page("record.html", **context)


async def _again(
    request: Request, door: Door, viewer: Viewer, said: Search, wrong: Invalid
) -> Response:
    """The form as it was sent, with what is wrong at its field; nothing was looked for."""
    trouble = await forms.trouble_of(request, wrong)
    typed = Typed(about=ABOUT, act=ACT, values=dict(request.query_params))
    context = await door.read(lambda session: _form(session, viewer, said))
    context |= {"typed": typed, "trouble": trouble, "found": None}
    return render.page("record.html", trouble.status, **context)


def _form(session: Session, viewer: Viewer, wanted: Search) -> dict[str, Any]:
    names = _everybody(session)
    return {
        **frame.frame(session, viewer, "record"),
        **_filters(session, viewer, wanted, names),
        "form": f"{ACT}-{ABOUT}",
    }


def _everybody(session: Session) -> dict[str, str]:
    """Everybody who may have done something, also those who have left; by name."""
    named = {person.id: person.name for person, _teams in people.everybody(session)}
    ordered = sorted(named.items(), key=lambda item: item[1].casefold())
    return dict(MACHINES) | dict(ordered)


def _filters(
    session: Session, viewer: Viewer, wanted: Search, names: Mapping[str, str]
) -> dict[str, Any]:
    in_force = policies.current(session)
    policy = in_force.policy if in_force else None
    is_auditor = viewer.actor.has(Role.AUDITOR)
    kinds = record_words.kinds()
    teams = policy.teams if policy else {}
    return {
        "wanted": wanted,
        "since": wanted.since.date() if wanted.since else "",
        "until": wanted.until.date() - timedelta(days=1) if wanted.until else "",
        "everybody": names,
        "acts": record_words.acts(with_house=is_auditor),
        "kinds": kinds if is_auditor else {k: v for k, v in kinds.items() if k != HOUSE},
        "one_of": record_words.one_of,
        "outcomes": record_words.outcomes(),
        "teams": teams,
        "channels": policy.channels if policy else {},
        "asked": record_words.asked(wanted, names, teams),
        "quarters": _quarters(wanted),
        "exact": exact,
    }


def _quarters(wanted: Search) -> list[tuple[str, str, bool]]:
    """The quarters of the last year, each with where its acts are, and whether it is this one."""
    today = now().date()
    first = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    found = []
    for _n in range(4):
        after = (first + timedelta(days=93)).replace(day=1)
        span = {"since": _midnight(first), "until": _midnight(after)}
        label = _("%(n)s of %(year)s", n=(first.month + 2) // 3, year=first.year)
        is_it = (wanted.since, wanted.until) == (span["since"], span["until"])
        found.append((label, _address("/record", wanted.model_copy(update=span)), is_it))
        first = (first - timedelta(days=1)).replace(day=1)
        first = first.replace(month=3 * ((first.month - 1) // 3) + 1)
    return found


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _address(path: str, wanted: Search, **more: str | None) -> str:
    """Where a search is, as its form would send it."""
    said = wanted.model_dump(exclude={"since", "until", "late"})
    if wanted.since:
        said["since"] = wanted.since.date().isoformat()
    if wanted.until:
        said["until"] = (wanted.until.date() - timedelta(days=1)).isoformat()
    if wanted.late is not None:
        said["late"] = "true" if wanted.late else "false"
    return path + render.query(**said, **more)


def exact(at: datetime) -> str:
    """A moment to the second, spelled the same everywhere: this is a record."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def tell(session: Session, entries: Sequence[Entry]) -> list[Line]:
    """Entries of cases and of the house as plain sentences, with their words."""
    lines = sentences.tell(session, entries, is_insider=True)
    of_house = [e for e in entries if e.name.startswith(f"{HOUSE}:")]
    if not of_house:
        return lines
    named = {p for e in of_house for p in house.mentioned(e.data or {})}
    names = people.names(session, named)
    return [
        replace(line, did=record_words.in_the_house(entry.name, entry.data or {}, names))
        if entry.name.startswith(f"{HOUSE}:")
        else line
        for entry, line in zip(entries, lines, strict=True)
    ]


COLUMNS = ("at", "stream", "seq", "kind", "team", "channel", "about", "by", "name", "act", "did",
           "words", "hash")  # fmt: skip


@router.get("/record/found.csv")
async def found_file(door: TheDoor, viewer: Reader, wanted: Wanted) -> Response:
    """What a search finds, for other programs: UTF-8, a line of headers, nothing a spreadsheet
    would run."""

    def work(session: Session) -> tuple[str, bool]:
        found, is_more = record.all_of(session, viewer.actor, now(), wanted, MOST)
        with texts.speaking(texts.english()):  # A program reads it.
            return _as_csv(found, tell(session, [item.entry for item in found])), is_more

    text, is_more = await door.read(work)
    await door_of.note(door, viewer.actor, wanted.exported())
    part = f"-newest-{MOST}" if is_more else ""
    name = f"record-{now():%Y-%m-%d}{part}.csv"
    return Response(text, media_type="text/csv; charset=utf-8", headers=attachment(name))


def _as_csv(found: Iterable[Found], lines: Iterable[Line]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for item, line in zip(found, lines, strict=True):
        entry, subject = item.entry, item.subject
        row = (
            entry.at.isoformat(timespec="seconds"), subject.stream, entry.seq,
            subject.stream.partition("/")[0], subject.team, subject.channel, subject.title,
            entry.by, line.who, entry.name, line.did, line.words, entry.hash,
        )  # fmt: skip
        writer.writerow([safe(value) for value in row])
    return text.getvalue()


# One policy version. --------------------------------------------------------------------------


@router.get("/record/policy/{version}")
async def policy(version: str, door: TheDoor, viewer: Reader) -> Response:
    """The policy as it was in force, whole, as text."""
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else 0

    def work(session: Session) -> dict[str, Any]:
        found = policies.version(session, number)
        text = shown_to(viewer.actor, found.policy).model_dump_json(indent=2)
        return {
            **frame.frame(session, viewer, "record"),
            "found": found,
            "by": frame.names(session, [found.by])[found.by],
            "text": text,
            "exact": exact,
        }

    return render.page("record_policy.html", **await door.read(work))


# One case. ------------------------------------------------------------------------------------


@router.get("/record/{kind}/{entity_id}/export")
async def export(kind: str, entity_id: str, door: TheDoor, viewer: Reader) -> Response:
    """The case as a file that proves itself."""
    return await door_of.exported(door, viewer.actor, kind, entity_id)


@router.get("/record/{kind}/{entity_id}")
async def file(
    kind: str, entity_id: str, door: TheDoor, viewer: Reader, whole: bool = False
) -> Response:
    """The case as a file to read and to print. ``whole``: with everything opened."""

    def work(session: Session, found: CaseFile) -> dict[str, Any]:
        readable = [entry for entry in found.entries if entry.is_readable]
        lines = {line.seq: line for line in _told(session, readable)}
        in_force = policies.current(session)
        teams = in_force.policy.teams if in_force else {}
        return {
            **frame.frame(session, viewer, "record"),
            "lines": lines,
            "team": teams.get(found.team, found.team),
        }

    found, history, context = await door_of.file_of(door, viewer.actor, kind, entity_id, work)
    context |= {
        "file": found,
        "past": history,
        "names": found.names,
        "whole": whole,
        "late": [clock for clock in found.clocks if clock.is_late],
        "met": [clock for clock in found.clocks if clock.ended_at and not clock.is_late],
        "running": [clock for clock in found.clocks if not (clock.ended_at or clock.is_late)],
        "exact": exact,
        "words_of": record_words,
        "shown_of": lambda run: [e for e in run.events if not record_words.is_bookkeeping(e)],
        "took": _took,
        "terms": json.dumps(found.policy.terms, indent=1, ensure_ascii=False)
        if found.policy
        else "",
        "allowances": _allowances(found),
        "printed_for": viewer.name,
        "witness": _witness(found, history),
        "is_witnessed": not (history.contradicted or history.unknown - _seqs(found)),
        "address": door.settings.links,
    }
    return await asyncio.to_thread(render.page, "record_file.html", **context)


def _told(session: Session, entries: Sequence[Entry]) -> list[Line]:
    """Sentences of entries, of which some may say what no rule of ours has ever made."""
    try:
        return sentences.tell(session, entries, is_insider=True)
    except (KeyError, ValueError, TypeError, AttributeError):
        return []


def _took(seconds: float) -> str:
    return times.exact_span(int(seconds))


def _allowances(found: CaseFile) -> dict[str, str]:
    """How long each move might take by the terms that were pinned."""
    said = found.policy.terms.get("allowances", {}) if found.policy else {}
    return {
        record_words.owed_within(name): times.exact_span(value)
        for name, value in said.items()
        if isinstance(value, int)
    }


def _seqs(found: CaseFile) -> set[int]:
    return {entry.seq for entry in found.entries}


def _witness(found: CaseFile, history: Past) -> str:
    """What Temporal's history says of the ledger's entries, in a sentence."""
    entries = _seqs(found)
    if history.contradicted & entries:
        seqs = ", ".join(map(str, sorted(history.contradicted & entries)[:10]))
        return _("It names other bytes for these entries than the ledger has: %(seqs)s.", seqs=seqs)
    if missing := history.unknown - entries:
        seqs = ", ".join(map(str, sorted(missing)[:10]))
        return _(
            "It names entries that the ledger does not have: %(seqs)s. They are being written just "
            "now, or were taken away.", seqs=seqs,
        )  # fmt: skip
    same = len(history.witnessed & entries)
    if not same:
        return _("It does not name any of these entries.")
    return _(
        "Kept apart from the database, it names the very bytes of %(same)s of %(n)s entries.",
        same=same, n=len(entries),
    )  # fmt: skip
