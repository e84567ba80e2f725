"""All routes of the pages."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import cases, lists, live, queue, render, sign_in, words, writing

router = APIRouter(include_in_schema=False)
# What is written is asked for before the acts: "words" and "draft" are none.
parts = (render, sign_in, queue, lists, writing, cases, words, live)
for part in parts:
    router.include_router(part.router)
