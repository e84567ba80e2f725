"""All routes of the pages."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import cases, lists, render, sign_in, words, writing

router = APIRouter(include_in_schema=False)
# What is written is asked for before the acts: "words" and "draft" are none.
for part in (
    render.router, sign_in.router, lists.router, writing.router, cases.router, words.router,
):  # fmt: skip
    router.include_router(part)
