"""All routes of the pages."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import (
    cases,
    go,
    insights,
    ledger,
    lists,
    me,
    render,
    sessions,
    sign_in,
    words,
)

router = APIRouter(include_in_schema=False)
for part in (render, sign_in, sessions, lists, cases, insights, words, ledger, go, me):
    router.include_router(part.router)
