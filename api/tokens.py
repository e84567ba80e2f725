"""Tokens of programs over JSON: listed for admins and auditors, made and ended by admins.

A token acts as its person, with all that this person may. One that somebody else made is announced
to them, and every making and ending stands in the ledger of the house.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from api.bodies.base import Strict
from api.deps import API, Door, TheDoor, now
from api.people import Admin, Cursor, Ulid, Watcher, Who
from domain.base import Moment, Value
from domain.comments import Line
from domain.policy import Id
from store import people, tokens
from store.tokens import TokenItem, TokenPage

router = APIRouter(prefix=API, tags=["people"])

LONGEST = 3_650
"""Days that a token may be good for, where it is to end at all."""


class TokenBody(Strict):
    """What a token is for and how long it is good."""

    label: Annotated[Line, Field(max_length=80)] | None = Field(
        default=None, description="What it is for, such as: the shop's importer."
    )
    days: int | None = Field(default=None, ge=1, le=LONGEST, description="Left out: it has no end.")


class TokenSecret(Value):
    """The token itself, this once: only its SHA-256 is kept."""

    token: str = Field(repr=False)
    person: str
    expires_at: Moment | None


async def make(
    door: Door, person_id: str, body: TokenBody, by: str, *, key: str | None = None
) -> TokenSecret:
    """Make a token. Raises Unknown for somebody who is not there, Conflict where the form with this
    key has made its token already."""
    at = now()
    lifetime = timedelta(days=body.days) if body.days else None

    def work(session: Session) -> str:
        return people.create_token(
            session, person_id, at, lifetime=lifetime, by=by, label=body.label, token_id=key
        )

    secret = await asyncio.to_thread(door.database.write, work)
    return TokenSecret(
        token=secret, person=person_id, expires_at=at + lifetime if lifetime else None
    )


async def end(door: Door, token_id: str, by: str) -> TokenItem:
    """End one. Repeating it changes nothing. Raises Unknown."""
    return await asyncio.to_thread(
        door.database.write, lambda session: tokens.end(session, token_id, now(), by=by)
    )


@router.get("/tokens")
async def list_tokens(
    door: TheDoor,
    actor: Watcher,
    person: Annotated[Id | None, Query(description="Of this person alone.")] = None,
    is_over: Annotated[bool, Query(description="Those that have ended, instead.")] = False,
    limit: Annotated[int, Query(ge=1, le=tokens.LIMIT)] = 50,
    cursor: Cursor = None,
) -> TokenPage:
    """The tokens in force: whose, made by whom, until when, last used; the newest first."""
    return await door.read(
        lambda session: tokens.page(
            session, now(), person=person, is_over=is_over, limit=limit, cursor=cursor
        )
    )


@router.post("/people/{person_id}/tokens")
async def make_token(person_id: Who, body: TokenBody, door: TheDoor, actor: Admin) -> TokenSecret:
    """Make a token for somebody and answer it, this once. They are told, unless it is their own."""
    return await make(door, person_id, body, actor.id)


@router.post("/tokens/{token_id}/end")
async def end_token(token_id: Ulid, door: TheDoor, actor: Admin) -> TokenItem:
    """End a token at once. Repeating it changes nothing."""
    return await end(door, token_id, actor.id)
