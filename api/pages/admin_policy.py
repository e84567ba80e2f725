"""The pages of the policy: the one in force, every version, and the way of a draft into force.

A draft is pasted or uploaded, looked at from every side, and applied by a form that is bound to
what was looked at: to the digest of the draft and to the version that it was compared with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData, UploadFile

from api import policy_review
from api.deps import Door, TheDoor, now
from api.errors import DATABASE_AWAY, Malformed, field_error
from api.pages import draft_words, forms, frame, policy_words, render
from api.pages.forms import Trouble
from api.pages.security import Admin, AdminForm, Viewer, Watcher
from api.policy import MOST, ApplyBody, apply_policy, shown_to
from api.policy_review import Given, Review
from domain.errors import AnswerableError, Invalid
from policy.difference import Change
from policy.problems import dotted
from store import policies
from store.policies import InForce

router = APIRouter(include_in_schema=False)

SHOWN = 100
"""Running dates that are listed one by one."""

Number = Annotated[int, Path(ge=1, le=1_000_000)]
Chosen = Annotated[int | None, Query(ge=1, le=1_000_000)]


@router.get("/admin/policy")
async def policy(door: TheDoor, viewer: Watcher, done: Annotated[int, Query(ge=0)] = 0) -> Response:
    """The policy in force, as a page and as its file, and every version there was."""

    def work(session: Session) -> dict[str, Any]:
        in_force = policies.current(session)
        versions = policies.versions(session)
        return {
            **frame.frame(session, viewer, "admin"),
            **_shown(in_force, viewer),
            "versions": versions,
            "names": frame.names(session, [one.by for one in versions]),
        }

    return render.page("admin_policy.html", done=done, **await door.read(work))


def _shown(found: InForce | None, viewer: Viewer) -> dict[str, Any]:
    """A version as this reader may see it: addresses of webhooks, which often hold a secret, stay
    with those who set them, and the file holds them."""
    if found is None:
        return {"version": None, "sections": (), "source": None}
    policy = shown_to(viewer.actor, found.policy)
    return {
        "version": found,
        "sections": policy_words.sections(policy),
        "source": policy_review.source_of(found) if viewer.is_admin() else None,
    }


@router.get("/admin/policy/versions/{number}")
async def version(number: Number, door: TheDoor, viewer: Watcher) -> Response:
    """One version as it was applied."""

    def work(session: Session) -> dict[str, Any]:
        found = policies.version(session, number)
        newest = policies.current(session)
        assert newest is not None
        return {
            **frame.frame(session, viewer, "admin"),
            **_shown(found, viewer),
            "newest": newest.version,
            "names": frame.names(session, [found.by]),
        }

    return render.page("admin_policy_version.html", **await door.read(work))


@router.get("/admin/policy/diff")
async def diff(door: TheDoor, viewer: Watcher, old: Chosen = None, new: Chosen = None) -> Response:
    """What one version says otherwise than another; without a choice, than the one before."""

    def work(session: Session) -> dict[str, Any]:
        versions = policies.versions(session)
        numbers = [one.version for one in versions]
        after = new or (numbers[0] if numbers else 0)
        before = old or max((n for n in numbers if n < after), default=after)
        changes: tuple[Change, ...] = ()
        if numbers:
            one, other = policies.version(session, before), policies.version(session, after)
            changes = policy_review.between(one, other)
        if not viewer.is_admin():
            changes = policy_review.without_addresses(changes)
        return {
            **frame.frame(session, viewer, "admin"),
            "numbers": numbers,
            "old": before,
            "new": after,
            "changes": draft_words.changes(changes),
        }

    return render.page("admin_policy_diff.html", **await door.read(work))


@router.get("/admin/policy/dates")
async def dates(door: TheDoor, viewer: Watcher) -> Response:
    """The running dates that the calendars in force would put elsewhere."""

    def work(session: Session) -> dict[str, Any]:
        in_force = policies.current(session)
        moves = policy_review.moves(session, in_force.policy) if in_force else ()
        return {**frame.frame(session, viewer, "admin"), "moves": moves}

    return render.page("admin_policy_dates.html", shown=SHOWN, **await door.read(work))


# A draft. ------------------------------------------------------------------------------------


@router.get("/admin/policy/draft")
async def draft(
    door: TheDoor, viewer: Admin, version: Annotated[int | None, Query(ge=1, le=1_000_000)] = None
) -> Response:
    """The form for a draft; it begins with the file in force, or with that of another version."""

    def work(session: Session) -> dict[str, Any]:
        found = policies.version(session, version) if version else policies.current(session)
        return {
            **frame.frame(session, viewer, "admin"),
            "text": (policy_review.source_of(found) if found else "") or "",
            "begun_from": found.version if found else 0,
        }

    context = await door.read(work)
    return render.page("admin_policy_draft.html", review=None, trouble=None, **context)


@router.post("/admin/policy/draft")
async def look(request: Request, door: TheDoor, sent: AdminForm) -> Response:
    """Look at a draft from every side. Nothing is changed by it, and it may be sent again."""
    try:
        text = await _text(sent.form)
    except Invalid as error:
        trouble = await forms.trouble_of(request, error)
        kept = str(sent.form.get("text", "")).replace("\r\n", "\n")
        return await _review(door, sent.viewer, kept, trouble=trouble, looks=False)
    return await _review(door, sent.viewer, text)


async def _text(form: FormData) -> str:
    """The file that was chosen, or else what was pasted. Raises Invalid for what is no text."""
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        try:
            text = (await file.read()).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Invalid(
                "not_utf8", "this file is not UTF-8 text", "save it as UTF-8", field="file"
            ) from None
    else:
        text = str(form.get("text", ""))
    text = text.replace("\r\n", "\n")
    if not text.strip():
        raise Invalid("nothing_sent", "there is nothing in it", "paste a file", field="text")
    if len(text) > MOST:
        raise Invalid(
            "too_long", f"a policy has at most {MOST:,} characters", "send less", field="text"
        )
    return text


async def _review(
    door: Door,
    viewer: Viewer,
    text: str,
    *,
    reason: str = "",
    trouble: Trouble | None = None,
    looks: bool = True,
) -> Response:
    """The page of a draft: with all that is said of it, or, where it could not be read, without."""

    def work(session: Session) -> dict[str, Any]:
        found = policy_review.review(session, text, now()) if looks else None
        return {
            **frame.frame(session, viewer, "admin"),
            **(_said(session, found) if found else {}),
            "review": found,
            "text": text,
            "begun_from": 0,
        }

    context = await door.read(work)
    return render.page(
        "admin_policy_draft.html",
        trouble.status if trouble else 200,
        reason=reason,
        trouble=trouble,
        shown=SHOWN,
        preview=draft_words.preview,
        key_of=lambda path: draft_words.key_of(dotted(path)),
        **context,
    )


def _said(session: Session, found: Review) -> dict[str, Any]:
    ids = [person for one in found.given for person in (one.person, *_managers(one))]
    names = frame.names(session, ids)
    return {
        "changes": draft_words.changes(found.changes),
        "in_calendars": draft_words.changes(found.in_calendars),
        "given": [draft_words.standing(one, names) for one in found.given],
        "tried": list(draft_words.tried(found.tried.differences)) if found.tried else [],
    }


def _managers(one: Given) -> Iterator[str]:
    yield from (p.manager for p in (one.before, one.after) if p and p.manager)


@router.post("/admin/policy/apply")
async def apply(request: Request, door: TheDoor, sent: AdminForm) -> Response:
    """Put in force what was looked at. Where another version came in between, or the draft is not
    the same any more, it is refused and shown anew."""
    values = forms.values_of(sent.form)
    try:
        applied = await apply_policy(_body(values), door, sent.viewer.actor)
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error)
        text, reason = values.get("text", ""), values.get("reason", "")
        return await _review(door, sent.viewer, text, reason=reason, trouble=trouble)
    return render.see_other(f"/admin/policy?done={applied.version}")


def _body(values: Mapping[str, str]) -> ApplyBody:
    """What the form says was looked at. Raises Malformed."""
    fields: dict[str, Any] = {n: values.get(n, "") for n in ("text", "draft", "on", "reason")}
    fields["accept_calendars"] = values.get("accept") == "yes"
    fields["accept_removals"] = values.get("remove") == "yes"
    try:
        return ApplyBody.model_validate(fields)
    except ValidationError as error:
        raise Malformed([field_error(e) for e in error.errors()]) from None
