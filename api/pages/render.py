"""From a template to an answer: the environment, the headers of a page, and errors as pages."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Context
from markupsafe import Markup, escape
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import texts
from api.deps import door_of, now
from api.errors import DATABASE_AWAY, MEDIA_TYPE, problem
from api.pages import (
    devices,
    editor,
    frame,
    inputs,
    labels,
    moments,
    refusals,
    sentences,
    times,
    wrong,
)
from api.pages.forms import WAYS_OUT, written
from api.pages.security import FORM, LOCAL_HOSTS, Public, viewer_of
from store import words
from texts import Sayings, numbers, raw_ngettext, stated
from texts import gettext as _

HOME = Path(__file__).parent.parent

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

_TYPES = {
    "style.css": "text/css; charset=utf-8",
    "script.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


def _joined(*folders: str, kind: str) -> bytes:
    """All files of these folders as one, so that a page needs one request for them."""
    files = [file for name in folders for file in sorted((HOME / "static" / name).glob(kind))]
    return b"\n".join(file.read_bytes() for file in files)


def _vendor() -> Path:
    """Where the build has put htmx. Pages work without script; serving none would be a defect
    that nobody sees, so it is said aloud instead."""
    folder = HOME / "static" / "vendor"
    if not (folder / "htmx.js").exists():
        raise FileNotFoundError(f"{folder / 'htmx.js'} is missing; run: make install")
    return folder


_FILES = {
    "style.css": _joined("style", kind="*.css"),
    "script.js": _joined(_vendor().name, "script", kind="*.js"),
    "icon.svg": (HOME / "static" / "icon.svg").read_bytes(),
}

router = APIRouter(include_in_schema=False)


@router.get("/static/{name}")
async def static(name: str, _public: Public) -> Response:
    """The stylesheet and the icon. Their addresses change with their content."""
    if name not in _FILES:
        raise HTTPException(404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(_FILES[name], headers=headers, media_type=_TYPES[name])


def _address(name: str) -> str:
    return f"/static/{name}?{hashlib.sha256(_FILES[name]).hexdigest()[:12]}"


def _link(address: object) -> str | None:
    """An address from elsewhere, if it may be a link: only the web, never a script."""
    text = str(address or "")
    return text if text.startswith(("https://", "http://")) else None


def query(**fields: object) -> str:
    """The part of an address after the path; what is empty is left out."""
    chosen = {name: value for name, value in fields.items() if value}
    return f"?{urlencode(chosen)}" if chosen else ""


def listed(ids: Iterable[str], names: Mapping[str, str]) -> str:
    """The names of several, as they stand in a sentence."""
    return ", ".join(names.get(one, one) for one in ids)


def beside(handle: str, name: str | None) -> str:
    """The handle or id, where it says anything that the name beside it does not: empty where they
    are the same apart from case, white space, dots and @."""
    return "" if name and _folded(handle) == _folded(name) else handle


def _folded(name: str) -> str:
    return "".join(name.casefold().translate(_SAME).split())


_SAME = str.maketrans("", "", ".@")


def as_said(text: str) -> str:
    """With the mark of its own language, where it is not the page's."""
    if isinstance(text, texts.Foreign):
        return Markup('<span lang="en" dir="ltr">{}</span>').format(str(text))
    return text


def as_sentence(text: str) -> str:
    """With a capital and a full stop, and in a language of its own where it has one."""
    said = texts.upfirst(str(text)) + ("" if str(text)[-1:] in (".", "!", "?") else ".")
    return as_said(texts.Foreign(said)) if isinstance(text, texts.Foreign) else said


class _Context(Context):
    """Calls what a template calls as it stands.

    Jinja first asks each function whether it wants the context, or the environment, handed in. None
    that is given to templates here does; a macro does, and without it escapes as all of them do. Of
    a page's time the asking took a tenth.
    """

    def call(
        self,
        called: Callable[..., Any],
        /,
        *args: Any,
        _loop_vars: object = None,
        _block_vars: object = None,
        **kwargs: Any,
    ) -> Any:
        return called(*args, **kwargs)


_environment = Environment(
    loader=FileSystemLoader(HOME / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)


@lru_cache(maxsize=8192)
def _message(text: str, code: str) -> Markup:
    """A message of ours in this language: it may hold tags, as what fills its places may not."""
    return Markup(texts.said_in(code, text))  # noqa: S704 - from our catalogues


def _said(message: str, /, **values: object) -> Markup:
    """What Jinja's own does, for pages that say some hundred messages: they are looked up once."""
    text = _message(message, texts.spoken().code)
    return _filled(text, values) if "%" in text else text


def _said_of(one: str, many: str, num: int, /, **values: object) -> Markup:
    return _filled(raw_ngettext(one, many, num), {"num": num, **values})


def _filled(text: str, values: Mapping[str, object]) -> Markup:
    """A message of ours with its places filled; what fills them is escaped where it is no HTML."""
    safe = {name: escape(value) for name, value in values.items()}
    return Markup(texts.filled(str(text), safe))  # noqa: S704 - from our catalogues


_environment.context_class = _Context
_environment.newstyle_gettext = True  # type: ignore[attr-defined]
_environment.globals.update(_=_said, gettext=_said, ngettext=_said_of)
_environment.filters.update(
    relative=moments.relative,
    due=moments.due,
    ago=moments.ago,
    iso=moments.iso,
    moment=moments.moment,
    moment_in_full=moments.moment_in_full,
    due_by=moments.due_by,
    absolute=times.absolute,
    moment_in=times.moment_in,
    clock=times.clock,
    day=times.day,
    month=times.month,
    web=_link,
    number=numbers.number,
    device=devices.said,
    refused=refusals.refused,
    as_sentence=as_sentence,
    as_said=as_said,
    beside=beside,
    said_to_be_none=editor.said_to_be_none,
    upfirst=texts.upfirst,
    downfirst=texts.downfirst,
)
_environment.globals.update(
    style=_address("style.css"),
    script=_address("script.js"),
    icon=_address("icon.svg"),
    stages=labels.STAGES,
    priorities=labels.PRIORITIES,
    acts_of=labels.ACTS_OF,
    member_states=labels.MEMBER_STATES,
    matter_then=labels.MATTER_THEN,
    seats=labels.SEATS,
    dismiss_codes=labels.DISMISS_CODES,
    refusal_codes=labels.REFUSAL_CODES,
    recommendations=labels.RECOMMENDATIONS,
    roles=labels.ROLES,
    role_names=labels.ROLE_NAMES,
    machines=labels.MACHINES,
    explain=sentences.explain,
    rung_acts=labels.RUNG_ACTS,
    outcomes=labels.OUTCOMES,
    listed=listed,
    span=times.span,
    exact_span=times.exact_span,
    reading_zone=lambda: texts.zone().key,
    spoken=texts.spoken,
    languages=texts.languages,
    language=texts.language,
    query=query,
    new_key=words.new_id,
    inputs_of=inputs.inputs,
    wrong_at=wrong.at,
    place_of=wrong.place_of,
    asks=editor.is_asked,
    draft_of=lambda act, field: editor.DRAFTS.get((act, field)),
)


def page(template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page as an answer, with the policy that lets it load nothing from elsewhere."""
    context.setdefault("viewer", None)
    is_back = wrong.shown(context.get("typed"), context.get("trouble"))
    with moments.seen(context.setdefault("now", now())), is_back:
        text = _environment.get_template(template).render(context)
    return HTMLResponse(text, status, headers={"Content-Security-Policy": POLICY, **spoken_in()})


def spoken_in() -> dict[str, str]:
    """What tells readers and caches that a page speaks the language that was asked for."""
    return {"Content-Language": texts.spoken().tag, "Vary": "Accept-Language"}


def see_other(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303)


# Errors, for browsers. -----------------------------------------------------------------------


LONGEST_KEPT = 65_536
"""Bytes of a form that are given back at most: more is read from nobody who is not known."""

FRAME_SECONDS = 2.0
"""How long an error waits to know who reads it."""


class Way(NamedTuple):
    """One way out of an error page."""

    label: str
    address: str


_TITLES = Sayings(
    {
        401: "Sign in first",
        403: "Not yours",
        404: "Not found",
        405: "Not like this",
        409: "Not now",
        413: "Too long",
        422: "Not like this",
        429: "Too much just now",
        503: "A part is away",
    }
)


class ForBrowsers:
    """Says to browsers as a page what everybody else is told as a problem document.

    A plain ASGI layer around all others, so that also their errors are pages, and that everything
    below it is said in the language of the reader. In a demonstration it lets nobody in who does
    not ask for this machine by its own name.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        heard = _Heard(receive)
        answer = _Answer(scope, send, heard) if _wants_page(scope) else None
        sending = answer.send if answer else send
        with texts.speaking(_language_of(scope)):
            if door_of(scope).settings.demo and _host(scope) not in LOCAL_HOSTS:
                await _misdirected(scope)(scope, receive, sending)
                return
            await self.app(scope, heard.receive, sending)


class _Heard:
    """The body of a request, read along as others read it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.body = b""

    async def receive(self) -> Message:
        message = await self._receive()
        if len(self.body) < LONGEST_KEPT:
            self.body += message.get("body", b"")
        return message


def _wants_page(scope: Scope) -> bool:
    is_elsewhere = scope["path"].startswith("/api/")
    return not is_elsewhere and "text/html" in Headers(scope=scope).get("accept", "")


def _language_of(scope: Scope) -> texts.Language:
    """The language that an address names, or else the one that the browser wants most. Whoever is
    signed in may have chosen another. What programs read is English."""
    if scope["path"].startswith("/api/"):
        return texts.english()
    asked = parse_qs(scope["query_string"].decode("latin-1")).get("lang", [""])[0]
    named = texts.language(asked[:20]) if asked else None
    return named or texts.negotiated(Headers(scope=scope).get("accept-language", ""))


def _host(scope: Scope) -> str:
    host = Headers(scope=scope).get("host", "").lower()
    return host if host.endswith("]") else host.rpartition(":")[0] or host


def _misdirected(scope: Scope) -> Response:
    detail = stated("a demonstration answers only to the names of this machine")
    way_out = stated("open it at http://localhost or http://127.0.0.1, with its port")
    return problem(421, "foreign_host", detail, way_out, path=scope["path"])


class _Answer:
    """An answer on its way to a browser: held back and said anew where it is a problem."""

    def __init__(self, scope: Scope, send: Send, heard: _Heard) -> None:
        self._scope = scope
        self._send = send
        self._heard = heard
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if Headers(raw=message["headers"]).get("content-type") != MEDIA_TYPE:
                await self._send(message)
                return
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._say_anew(self._start)

    async def _say_anew(self, start: Message) -> None:
        response = await _page_for(self._scope, json.loads(self._body), self._heard.body)
        headers = MutableHeaders(raw=list(start["headers"]))
        for name in ("content-type", "content-length", "www-authenticate"):
            del headers[name]
        headers.update(response.headers)
        status = response.status_code
        await self._send({**start, "status": status, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": response.body})


async def _page_for(scope: Scope, told: dict[str, Any], sent: bytes) -> Response:
    status = told["status"]
    kept: tuple[str, ...] = ()
    if status == 401 and scope["method"] == "GET":
        return see_other(f"/sign-in?next={quote(_asked(scope))}")
    if status == 405 and scope["method"] == "GET":
        return see_other(_page_above(scope))
    is_public = scope["path"].startswith(("/ledger", "/word/"))
    around = {} if is_public else await _frame_of(scope, status)
    detail, way_out = map(refusals.refused, (told["detail"], told["way_out"]))
    if around:
        said = await refusals.named_by(door_of(scope), (told["detail"], told["way_out"]))
        detail, way_out = map(refusals.refused, said)
    way_out = WAYS_OUT.get(told["code"]) or way_out
    is_link = scope["path"].startswith("/go/") and not around
    if status == 404 and not is_public and not is_link:
        way_out = _("check the address, or look for it in the queue")
    # Whoever only runs the service has no queue; "/" knows where each person belongs.
    first = Way(_("Go to the start"), "/")
    viewer = around.get("viewer")
    if status == 404 and viewer and viewer.may_read():
        first = Way(_("Go to the queue"), "/queue")
    ways = [first, Way(_("Sign in as somebody else"), "/sign-in")]
    if is_link:
        ways = [Way(_("Sign in"), "/sign-in")]
    if is_public:
        ways = (
            [] if told["code"] == "no_ledger" else [Way(_("Look at all promises"), "/ledger/all")]
        )
    if told["code"] in ("unauthenticated", "foreign_form") and (kept := _typed(scope, sent)):
        above = _page_above(scope)
        way_out = _("what you typed stands below: copy it, and send it from the page itself")
        ways = [Way(_("Open the page again"), above)]
        if status == 401:
            ways = [Way(_("Sign in and come back"), f"/sign-in?next={quote(above, safe='')}")]
    title = _TITLES.get(status, "A fault of ours")
    rules = door_of(scope).public
    return page(
        "error.html",
        status,
        **around,
        is_public=is_public,
        organisation=rules.organisation,
        has_ledger=rules.ledger,
        title=title,
        detail=detail,
        way_out=way_out,
        ways=ways,
        kept=kept,
    )


def _typed(scope: Scope, sent: bytes) -> tuple[str, ...]:
    """What somebody wrote into a form of one of our pages, whoever they turn out to be: it was
    theirs when they sent it. Secrets are typed at /sign-in alone."""
    headers = Headers(scope=scope)
    is_form = headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
    is_ours = headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    if not is_form or not is_ours or scope["path"].startswith("/sign-in"):
        return ()
    return written(parse_qsl(sent.decode(errors="replace")))


def _page_above(scope: Scope) -> str:
    """The page that a form stands on, for whoever opens the address that the form was sent to:
    after a refusal it stands in the browser, to be loaded again or kept."""
    path: str = scope["path"]
    while path := path.rpartition("/")[0]:
        above = {**scope, "path": path, "method": "GET"}
        if any(route.matches(above)[0] is Match.FULL for route in scope["app"].routes):
            return quote(path)
    return "/"


async def _frame_of(scope: Scope, status: int) -> dict[str, Any]:
    """The frame of every page for whoever is signed in, in their language and zone. There is none
    where a part is away or too busy: what went wrong would go wrong again, or take as long."""
    if status >= 500 or status in (421, 429):
        return {}
    try:
        async with asyncio.timeout(FRAME_SECONDS):
            door = door_of(scope)
            viewer = await viewer_of(Request(scope), door)
            if viewer is None:
                return {}
            return await door.read(lambda session: frame.frame(session, viewer, ""))
    except (*DATABASE_AWAY, TimeoutError):
        return {}


def _asked(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{quote(scope['path'])}?{query}" if query else quote(scope["path"])


def looks_local(address: str) -> bool:
    """Whether an address leads to a page of ours and nowhere else."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    return is_path and address.isprintable() and "\\" not in address
