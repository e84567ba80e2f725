"""The page behind the private link: whoever was promised something says whether it was kept.

Opening it decides nothing, however often a mail program or a browser looks ahead: only one of its
two buttons does. It needs no session and no mark of ours against forged forms, because whoever
knows its address may answer.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from sqlmodel import Session

from api.commitments import LinkWord, take_link_word, whoever_holds_the_link
from api.deps import TheDoor
from api.pages import render
from store import commitments as store
from store import words

router = APIRouter(include_in_schema=False, dependencies=[Depends(whoever_holds_the_link)])


@router.get("/word/{secret}")
async def ask(secret: str, door: TheDoor) -> Response:
    """The promise, and the question whether it was kept."""

    def work(session: Session) -> str | None:
        stream, _ = store.by_link(session, secret)
        promise = store.state_of(session, stream).promise
        return words.texts(session, [promise.words.id]).get(promise.words.id)

    sentence = await door.read(work)
    return render.page("word.html", sentence=sentence, secret=secret, said=None)


@router.post("/word/{secret}")
async def answer(secret: str, door: TheDoor, kept: Annotated[str, Form()] = "") -> Response:
    """Take the word; anything but one of the two buttons asks again."""
    if kept not in ("yes", "no"):
        return render.see_other(f"/word/{secret}")
    await take_link_word(door, secret, LinkWord(is_kept=kept == "yes"))
    return render.page("word.html", sentence=None, secret="", said=kept)
