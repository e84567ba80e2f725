"""The page behind the private link: whoever was promised something says whether it was kept.

Opening it decides nothing, however often a mail program or a browser looks ahead: the answer is
chosen on one page and given on the next, by a button. It needs no session and no mark of ours
against forged forms, because whoever knows its address may answer. Used or replaced, it says so.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Response

from api.commitments import LinkWord, take_link_word, whoever_holds_the_link
from api.deps import TheDoor
from api.pages import render
from api.public import in_house_time
from domain.errors import Conflict, Unknown
from store import commitments as store

router = APIRouter(
    include_in_schema=False,
    dependencies=[Depends(whoever_holds_the_link), Depends(in_house_time)],
)

ANSWERS = ("yes", "no")


@router.get("/word/{secret}")
async def ask(
    secret: str, door: TheDoor, kept: Annotated[str, Query(max_length=3)] = ""
) -> Response:
    """The promise, and the question whether it was kept; with an answer chosen, that answer once
    more before it is given. A link that answers no more tells what became of it."""
    link = await door.read(lambda session: store.private_link(session, secret))
    rules = (await door.policy()).policy.public
    return render.page(
        "word.html",
        link=link,
        secret=secret,
        chosen=kept if kept in ANSWERS else None,
        organisation=rules.organisation,
        has_ledger=rules.ledger,
        in_ledger=rules.ledger and link.is_public,
    )


router.add_api_route("/word/{secret}", ask, methods=["HEAD"], response_model=None)


@router.post("/word/{secret}")
async def answer(secret: str, door: TheDoor, kept: Annotated[str, Form()] = "") -> Response:
    """Take the word; whatever comes of it, the page of the link tells. Anything but one of the two
    answers asks again."""
    if kept in ANSWERS:
        # Sent twice, or too late: the page says which, and is 404 for what never was a link.
        with suppress(Conflict, Unknown):
            await take_link_word(door, secret, LinkWord(is_kept=kept == "yes"))
    return render.see_other(f"/word/{quote(secret, safe='')}")
