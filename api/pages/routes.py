"""All routes of the pages."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import (
    cases,
    decisions,
    lists,
    live,
    me,
    promises,
    queue,
    render,
    sign_in,
    words,
)

router = APIRouter(include_in_schema=False)
parts = (render, sign_in, queue, lists, decisions, promises, me, cases, words, live)
for part in parts:
    router.include_router(part.router)
