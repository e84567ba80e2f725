"""All routes of the pages."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import cases, lists, live, render, sign_in, words

router = APIRouter(include_in_schema=False)
for part in (render.router, sign_in.router, lists.router, cases.router, words.router, live.router):
    router.include_router(part)
