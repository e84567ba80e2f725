"""The page of tokens: whose they are, made by whom, until when; one more, and one less."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from sqlmodel import Session

from api import tokens as door_of_tokens
from api.deps import Door, TheDoor, now
from api.errors import DATABASE_AWAY, Malformed, field_error
from api.pages import forms, frame, render
from api.pages.forms import Trouble, Typed
from api.pages.security import AdminForm, Viewer, Watcher
from api.people import Ulid
from api.tokens import TokenBody, TokenSecret
from domain.errors import AnswerableError, Invalid
from store import people, tokens

router = APIRouter(include_in_schema=False)

ROWS = 50

DAYS = (30, 90, 365)

Word = Annotated[str, Query(max_length=40)]
Place = Annotated[str, Query(max_length=500)]


@router.get("/admin/tokens")
async def list_tokens(
    door: TheDoor,
    viewer: Watcher,
    person: Word = "",
    state: Word = "",
    cursor: Place = "",
    done: Word = "",
) -> Response:
    """The tokens in force, or those that are over."""
    return await _tokens(
        door, viewer, person=person, is_over=state == "over", cursor=cursor, done=done
    )


async def _tokens(
    door: Door,
    viewer: Viewer,
    *,
    person: str = "",
    is_over: bool = False,
    cursor: str = "",
    done: str = "",
    made: TokenSecret | None = None,
    typed: Typed | None = None,
    trouble: Trouble | None = None,
) -> Response:
    at = now()

    def work(session: Session) -> dict[str, Any]:
        found = tokens.page(
            session, at, person=person or None, is_over=is_over, limit=ROWS, cursor=cursor or None
        )
        everybody = [(p.id, p.name) for p, _ in people.everybody(session) if p.is_active]
        return {
            **frame.frame(session, viewer, "admin"),
            "found": found,
            "people": everybody,
            "names": dict(everybody) | frame.names(session, [i.made_by or "" for i in found.items]),
        }

    context = await door.read(work)
    return render.page(
        "admin_tokens.html",
        trouble.status if trouble else 200,
        now=at,
        person=person,
        is_over=is_over,
        done=done,
        made=made,
        days=DAYS,
        typed=typed or Typed(),
        trouble=trouble,
        **context,
    )


@router.post("/admin/tokens")
async def make_token(request: Request, door: TheDoor, sent: AdminForm) -> Response:
    """Make one, and show it this once: what is secret stands in no address and no redirect."""
    values = forms.values_of(sent.form)
    try:
        body = _body(values)
        made = await door_of_tokens.make(
            door, values["person"], body, sent.viewer.actor.id, key=values.get("key")
        )
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error)
        typed = Typed(about="tokens", act="make", values=values)
        return await _tokens(door, sent.viewer, typed=typed, trouble=trouble)
    return await _tokens(door, sent.viewer, made=made)


def _body(values: dict[str, str]) -> TokenBody:
    if not values.get("person"):
        raise Invalid("person_missing", "nobody was chosen", "choose for whom", field="person")
    given = {
        name: values[name].strip() for name in ("label", "days") if values.get(name, "").strip()
    }
    try:
        return TokenBody.model_validate(given)
    except ValidationError as error:
        raise Malformed([field_error(e) for e in error.errors()]) from None


@router.get("/admin/tokens/{token_id}/end")
async def ask_to_end(token_id: Ulid, door: TheDoor, viewer: Watcher) -> Response:
    """What ending this one will do, before it is done."""

    def work(session: Session) -> dict[str, Any]:
        token = tokens.one(session, token_id)
        return {
            **frame.frame(session, viewer, "admin"),
            "token": token,
            "names": frame.names(session, [token.made_by or ""]),
        }

    return render.page("admin_token_end.html", **await door.read(work))


@router.post("/admin/tokens/{token_id}/end")
async def end_token(token_id: Ulid, door: TheDoor, sent: AdminForm) -> Response:
    await door_of_tokens.end(door, token_id, sent.viewer.actor.id)
    return render.see_other("/admin/tokens?done=ended")
