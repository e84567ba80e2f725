"""The pages of webhooks, for admins: who is told, how they fare, what they were sent.

What a receiver answered is shown as the text of a stranger. A secret is shown once, by the answer
to the form that made it, and stands in no address and no redirect.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData

from api import hooks as door_of_hooks
from api.deps import Door, TheDoor
from api.errors import DATABASE_AWAY, Malformed, field_error
from api.hooks import DeliveryId, HookBody, HookId, ResumeBody
from api.pages import forms, frame, render, security
from api.pages.forms import Trouble
from api.pages.security import Sent, Viewer
from domain.errors import AnswerableError
from domain.hooks import MESSAGES, TEST, DeliveryState, HookState, Kind
from domain.people import Role
from store import hook_log, hooks, words
from texts import gettext as _

router = APIRouter(prefix="/admin/hooks", include_in_schema=False)

admin = security.only_signed_in(Role.ADMIN)
Admin = Annotated[Viewer, Depends(admin)]


async def admin_form(request: Request, door: TheDoor, viewer: Admin) -> Sent:
    return Sent(viewer, await security.form_of(request, door.settings))


AdminForm = Annotated[Sent, Depends(admin_form)]

Word = Annotated[str, Query(max_length=40)]
Place = Annotated[str, Query(max_length=500)]

Act = Literal["secret", "pause", "resume", "end", "test"]

PAGE = 25
"""Messages on one page of the log."""


# What is said. ---------------------------------------------------------------------------------


def states() -> dict[str, str]:
    return {
        HookState.ACTIVE: _("Active"),
        HookState.PAUSED: _("Paused"),
        HookState.DISABLED: _("Disabled"),
        HookState.ENDED: _("Ended"),
    }


def fates() -> dict[str, str]:
    return {
        DeliveryState.WAITING: _("Waiting"),
        DeliveryState.DELIVERED: _("Taken"),
        DeliveryState.SET_ASIDE: _("Set aside"),
    }


def errors() -> dict[str, str]:
    """Why there was no answer, by its code."""
    return {
        "timeout": _("No answer within ten seconds"),
        "no_connection": _("Nobody takes the connection"),
        "no_answer": _("The connection broke, or what came was no HTTP"),
        "unknown_host": _("The name of the host is unknown"),
        "bad_certificate": _("The certificate is not valid for this name"),
        "private_address": _("The name leads into a private network, which is not allowed"),
    }


def kinds() -> dict[str, str]:
    """Each type of message, and when it is sent."""
    return {kind: _(message.what) for kind, message in MESSAGES.items()}


def said(done: str) -> str | None:
    """What is said after something was done, by the word in the address."""
    return {
        "saved": _("Saved. What happens from now on is told like this."),
        "pause": _("Paused. What happens meanwhile waits."),
        "resume": _("It goes on."),
        "end": _("It has ended, and its secret is erased."),
        "test": _("A test is on its way: load this page again to see what came of it."),
        "again": _("It is sent again: load this page again to see what came of it."),
    }.get(done)


def _context() -> dict[str, Any]:
    return {"states": states(), "fates": fates(), "errors": errors(), "kinds": kinds()}


# The list. -------------------------------------------------------------------------------------


@router.get("")
async def every(door: TheDoor, viewer: Admin, done: Word = "") -> Response:
    """Every webhook and how it fares, and the form of a new one."""
    return await _every(door, viewer, done=done)


async def _every(
    door: Door,
    viewer: Viewer,
    *,
    done: str = "",
    form: FormData | None = None,
    trouble: Trouble | None = None,
) -> Response:
    def work(session: Session) -> dict[str, Any]:
        return {**frame.frame(session, viewer, "admin"), "hooks": hooks.every(session)}

    return render.page(
        "hooks.html",
        trouble.status if trouble else 200,
        **await door.read(work),
        **_context(),
        said=said(done),
        typed=_typed(form),
        key=words.new_id(),
        trouble=trouble,
    )


def _typed(form: FormData | None) -> dict[str, Any] | None:
    if form is None:
        return None
    values = forms.values_of(form)
    return {
        "name": values.get("name", ""),
        "url": values.get("url", ""),
        "kinds": [v for v in form.getlist("kinds") if isinstance(v, str)],
    }


@router.post("")
async def make(request: Request, door: TheDoor, sent: AdminForm) -> Response:
    """Make a webhook and show its secret this once. The same form sent again makes no second."""
    viewer = sent.viewer
    try:
        key = str(sent.form.get("key", ""))
        made = await door_of_hooks.make(door, viewer.actor, _body(sent.form), _id_of(key))
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error)
        return await _every(door, viewer, form=sent.form, trouble=trouble)
    return await _one(door, viewer, made.webhook.id, secret=made.secret)


def _id_of(key: str) -> str | None:
    """The id that the form brought along, if it is one."""
    is_id = len(key) == len(words.new_id()) and key.isascii() and key.isalnum()
    return key if is_id and key == key.upper() else None


def _body(form: FormData) -> HookBody:
    values = _typed(form) or {}
    try:
        return HookBody.model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise Malformed([field_error(e) for e in error.errors()]) from None


# One of them. ----------------------------------------------------------------------------------


@router.get("/{hook_id}")
async def one(
    hook_id: HookId,
    door: TheDoor,
    viewer: Admin,
    done: Word = "",
    state: Word = "",
    kind: Word = "",
    cursor: Place = "",
) -> Response:
    """One webhook: its settings, how it fares, and the log of what it was sent."""
    return await _one(door, viewer, hook_id, done=done, state=state, kind=kind, cursor=cursor)


async def _one(
    door: Door,
    viewer: Viewer,
    hook_id: str,
    *,
    done: str = "",
    state: str = "",
    kind: str = "",
    cursor: str = "",
    secret: str = "",
    form: FormData | None = None,
    trouble: Trouble | None = None,
) -> Response:
    wanted = state if state in set(DeliveryState) else ""
    about = kind if kind in {*Kind, TEST} else ""

    def work(session: Session) -> dict[str, Any]:
        hook = hooks.one(session, hook_id)
        return {
            **frame.frame(session, viewer, "admin"),
            "hook": hook,
            "names": frame.names(session, [hook.made_by]),
            "page": hook_log.page(
                session,
                hook_id,
                state=DeliveryState(wanted) if wanted else None,
                kind=about or None,
                limit=PAGE,
                cursor=cursor or None,
            ),
        }

    return render.page(
        "hook.html",
        trouble.status if trouble else 200,
        **await door.read(work),
        **_context(),
        said=said(done),
        secret=secret,
        wish={"state": wanted, "kind": about, "cursor": cursor},
        test=TEST,
        typed=_typed(form),
        trouble=trouble,
    )


@router.post("/{hook_id}")
async def change(request: Request, hook_id: HookId, door: TheDoor, sent: AdminForm) -> Response:
    """Set its name, its address and what it is told."""
    viewer = sent.viewer
    try:
        await door_of_hooks.put_hook(hook_id, _body(sent.form), door, viewer.actor)
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error)
        return await _one(door, viewer, hook_id, form=sent.form, trouble=trouble)
    return render.see_other(f"/admin/hooks/{hook_id}?done=saved")


@router.post("/{hook_id}/{act}")
async def do(
    request: Request, hook_id: HookId, act: Act, door: TheDoor, sent: AdminForm
) -> Response:
    """Replace the secret, pause, resume, end, or send a test."""
    viewer = sent.viewer
    actor = viewer.actor
    try:
        match act:
            case "secret":
                made = await door_of_hooks.replace_secret(hook_id, door, actor)
                return await _one(door, viewer, hook_id, secret=made.secret)
            case "resume":
                body = ResumeBody(skip=sent.form.get("skip") == "yes")
                await door_of_hooks.resume(hook_id, body, door, actor)
            case "pause":
                await door_of_hooks.pause(hook_id, door, actor)
            case "end":
                await door_of_hooks.end(hook_id, door, actor)
            case "test":
                await door_of_hooks.send_test(hook_id, door, actor)
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error)
        return await _one(door, viewer, hook_id, trouble=trouble)
    return render.see_other(f"/admin/hooks/{hook_id}?done={act}")


# One message. ----------------------------------------------------------------------------------


@router.get("/{hook_id}/sent/{delivery_id}")
async def delivery(
    hook_id: HookId, delivery_id: DeliveryId, door: TheDoor, viewer: Admin, done: Word = ""
) -> Response:
    """One message: what was sent, to the byte, and how it was answered each time."""
    return await _delivery(door, viewer, hook_id, delivery_id, done=done)


async def _delivery(
    door: Door,
    viewer: Viewer,
    hook_id: str,
    delivery_id: str,
    *,
    done: str = "",
    trouble: Trouble | None = None,
) -> Response:
    def work(session: Session) -> dict[str, Any]:
        found = hook_log.detail(session, hook_id, delivery_id)
        return {
            **frame.frame(session, viewer, "admin"),
            "hook": hooks.one(session, hook_id),
            "sent": found,
            "body": json.dumps(json.loads(found.body), indent=2, ensure_ascii=False),
        }

    return render.page(
        "hook_sent.html",
        trouble.status if trouble else 200,
        **await door.read(work),
        **_context(),
        said=said(done),
        trouble=trouble,
    )


@router.post("/{hook_id}/sent/{delivery_id}/again")
async def send_again(
    request: Request, hook_id: HookId, delivery_id: DeliveryId, door: TheDoor, sent: AdminForm
) -> Response:
    """Send it once more, under the same id."""
    try:
        await door_of_hooks.send_again(hook_id, delivery_id, door, sent.viewer.actor)
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error)
        return await _delivery(door, sent.viewer, hook_id, delivery_id, trouble=trouble)
    return render.see_other(f"/admin/hooks/{hook_id}/sent/{delivery_id}?done=again")
