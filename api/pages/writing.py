"""Writing on a case: words that are checked as they are typed, drafts that are kept, versions.

The text travels in bodies of forms only, never in an address or a log. Whatever is answered, what
was typed stays on the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from api.bodies.base import check_length
from api.commands import stream_of
from api.deps import Door, TheDoor, now
from api.pages import cases, editor, forms, frame, offers, render
from api.pages.forms import Typed
from api.pages.security import Doer, SentForm, Viewer
from domain.drafts import DraftKind
from domain.entity import State
from domain.errors import Conflict, Invalid, Refused, Unknown
from language.difference import Piece, difference
from store import details, drafts
from store.drafts import Draft
from texts import Sayings, times
from texts import gettext as _

router = APIRouter(include_in_schema=False)

Kind = Annotated[str, Path(pattern="^(escalation|post|commitment|matter)$")]


# Words. --------------------------------------------------------------------------------------


@router.post("/{kind}/{entity_id}/words")
async def check_words(
    kind: Kind, entity_id: str, request: Request, door: TheDoor, sent: SentForm
) -> Response:
    """What the door finds in the words of a form: to the editor beside them, or as a whole page."""
    stream, values = stream_of(kind, entity_id), forms.values_of(sent.form)
    act = values.get("act", "")
    if editor.says(kind, act) is None:
        raise Unknown("unknown_command", f"'{act[:40]}' says nothing in public", "open the page")
    in_force = await door.policy()

    def read(session: Session) -> dict[str, Any]:
        state: State = details.state_of(session, stream)
        draft = cases.draft_of(session, door, in_force, state, sent.viewer)
        new = editor.changed(values, sent.viewer.actor.id, now(), draft.language)
        return {
            "values": new,
            "reading": editor.told(editor.read(draft, kind, act, new, is_whole=True), values),
            "accountable": offers.accountable(offers.colleagues(session, state.team, now())),
        }

    found = await door.read(read)
    if "hx-request" in request.headers:
        return render.page(
            "reading.html", kind=kind, entity_id=entity_id, viewer=sent.viewer, **found
        )
    typed = Typed(about=entity_id, act=act, values=found["values"])
    return await cases.show(door, kind, entity_id, sent.viewer, typed=typed)


# Drafts. -------------------------------------------------------------------------------------


@router.post("/escalation/{entity_id}/draft")
async def save_draft(entity_id: str, request: Request, door: TheDoor, sent: SentForm) -> Response:
    """Keep what is being written. A script is answered with the version; a form with its page."""
    stream_of("escalation", entity_id)
    values, viewer = forms.values_of(sent.form), sent.viewer
    act = values.get("act", "")
    is_script = "text/html" not in request.headers.get("accept", "")
    try:
        saved = await _save(door, viewer, entity_id, act, values)
    except Refused as refused:
        if is_script:
            raise
        if isinstance(refused, Conflict) and (newest := refused.details.get("newest")):
            # They have read now that there is a newer one: what they save next goes on from it.
            kind = editor.DRAFTS[act, _field(act, values)]
            values[f"based_on-{kind}"] = str(newest)
        trouble = await forms.trouble_of(request, refused)
        typed = Typed(about=entity_id, act=act, values=values)
        return await cases.show(door, "escalation", entity_id, viewer, typed=typed, trouble=trouble)
    if is_script:
        told = {str(d.kind): {"version": d.version, "said": _said(d)} for d in saved}
        return JSONResponse({"drafts": told})
    for draft in saved:
        values[f"based_on-{draft.kind}"] = str(draft.version)
    typed = Typed(about=entity_id, act=act, values=values)
    notice = (
        _("Your draft is saved, as version %(version)s.", version=saved[-1].version)
        if saved
        else ""
    )
    return await cases.show(door, "escalation", entity_id, viewer, typed=typed, notice=notice)


def _said(draft: Draft) -> str:
    return _(
        "Saved as version %(version)s, %(hour)s.",
        version=draft.version,
        hour=times.clock(draft.created_at),
    )


def _field(act: str, values: dict[str, str]) -> str:
    return next(name for (one, name) in editor.DRAFTS if one == act and name in values)


async def _save(
    door: Door, viewer: Viewer, entity_id: str, act: str, values: dict[str, str]
) -> list[Draft]:
    saved = []
    for (one, name), kind in editor.DRAFTS.items():
        if one != act or name not in values:
            continue
        text, told = values[name], values.get(f"based_on-{kind}", "")
        based_on = int(told) if told.isascii() and told.isdigit() and len(told) < 10 else None
        if not text.strip() and based_on is None:
            continue
        check_length(text, door.settings.max_text, name, "shorten it; it stands here still")
        saved.append(await _keep(door, viewer, entity_id, kind, text, based_on))
    return saved


async def _keep(
    door: Door, viewer: Viewer, entity_id: str, kind: DraftKind, text: str, based_on: int | None
) -> Draft:
    """The text as the newest version. Raises Conflict where somebody else has saved a newer one.

    One's own newer version, from another tab, is gone on from; so is any other note, since a note
    is its writer's alone. Both texts stay among the versions.
    """

    def save(base: int | None) -> Draft:
        at = now()
        return drafts.save(door.database, entity_id, viewer.actor, kind, text, base, at)

    try:
        return await asyncio.to_thread(save, based_on)
    except Conflict as conflict:
        newest, by = conflict.details.get("newest"), conflict.details.get("saved_by")
        if newest is None or (kind is not DraftKind.NOTE and by != viewer.actor.id):
            raise
        return await asyncio.to_thread(save, newest)


# Versions. -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compared:
    """One version beside the newest, with what differs."""

    draft: Draft
    pieces: Sequence[Piece]


KINDS = Sayings(
    {
        DraftKind.PROPOSAL: "What is asked for",
        DraftKind.REPLY: "The words of the reply",
        DraftKind.NOTE: "The note",
    }
)

Version = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get("/escalation/{entity_id}/drafts")
async def versions(
    entity_id: str,
    door: TheDoor,
    viewer: Doer,
    kind: DraftKind = DraftKind.REPLY,
    version: Version = None,
) -> Response:
    """Every version of a draft that is kept, who wrote it, and what differs from the newest."""
    stream_of("escalation", entity_id)

    def work(session: Session) -> dict[str, Any]:
        actor = viewer.actor
        found = drafts.drafts(session, entity_id, actor, kind)
        chosen = drafts.draft(session, entity_id, version, actor) if version else found.newest
        if chosen and chosen.kind is not kind:
            raise Unknown("unknown_version", "this version is of another kind", "choose another")
        newest = found.newest
        return {
            **frame.frame(session, viewer, ""),
            "entity_id": entity_id,
            "draft_kind": kind,
            "kinds": KINDS,
            "newest": newest,
            "versions": list(reversed(found.versions)),
            "chosen": _compared(chosen, newest),
        }

    return render.page("drafts.html", **await door.read(work))


def _compared(chosen: Draft | None, newest: Draft | None) -> Compared | None:
    if chosen is None or newest is None:
        return None
    return Compared(chosen, difference(chosen.text, newest.text))


@router.post("/escalation/{entity_id}/drafts")
async def restore(entity_id: str, door: TheDoor, sent: SentForm) -> Response:
    """Make an earlier version the newest again; the one that was stays among them."""
    stream_of("escalation", entity_id)
    values, actor = forms.values_of(sent.form), sent.viewer.actor
    told = [values.get(name, "") for name in ("version", "newest")]
    if not all(n.isascii() and n.isdigit() and len(n) < 10 for n in told):
        raise Invalid("unknown_version", "this is no version", "choose one on the page")
    version, newest = map(int, told)
    old = await door.read(lambda session: drafts.draft(session, entity_id, version, actor))
    await asyncio.to_thread(
        drafts.save, door.database, entity_id, actor, old.kind, old.text, newest, now()
    )
    return render.see_other(f"/escalation/{entity_id}#write")
