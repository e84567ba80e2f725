"""The answers of the public ledger as pages: what we replied, and what we refused for which reason.

Made as the pages of promises are, in ``api.pages.ledger``.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlmodel import Session

from api.pages.ledger import ROLES, ROWS, distances, page_of
from api.public import TheLedger, in_house_time, whoever_reads
from api.public_answers import answer_of
from store import public_answers as store

router = APIRouter(
    include_in_schema=False, dependencies=[Depends(whoever_reads), Depends(in_house_time)]
)


@router.get("/ledger/answers")
async def answers(
    request: Request,
    ledger: TheLedger,
    refusal: Annotated[str, Query(max_length=40)] = "",
    channel: Annotated[str, Query(max_length=40)] = "",
    month: Annotated[str, Query(max_length=40)] = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Every answer, by what the address asks for."""
    wish = store.wanted(refusal, channel, month)

    def work(session: Session) -> tuple[Any, tuple[str, ...], tuple[str, ...]]:
        found = store.page(session, ledger.rules, wish, limit=ROWS, cursor=cursor or None)
        return found, store.channels(session, ledger.channels), store.months(session)

    found, channels, months = await ledger.door.read(work)
    context = {
        "view": found,
        "wish": wish,
        "channels": channels,
        "months": months,
        "is_first": not cursor,
        "beside": "/ledger/answers",
    }
    asked = [refusal, channel, month, cursor, channels, months]
    return page_of(request, ledger, "ledger_answers.html", found, context, asked)


@router.get("/ledger/answers/{post}")
async def answer(request: Request, ledger: TheLedger, post: str) -> Response:
    """One answer, what corrects it, and the promises in it. The address stays."""
    view = await answer_of(ledger, post)
    owed = distances(view.promised)
    context = {"view": view, "owed": owed, "post_roles": ROLES, "beside": "/ledger/answers"}
    return page_of(request, ledger, "ledger_answer.html", view, context, [owed])


for path, endpoint in (("/ledger/answers", answers), ("/ledger/answers/{post}", answer)):
    router.add_api_route(path, endpoint, methods=["HEAD"], response_model=None)
