"""One POST to the receiver of a webhook, and never to a place inside our own network.

An address is typed in by an admin, but a name leads where its owner says, and may lead elsewhere a
moment later. So a name is looked up here, what it leads to is judged, and the connection goes to
that very address: between the look and the call nothing is looked up again. No redirect is
followed, no proxy is asked, and of the answer only the beginning is read.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from urllib.parse import urlsplit

import httpx

from channels.signing import signature
from channels.webhook import tls
from config.settings import Network, is_loopback
from domain.errors import Invalid
from domain.hooks import Reply

LONGEST = 2000
"""Characters of an address."""

TOTAL = 10.0
"""Seconds for one call, from the name's lookup to the answer."""

CONNECT = 5.0

MOST = 8 * 1024
"""Bytes that are read of an answer."""

LOOKUPS = 8
"""Names that are looked up at the same time."""

LONGEST_PAUSE = 6 * 3600
"""A receiver may ask to be left alone for so many seconds at once."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(Exception):
    """It leads to a place that no hook may reach."""


# What may be reached. --------------------------------------------------------------------------


def may_reach(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether a hook may lead there: to the public internet, and to what the settings name."""
    inner = _inner(address)
    if any(inner.version == network.version and inner in network for network in allowed):
        return True
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def _inner(address: Address) -> Address:
    """The address that this one stands for: an IPv4 address can be spelt as several of IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped or address.sixtofour:
            return address.ipv4_mapped or address.sixtofour or address
        if address.teredo:
            return address.teredo[1]
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def check(url: str, allowed: Sequence[Network]) -> None:
    """Raise Invalid for an address that no hook can have. Where its name leads is judged whenever
    something is sent."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        str(httpx.URL(url).host)
    except (ValueError, httpx.InvalidURL):
        raise _invalid("this is no address", "write it as https://host/path") from None
    if not host or port == 0 or not url.isprintable() or " " in url:
        raise _invalid("this is no address", "write it as https://host/path")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _invalid(
            "an address holds no password and no #fragment",
            "leave it out: the signature says who is speaking",
        )
    literal = _literal(host)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(host, allowed)):
        raise _invalid("a webhook goes by https only", "give an address that begins with https://")
    if literal is not None and not may_reach(literal, allowed):
        raise _invalid(
            "this leads into a private network",
            "give a public address, or have the network named in ANSWERABLE_WEBHOOK_NETWORKS",
        )


def _is_here(host: str, allowed: Sequence[Network]) -> bool:
    """Whether this is the machine itself, and the settings let hooks reach it."""
    literal = _literal(host) or ipaddress.ip_address("127.0.0.1")
    return is_loopback(host) and may_reach(literal, allowed)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _invalid(message: str, way_out: str) -> Invalid:
    return Invalid("bad_address", message, way_out, field="url")


# Calling. --------------------------------------------------------------------------------------


class _Guarded(httpx.AsyncHTTPTransport):
    """Connects to the addresses that were judged and to no other."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        # A kept connection is found again by its address, under which several names may live.
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
        super().__init__(verify=tls(), trust_env=False, limits=limits)
        self._allowed = allowed
        # Names that are looked up slowly hold up no other work of this process.
        self._lookups = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")

    async def aclose(self) -> None:
        await super().aclose()
        self._lookups.shutdown(wait=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        addresses = await self._addresses(host, request.url.port)
        if request.url.scheme != "https" and not all(a.is_loopback for a in addresses):
            raise Refused
        # The certificate has to be that of the name; the header Host says it already.
        request.extensions = {**request.extensions, "sni_hostname": host}
        for n, address in enumerate(addresses, 1):
            request.url = request.url.copy_with(host=str(address))
            try:
                return await super().handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if n == len(addresses):
                    raise
        raise httpx.ConnectError("the name leads nowhere")

    async def _addresses(self, host: str, port: int | None) -> list[Address]:
        """Where the name leads. Raises Refused if any of it is out of bounds: a name that leads
        inside at times is no accident."""
        loop = asyncio.get_running_loop()
        look = partial(socket.getaddrinfo, host, port or 443, type=socket.SOCK_STREAM)
        found = await loop.run_in_executor(self._lookups, look)
        addresses = list(dict.fromkeys(ipaddress.ip_address(f[4][0]) for f in found))
        if not all(may_reach(address, self._allowed) for address in addresses):
            raise Refused
        return addresses


class Receivers:
    """Whoever is told by webhook. One for each process."""

    def __init__(self, allowed: Sequence[Network], total: float = TOTAL) -> None:
        self._total = total
        self._client = httpx.AsyncClient(
            transport=_Guarded(allowed),
            timeout=httpx.Timeout(None, connect=CONNECT, pool=CONNECT),
            follow_redirects=False,
            trust_env=False,
            headers={
                "user-agent": "answerable",
                "accept-encoding": "identity",
                "content-type": "application/json",
            },
        )

    async def send(self, url: str, message_id: str, body: str, secrets: Sequence[str]) -> Reply:
        """Send one message once, signed by each of these secrets. Never raises for what the other
        side does."""
        at, began = datetime.now(UTC), time.monotonic()
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signature(s, message_id, at, body) for s in secrets),
        }
        reply = await self._post(url, body, headers)
        spent = int((time.monotonic() - began) * 1000)
        return reply.model_copy(update={"milliseconds": spent})

    async def _post(self, url: str, body: str, headers: Mapping[str, str]) -> Reply:
        try:
            async with asyncio.timeout(self._total):
                request = self._client.build_request("POST", url, headers=headers, content=body)
                response = await self._client.send(request, stream=True)
        except Refused:
            return Reply(error="private_address")
        except TimeoutError:
            return Reply(error="timeout")
        except socket.gaierror:
            return Reply(error="unknown_host")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            is_tls = "certificate" in str(error).lower() or "ssl" in str(error).lower()
            return Reply(error="bad_certificate" if is_tls else "no_connection")
        except (httpx.RequestError, httpx.InvalidURL, ValueError, OSError):
            return Reply(error="no_answer")
        try:
            text = await self._beginning(response)
        finally:
            await response.aclose()
        pause = _pause(response.headers)
        return Reply(status=response.status_code, text=text, retry_after=pause)

    async def _beginning(self, response: httpx.Response) -> str:
        """How the answer begins. The status has been said, and a slow body does not take it back;
        but nobody waits for it for long."""
        found = bytearray()
        try:
            async with asyncio.timeout(1):
                async for part in response.aiter_raw():
                    found += part
                    if len(found) >= MOST:
                        break
        except (TimeoutError, httpx.RequestError):
            pass
        return found[:MOST].decode(errors="replace").replace("\x00", "�")

    async def aclose(self) -> None:
        await self._client.aclose()


def _pause(headers: httpx.Headers) -> int | None:
    """For how many seconds the receiver asks to be left alone."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), LONGEST_PAUSE)
    try:
        moment = parsedate_to_datetime(value)
        left = (moment - datetime.now(moment.tzinfo or UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(int(left), 0), LONGEST_PAUSE)
