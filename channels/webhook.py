"""A channel behind a webhook: posts go out as signed ``post.published`` messages.

Standard Webhooks on the wire. What an answer means follows HTTP Semantics (RFC 9110) with one
question in mind: may the same post be sent again without looking whether it is there?
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx

from channels.base import Outcome, Sighting, Utterance
from channels.signing import Unsigned, signer
from config.settings import Settings
from domain.base import iso
from domain.policy import Channel
from domain.post import FindResult, PublishResult

log = logging.getLogger(__name__)

# At INFO httpx logs every address as it is, and a webhook's address often carries a token.
logging.getLogger("httpx").setLevel(logging.WARNING)

POST_PUBLISHED = "post.published"

MAX_ANSWER_BYTES = 64 * 1024
"""More than an id and a link can ever need; what is longer is not read on."""

MAX_FIELD = 2048
"""The longest id or link that is believed: more than any browser takes for an address."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds. ``connect`` is for each of: a free connection, TCP with DNS, and TLS.

    ``total`` is for one call from the first to the last byte, so it should be well above three
    times ``connect``: where it ends the call, nobody knows any more what had been sent.
    """

    connect: float = 5
    total: float = 20


USUAL = Timeouts()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes


class _NoAnswer(Exception):
    """The call ended without a status. ``code`` is a key of ``_SILENCE``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


_SILENCE = {
    "bad_address": PublishResult.NOT_SENT,
    "no_connection": PublishResult.NOT_SENT,
    "timeout": PublishResult.UNCLEAR,
    "no_answer": PublishResult.UNCLEAR,
}

_EXCEPTIONS_TO_THE_CLASS = {
    303: PublishResult.UNCLEAR,  # "See Other" is how a POST that was carried out is answered.
    408: PublishResult.UNCLEAR,
    409: PublishResult.UNCLEAR,  # Perhaps because it is there already, from an earlier attempt.
    425: PublishResult.NOT_SENT,  # "Too Early": it was not looked at for fear of a repetition.
    429: PublishResult.NOT_SENT,
}
_CLASSES = {
    2: PublishResult.PUBLISHED,
    3: PublishResult.REFUSED,  # Wrong address: the same post would be sent away again.
    4: PublishResult.REFUSED,
}


def meaning(status: int) -> PublishResult:
    """What a status says about a post that was sent.

    Every 5xx is unclear, 503 too: RFC 9110 says that a server sends it when it is "currently
    unable to handle the request", but not that nothing was done; a gateway sends it as well when
    the server behind it took the request and fell silent.
    """
    if status in _EXCEPTIONS_TO_THE_CLASS:
        return _EXCEPTIONS_TO_THE_CLASS[status]
    return _CLASSES.get(status // 100, PublishResult.UNCLEAR)


class WebhookNetwork:
    def __init__(
        self,
        channel_id: str,
        channel: Channel,
        settings: Settings,
        timeouts: Timeouts = USUAL,
    ) -> None:
        self._channel_id = channel_id
        self._channel = channel
        self._settings = settings
        self._total = timeouts.total
        self._client = _client(timeouts)

    async def publish(self, utterance: Utterance) -> Outcome:
        """One POST; no redirect is followed and nothing is tried twice."""
        try:
            request = self._request(
                "POST", self._channel.url, utterance.post_id, _message(utterance)
            )
            answer = await self._call(request)
        except Unsigned as error:
            log.warning("nothing can be published: %s", error)
            return Outcome(result=PublishResult.NOT_SENT, code=error.code)
        except _NoAnswer as error:
            return Outcome(result=_SILENCE[error.code], code=error.code)
        return _outcome(answer)

    async def find(self, post_id: str) -> Sighting:
        """GET ``find_url``?id=…, signed over an empty body with the post's id as message id."""
        if not self._channel.find_url:
            return Sighting(result=FindResult.CANNOT_TELL)
        try:
            request = self._request("GET", self._channel.find_url, post_id, id=post_id)
            answer = await self._call(request)
        except Unsigned as error:
            log.warning("nothing can be looked up: %s", error)
            return Sighting(result=FindResult.UNAVAILABLE)
        except _NoAnswer:
            return Sighting(result=FindResult.UNAVAILABLE)
        return _sighting(answer)

    async def aclose(self) -> None:
        await self._client.aclose()

    def _request(
        self, method: str, address: str | None, message_id: str, body: str = "", **query: str
    ) -> httpx.Request:
        """The signed request. Raises ``Unsigned``, or ``_NoAnswer`` for an impossible address."""
        headers = self._signature(message_id, body)
        url = _url(address or "")
        if url is None:
            raise _NoAnswer("bad_address")
        url = url.copy_merge_params(query)
        return self._client.build_request(method, url, headers=headers, content=body or None)

    def _signature(self, message_id: str, body: str) -> dict[str, str]:
        # The secret is read for every call: one set later works without opening a new network.
        at = datetime.now(UTC)
        signature = signer(self._channel_id, self._settings).sign(message_id, at, body)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        }

    async def _call(self, request: httpx.Request) -> _Answer:
        """Send it once. Raises ``_NoAnswer`` where no status came back."""
        deadline = asyncio.get_running_loop().time() + self._total
        response = await self._send(request, deadline)
        try:
            return _Answer(response.status_code, await _body(response, deadline))
        finally:
            await response.aclose()

    async def _send(self, request: httpx.Request, deadline: float) -> httpx.Response:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            # httpx raises these up to the end of the TLS handshake, so before the first byte.
            raise _NoAnswer("no_connection") from error
        except TimeoutError as error:
            raise _NoAnswer("timeout") from error
        except (httpx.RequestError, httpx.InvalidURL, ValueError) as error:
            # The last two: httpx reads the headers of an answer, such as Location, unasked.
            raise _NoAnswer("no_answer") from error


@cache
def tls() -> ssl.SSLContext:
    """Made once: reading the certificates of the world takes longer than a usual call."""
    return httpx.create_ssl_context(trust_env=False)


def _client(timeouts: Timeouts) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        verify=tls(),
        # Reading and writing are ended by the deadline of the whole call.
        timeout=httpx.Timeout(None, connect=timeouts.connect, pool=timeouts.connect),
        # A kept connection can be closed by the other side just as we write to it, and the post
        # is unclear. A new one for each call costs a handshake and never does that.
        limits=httpx.Limits(max_connections=10, max_keepalive_connections=0),
        follow_redirects=False,
        # Neither a proxy nor the passwords in ~/.netrc have a say in what we publish.
        trust_env=False,
        headers={
            "user-agent": "answerable",
            "accept": "application/json",
            # A few compressed bytes could unfold to more than we want to hold.
            "accept-encoding": "identity",
            "content-type": "application/json",
        },
    )


def _message(utterance: Utterance) -> str:
    data: dict[str, Any] = {
        "post_id": utterance.post_id,
        "channel": utterance.channel,
        "conversation": utterance.conversation,
        "in_reply_to": utterance.in_reply_to,
        "text": utterance.public_text,
    }
    if utterance.same_answer_to:
        data["same_answer_to"] = utterance.same_answer_to
    if earlier := utterance.corrects:
        # For a receiver that can show both together; the text says it to everybody else.
        data["kind"] = utterance.kind
        data["corrects"] = {"post_id": earlier.post_id, "id": earlier.external_id}
    message = {"type": POST_PUBLISHED, "timestamp": iso(datetime.now(UTC)), "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _outcome(answer: _Answer) -> Outcome:
    result = meaning(answer.status)
    if result is not PublishResult.PUBLISHED:
        return Outcome(result=result, code=f"http_{answer.status}")
    external_id, url = _receipt(answer.body)
    return Outcome(result=result, external_id=external_id, url=url)


def _sighting(answer: _Answer) -> Sighting:
    if answer.status in (404, 410):
        return Sighting(result=FindResult.ABSENT)
    if answer.status != 200:
        return Sighting(result=FindResult.UNAVAILABLE)
    external_id, url = _receipt(answer.body)
    return Sighting(result=FindResult.FOUND, external_id=external_id, url=url)


async def _body(response: httpx.Response, deadline: float) -> bytes:
    """The body, or nothing where it is too long, too slow or breaks off.

    The status has been said by then, and a poor body does not take it back.
    """
    body = bytearray()
    try:
        async with asyncio.timeout_at(deadline):
            async for part in response.aiter_raw():
                body += part
                if len(body) > MAX_ANSWER_BYTES:
                    return b""
    except (TimeoutError, httpx.RequestError):
        return b""
    return bytes(body)


def _receipt(body: bytes) -> tuple[str | None, str | None]:
    """Id and link of the post, where the channel gave them in a form that can be used."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(answer, dict):
        return None, None
    return _external_id(answer.get("id")), _link(answer.get("url"))


def _external_id(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.isprintable():
        return None
    return value if 0 < len(value) <= MAX_FIELD else None


def _link(value: Any) -> str | None:
    """The address in the form of a link; none for ``javascript:`` and whatever else is not one."""
    if not isinstance(value, str) or len(value) > MAX_FIELD:
        return None
    url = _url(value)
    return str(url) if url else None


def _url(address: str) -> httpx.URL | None:
    """The address, if it is one of http or https with a host that can exist."""
    try:
        url = httpx.URL(address)
        # Looking at the host decodes it, which is where a malformed xn-- name comes to light.
        is_possible = url.scheme in ("http", "https") and bool(url.host)
    except (httpx.InvalidURL, UnicodeError):
        return None
    return url if is_possible and (url.port or 0) <= 65535 else None
