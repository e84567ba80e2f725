"""All routes of the pages."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import cases, lists, live, presence, queue, render, sign_in, words

router = APIRouter(include_in_schema=False)
parts = (render, sign_in, queue, lists, cases, words, live, presence)
for part in parts:
    router.include_router(part.router)
