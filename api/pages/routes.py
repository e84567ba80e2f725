"""All routes of the pages."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import (
    admin,
    admin_people,
    admin_policy,
    admin_tokens,
    cases,
    decisions,
    go,
    hooks,
    insights,
    ledger,
    lists,
    live,
    me,
    notices,
    presence,
    promises,
    queue,
    record,
    render,
    sessions,
    sign_in,
    words,
    writing,
)

router = APIRouter(include_in_schema=False)
# What is written is asked for before the acts: "words" and "draft" are none.
parts = (
    render, sign_in, sessions, queue, lists, decisions, promises, me, notices, admin, admin_policy,
    admin_people, admin_tokens, writing, cases, insights, words, ledger, go, live, presence,
    record, hooks,
)  # fmt: skip
for part in parts:
    router.include_router(part.router)
