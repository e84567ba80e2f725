"""All routes of the pages."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import cases, decisions, lists, me, promises, render, sign_in, words

router = APIRouter(include_in_schema=False)
for part in (
    render.router, sign_in.router, lists.router, decisions.router, promises.router, me.router,
    cases.router, words.router,
):  # fmt: skip
    router.include_router(part)
