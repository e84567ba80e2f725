"""Decisions: what waits for the reader's word, with all it takes to give it in two taps.

A card tells one case: what is asked, by when, the exact words that would go out and where, what
they promise, who has spoken, and how the nearest earlier cases went. Deciding itself is the form
of the case (``cases``); only several cases at once are sent here, each as a command of its own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from api.commands import Ask, carry_out, check_key, stream_of
from api.deps import Door, TheDoor, now
from api.errors import DATABASE_AWAY
from api.pages import away, forms, frame, moves, refusals, render, told
from api.pages.forms import Trouble, Typed
from api.pages.moves import Move
from api.pages.security import Reader, SentForm, Viewer
from api.pages.told import Came, Outcome, Telling
from domain.errors import AnswerableError, Conflict, Invalid
from domain.people import Actor
from language import sameness
from store import deciding, details, policies, precedents, queries
from store.precedents import Decided, Precedent
from store.views import EscalationDetail, EscalationItem, MatterDetail

router = APIRouter(include_in_schema=False)

CARDS = 10
OTHERS = 30

NEAREST = 3
"""Earlier cases that a card shows: who wants more is better served by the search."""

NEAR = 450
"""From which likeness on (thousandths) an earlier case is shown. Lower than where two comments
count as one matter, because here somebody looks before anything follows."""

BATCH = 20
"""Cases that are decided together at most: what nobody can read through, nobody has decided."""

AT_ONCE = 4
"""Commands of one batch that are on their way at the same time."""

ACTS = ("approve", "refuse", "return", "ask")

Place = Annotated[str, Query(max_length=500)]


@dataclass(frozen=True)
class Card:
    """One case that waits for the reader. ``voices``: for whom they may speak, with names."""

    detail: EscalationDetail
    voices: list[tuple[str, str]]
    nearest: list[Precedent]

    @property
    def acts(self) -> list[str]:
        possible = {permission.act for permission in self.detail.allowed if permission.ok}
        return [act for act in ACTS if act in possible]

    @property
    def why_not(self) -> str | None:
        """Why it cannot be approved just now, in the reader's language, where it cannot."""
        approve = next(p for p in self.detail.allowed if p.act == "approve")
        if approve.ok:
            return None
        return refusals.refused(refusals.named(approve.why_not or "", self.detail.names))

    @property
    def may_be_batched(self) -> bool:
        """What is decided with others is decided as it stands: where the commenter has spoken
        since, somebody reads that first."""
        proposal = self.detail.proposal
        is_as_it_was = proposal is not None and not proposal.has_news
        return self.detail.may_be_batched and is_as_it_was and self.why_not is None


def voices_of(
    session: Session, actor: Actor, kind: str, detail: EscalationDetail | MatterDetail
) -> list[tuple[str, str]]:
    """For whom the reader may speak on this case, with names; empty where it is not theirs."""
    if detail.stage != "deciding":
        return []
    state = details.state_of(session, f"{kind}/{detail.id}")
    found = deciding.voices(session, actor, state)
    names = frame.names(session, found)
    return [(person, names[person]) for person in found]


# Looking. ------------------------------------------------------------------------------------


@router.get("/decisions")
async def show(
    door: TheDoor,
    viewer: Reader,
    cursor: Place = "",
    done: Place = "",
    told_id: Annotated[str, Query(alias="told", max_length=26)] = "",
) -> Response:
    """What waits for my word first, then what waits for others. ``told`` names what several
    decisions at once have come to."""
    outcome, typed = await told.take(door, viewer, told_id)

    def work(session: Session) -> dict[str, Any]:
        telling = told.telling(session, viewer, outcome, typed)
        found = decisions_context(session, viewer, cursor=cursor, done=done)
        return found | {"told": telling}

    context = await door.read(work)
    return render.page("decisions.html", **context, own=context["here_is"])


def decisions_context(
    session: Session,
    viewer: Viewer,
    *,
    cursor: str = "",
    done: str = "",
    typed: Typed | None = None,
    trouble: Trouble | None = None,
) -> dict[str, Any]:
    at, around = now(), frame.frame(session, viewer, "decisions")
    found = deciding.cases(session, viewer.actor, at, limit=CARDS, cursor=cursor or None)
    earlier = _earlier(session, viewer.actor)
    cards = [card_of(session, viewer.actor, case.row.id, earlier) for case in found.mine]
    others = found.others[:OTHERS]
    named = {person for case in others for person in case.missing}
    just_done = frame.done_of(session, viewer, done)
    return {
        **around,
        "away": away.away_of(session, viewer),
        "now": at,
        "cards": cards,
        "voices_of": {card.detail.id: card.voices for card in cards},
        "together": [card for card in cards if card.may_be_batched],
        "others": list(zip(deciding.items(session, others, at), others, strict=True)),
        "others_hidden": len(found.others) - len(others),
        "to_sign": _to_sign(session, viewer.actor, at),
        "also": deciding.also(session, viewer.actor, at),
        "names": frame.names(session, named),
        "next_cursor": found.next_cursor,
        "channels": _channels(session),
        "here_is": _address(cursor),
        "done": just_done,
        "move": next_of(session, viewer.actor, just_done) if just_done else None,
        "told": Telling(),
        "typed": typed or Typed(),
        "found_in": forms.found_in(session, viewer.actor, "escalation", typed),
        "trouble": trouble,
    }


def next_of(session: Session, actor: Actor, done: frame.Done) -> Move | None:
    """Whose move is next in the case that has just been decided."""
    stream = done.address.removeprefix("/")
    if not stream.startswith("escalation/"):
        return None
    state, in_force = details.state_of(session, stream), policies.current(session)
    detail = details.escalation_in(session, state, actor, now())
    teams = in_force.policy.teams if in_force else {}
    team = teams.get(detail.team, detail.team)
    return moves.of_escalation(detail, team, moves.deciders(session, state), actor.id)


def _to_sign(session: Session, actor: Actor, at: datetime) -> list[EscalationItem]:
    """Cases with a promise that is not made before the reader has accepted it."""
    found = [row.id for row in deciding.to_sign(session, actor)]
    return queries.escalation_items(session, found, at)


def _channels(session: Session) -> Mapping[str, Any]:
    in_force = policies.current(session)
    return in_force.policy.channels if in_force else {}


Earlier = Callable[[str], list[Decided]]


def _earlier(session: Session, actor: Actor) -> Earlier:
    """The earlier decisions of a team, read once for all cards of a page."""
    return cache(lambda team: precedents.decided(session, actor, team))


def card_of(session: Session, actor: Actor, case_id: str, earlier: Earlier) -> Card:
    """One case as it is shown to somebody who may decide it."""
    detail = details.escalation(session, case_id, actor, now())
    candidates = [case for case in earlier(detail.team) if case.id != case_id]
    return Card(
        detail=detail,
        voices=voices_of(session, actor, "escalation", detail),
        nearest=precedents.told(session, nearest(detail, candidates)),
    )


def nearest(detail: EscalationDetail, candidates: Sequence[Decided]) -> list[Decided]:
    """The earlier cases that are most like this one in what was said and asked; of two as like,
    the one of the same channel and terms, then the newer one."""
    asked = detail.proposal.request if detail.proposal else None
    first = next((turn.text for turn in detail.conversation if turn.kind == "comment"), None)
    about = f"{asked or ''}\n{(first or '')[: precedents.BEGINNING]}"
    by_id = {case.id: case for case in candidates}
    twins = sameness.likely_same_matter(about, ((c.id, c.about) for c in candidates), NEAR)

    def order(twin: sameness.Twin) -> tuple[int, bool, bool, int]:
        case = by_id[twin.id]
        is_other = case.terms != detail.terms
        return -twin.permille, case.channel != detail.channel, is_other, -candidates.index(case)

    return [by_id[twin.id] for twin in sorted(twins, key=order)[:NEAREST]]


# Several at once. ----------------------------------------------------------------------------


_CHOSEN = re.compile(r"([0-9A-Z]{26})\.(\d{1,9})\.([a-z0-9][a-z0-9_-]{0,39})")


@dataclass(frozen=True)
class Chosen:
    """One case that was ticked: as it was when it was looked at, and for whom it is decided."""

    id: str
    seq: int
    voice: str


def chosen_of(values: Sequence[str]) -> list[Chosen]:
    """The ticked cases. Raises Invalid for none, for too many, and for what no page of ours has."""
    found = {}
    for value in values:
        if not (place := _CHOSEN.fullmatch(value)):
            raise Invalid(
                "bad_choice",
                "one of the chosen cases cannot be read",
                "open Decisions again and choose there",
            )
        found[place[1]] = Chosen(place[1], int(place[2]), place[3])
    if not 1 <= len(found) <= BATCH:
        raise Invalid(
            "bad_choice",
            f"{len(found) or 'no'} cases are chosen; between 1 and {BATCH} are decided together",
            "open Decisions again and choose fewer, or one" if found else "tick a case first",
        )
    return list(found.values())


@router.get("/decisions/together")
async def look_together(
    door: TheDoor,
    viewer: Reader,
    case: Annotated[list[str] | None, Query(max_length=200)] = None,
    page: Annotated[str, Query(max_length=1_000)] = "",
) -> Response:
    """All that would be said by one decision over several cases, before it is made."""
    chosen, values = chosen_of(case or []), {"page": page}
    context = await door.read(lambda session: _together(session, viewer, chosen, values, None))
    return render.page("together.html", **context)


def _together(
    session: Session,
    viewer: Viewer,
    chosen: Sequence[Chosen],
    values: Mapping[str, str],
    trouble: Trouble | None,
) -> dict[str, Any]:
    cards = [card_of(session, viewer.actor, one.id, lambda team: []) for one in chosen]
    return {
        **frame.frame(session, viewer, "decisions"),
        "cards": [card for card in cards if card.may_be_batched and card.voices],
        "apart": [card for card in cards if not (card.may_be_batched and card.voices)],
        "back": _back(values.get("page", "")),
        "channels": _channels(session),
        "names": frame.names(session, [one.voice for one in chosen]),
        "typed": Typed(about="together", act=values.get("act", ""), values=values),
        "trouble": trouble,
    }


@router.post("/decisions/together")
async def decide_together(request: Request, door: TheDoor, sent: SentForm) -> Response:
    """Decide each of the chosen cases by a command of its own, with one reason for all.

    Decisions tells what became of them. Sending the form again repeats nothing: a command is known
    by the key of the form and its case.
    """
    values = forms.values_of(sent.form)
    chosen = chosen_of([one for one in sent.form.getlist("case") if isinstance(one, str)])
    try:
        verdict = _verdict(request, sent.viewer.actor, values)
    except AnswerableError as error:
        trouble = await forms.trouble_of(request, error)
        viewer = sent.viewer
        context = await door.read(lambda s: _together(s, viewer, chosen, values, trouble))
        return render.page("together.html", trouble.status, **context)
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(case: Chosen) -> Came:
        async with turn:
            return Came(case.id, case.seq, await _decide_one(request, door, verdict, case))

    came = await asyncio.gather(*[one(case) for case in chosen])
    reason = verdict.fields["reason"]
    outcome = Outcome(verdict.act, tuple(came))
    told_id = await told.keep(door, sent.viewer, outcome, [reason] if reason.strip() else [])
    _, asked = forms.split(_back(values.get("page", "")))
    return render.see_other(f"/decisions{render.query(**asked, told=told_id)}")


def _back(page: str) -> str:
    """The page of decisions that a form was begun on."""
    path, asked = forms.split(page)
    return _address(asked.get("cursor", "")[:500] if path == "/decisions" else "")


def _address(cursor: str) -> str:
    return f"/decisions{render.query(cursor=cursor)}"


@dataclass(frozen=True)
class Verdict:
    """What is said of all chosen cases alike."""

    actor: Actor
    act: str
    fields: Mapping[str, str]
    key: str


def _verdict(request: Request, actor: Actor, values: Mapping[str, str]) -> Verdict:
    """The one decision of a form. Raises Invalid and Malformed before any case is touched."""
    act = values.get("act", "")
    if act not in ("approve", "refuse"):
        raise Invalid("bad_choice", "neither yes nor no was said", "choose one of the two")
    needed = ("code", "reason") if act == "refuse" else ("reason",)
    fields = {name: values.get(name, "") for name in needed}
    forms.body_of("escalation", act, fields)
    return Verdict(actor, act, fields, check_key(request, values.get("key") or None))


async def _decide_one(
    request: Request, door: Door, verdict: Verdict, case: Chosen
) -> Trouble | None:
    """Decide one case of a batch; answers why not, where it was refused."""
    values = dict(verdict.fields, expected_seq=str(case.seq))
    if case.voice != verdict.actor.id:
        values["on_behalf_of"] = case.voice
    try:
        stream = stream_of("escalation", case.id)
        state = await door.read(lambda session: details.state_of(session, stream))
        if not state.decision_terms.batch:
            raise Conflict(
                "not_together",
                "the terms of this case ask for a decision of its own",
                "decide it by itself",
            )
        body = forms.body_of("escalation", verdict.act, values)
        await carry_out(door, Ask(stream, verdict.act, verdict.actor, body, verdict.key))
    except (AnswerableError, *DATABASE_AWAY) as error:
        return await forms.trouble_of(request, error)
    return None
