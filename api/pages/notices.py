"""The page on which I say how I want to be told."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from sqlmodel import Session

from api.deps import TheDoor, now
from api.errors import DATABASE_AWAY, Malformed, field_error
from api.me import TEST_PAUSE, NoticesBody, change, send_test, view
from api.pages import forms, frame, render
from api.pages.forms import Trouble
from api.pages.security import Colleague, ColleagueForm, Viewer
from channels import chat
from domain.errors import AnswerableError, Invalid
from domain.notices import TOPICS, Lack, Timing, Way
from store import notices as store
from texts import Sayings
from texts import gettext as _

router = APIRouter(include_in_schema=False)

TIMINGS = Sayings(
    {
        Timing.AT_ONCE: "At once, in my working hours",
        Timing.DAILY: "Once a day, when my working day begins",
    }
)


LACKS = Sayings(
    {
        Lack.SERVER: "No mail server is set up here: tell whoever runs this service.",
        Lack.ADDRESS: "No mail address of yours is known: an admin enters it under People.",
    }
)
"""What is missing for reaching somebody by mail, with the way out."""

CHATS = {
    "discord": "Discord",
    "gchat": "Google Chat",
    "mmost": "Mattermost",
    "msteams": "Microsoft Teams",
    "pover": "Pushover",
    "slack": "Slack",
    "tgram": "Telegram",
    "webex": "Webex",
}
"""What chat services call themselves, by their code; others are told by it."""

WHY_NOT = Sayings(
    {
        "no_address": "there is no address any more",
        "smtp_not_supported": "the mail server does not take mail for such an address",
        "SMTPAuthenticationError": "the mail server does not let this service in; whoever runs it "
        "looks at the name and the password in ANSWERABLE_SMTP_URL",
        "chat_failure": "the address does not work any more, or the chat cannot be reached; give "
        "the address again as the chat shows it",
        "chat_timeout": "the chat did not answer in time; try it again in a while",
        chat.NOT_ALLOWED: "this chat service may not be used here; whoever runs this service names "
        "those that may in ANSWERABLE_CHAT_SERVICES",
    }
)
"""Why a test could not be sent, by its code."""


def why_not(detail: str) -> str:
    """Why a test could not be sent, from what the other side said as a code."""
    if detail in WHY_NOT:
        return WHY_NOT[detail]
    if detail.startswith("smtp_"):
        code = detail.removeprefix("smtp_")
        return _(
            "the mail server does not take mail for your address (it said %(code)s)", code=code
        )
    return _("the mail server cannot be reached or did not answer (%(code)s)", code=detail)


@router.get("/me/notices")
async def notices(door: TheDoor, viewer: Colleague, done: str = "", tested: str = "") -> Response:
    """By which ways I hear of what, and when."""
    way = Way(tested) if tested in set(Way) else None
    return await _show(door, viewer, is_done=done == "yes", tested=way)


async def _show(
    door: TheDoor,
    viewer: Viewer,
    *,
    is_done: bool = False,
    tested: Way | None = None,
    trouble: Trouble | None = None,
) -> Response:
    at = now()

    def work(session: Session) -> dict[str, Any]:
        mine = view(session, door, viewer.actor.id)
        tests = store.tests_of(session, viewer.actor.id)
        return {**frame.frame(session, viewer, "me"), "mine": mine, "tests": tests}

    context = await door.read(work)
    last = context["tests"].get(tested)
    status = trouble.status if trouble else 200
    return render.page(
        "me_notices.html",
        status,
        topics=Sayings(TOPICS),
        timings=TIMINGS,
        ways=tuple(Way),
        lacks=LACKS,
        why_not=why_not,
        chat_names=[CHATS.get(code, code) for code in context["mine"].chat_services],
        is_done=is_done,
        # What is not in the store yet is not known yet; nothing is said of it by the address alone.
        is_under_way=tested is not None and (last is None or last.at < at - TEST_PAUSE),
        trouble=trouble,
        **context,
    )


@router.post("/me/notices")
async def change_notices(request: Request, door: TheDoor, sent: ColleagueForm) -> Response:
    """Take the form as the JSON interface takes its body."""
    viewer, values = sent.viewer, forms.values_of(sent.form)
    try:
        await change(door, viewer.actor.id, _body(values))
    except AnswerableError as error:
        return await _show(door, viewer, trouble=await forms.trouble_of(request, error))
    return render.see_other("/me/notices?done=yes")


@router.post("/me/notices/test")
async def send_a_test(request: Request, door: TheDoor, sent: ColleagueForm) -> Response:
    """Have a test sent to me by one way, and show what became of it."""
    viewer, named = sent.viewer, forms.values_of(sent.form).get("way", "")
    try:
        if named not in set(Way):
            raise Invalid("bad_way", "there is no such way", "choose mail or chat", field="way")
        await send_test(door, viewer.actor.id, Way(named))
    except (AnswerableError, *DATABASE_AWAY) as error:
        return await _show(door, viewer, trouble=await forms.trouble_of(request, error))
    return render.see_other(f"/me/notices?tested={named}")


def _body(values: dict[str, str]) -> NoticesBody:
    """What was ticked. Raises Malformed."""
    topics = {
        topic: {
            "ways": [way for way in Way if values.get(f"{topic}-{way}") == "yes"],
            "timing": values.get(f"{topic}-timing", Timing.AT_ONCE),
        }
        for topic in TOPICS
    }
    chat = {
        "chat": values.get("chat", "").strip() or None,
        "forget_chat": values.get("forget_chat") == "yes",
    }
    try:
        return NoticesBody.model_validate({"topics": topics, **chat})
    except ValidationError as error:
        raise Malformed([field_error(e) for e in error.errors()]) from None
