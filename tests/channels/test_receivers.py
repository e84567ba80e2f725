"""A webhook leads to the public internet, or to what the settings name, and nowhere else."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.receivers import Receivers, check, may_reach
from channels.signing import signature
from config.settings import Settings, networks_in
from domain.errors import Invalid
from tests.channels.receiver import Receiver, answers, says, stalls_after

HERE = networks_in("127.0.0.0/8, ::1/128")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.0.1", "198.18.0.1", "::1", "::",
        "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)  # fmt: skip
def test_what_is_not_public_is_out_of_reach(address: str) -> None:
    assert not may_reach(ipaddress.ip_address(address), ())


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_what_is_public_is_within_reach(address: str) -> None:
    assert may_reach(ipaddress.ip_address(address), ())


def test_a_network_that_the_settings_name_is_within_reach() -> None:
    settings = Settings(webhook_networks="10.20.0.0/16,fd00:1::/32")
    reach = [
        may_reach(ipaddress.ip_address(a), settings.hook_networks)
        for a in ("10.20.3.4", "fd00:1::7", "10.21.0.1", "::ffff:10.20.3.4")
    ]
    assert reach == [True, True, False, True]
    with pytest.raises(ValueError, match="host bits"):
        Settings(webhook_networks="10.20.3.4/16")


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/hook", "ftp://crm.example/", "https://", "https://u:p@crm.example/",
        "https://u@crm.example/", "https://crm.example/#x", "https://crm.example:0/",
        "https://crm.example:99999/", "https://127.0.0.1/", "https://[::1]/", "http://localhost/",
        "https://169.254.169.254/latest", "https://[::ffff:10.0.0.1]/", "https://crm.example/ x",
        "javascript:alert(1)", "//crm.example/", "https://crm.example/\u2028", "https://[x]/",
    ],
)  # fmt: skip
def test_an_address_that_no_webhook_can_have_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(url, ())
    assert refused.value.details["field"] == "url"
    assert refused.value.way_out


@pytest.mark.parametrize("url", ["https://crm.example/hook?of=us", "https://1.1.1.1:8443/"])
def test_a_public_address_by_https_is_taken(url: str) -> None:
    check(url, ())


def test_http_leads_to_this_machine_alone_and_only_where_the_settings_say_so() -> None:
    check("http://localhost:8123/hook", HERE)
    check("http://127.0.0.1:8123/hook", HERE)
    with pytest.raises(Invalid):
        check("http://10.0.0.1/hook", networks_in("10.0.0.0/8, 127.0.0.0/8"))


async def sent(url: str, allowed: Any = HERE, total: float = 2) -> Any:
    receivers = Receivers(allowed, total)
    try:
        return await receivers.send(url, "m1", "{}", [SECRET])
    finally:
        await receivers.aclose()


async def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Receiver() as inside:
        port = inside.address.rpartition(":")[2]
        assert (await sent(f"https://localhost:{port}/", ())).error == "private_address"

        def mixed(host: str, port: int, **_: Any) -> list[Any]:
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in ("1.1.1.1", "127.0.0.1")
            ]

        monkeypatch.setattr(socket, "getaddrinfo", mixed)
        assert (await sent(f"https://crm.example:{port}/", ())).error == "private_address"
        assert inside.received == []


async def test_a_name_is_looked_up_once_and_the_call_goes_to_what_was_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that leads elsewhere at a second look (DNS rebinding) gains nothing."""
    looks: list[str] = []

    async with Receiver() as receiver:
        port = int(receiver.address.rpartition(":")[2])

        def once(host: str, port: int, **_: Any) -> list[Any]:
            looks.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", once)
        reply = await sent(f"http://localhost:{port}/hook")
        assert (reply.status, reply.error) == (200, None)
        assert receiver.received[0].headers["host"] == f"localhost:{port}"
    assert [host for host in looks if host == "localhost"] == ["localhost"]


async def test_plain_http_goes_nowhere_but_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", away)
    assert (await sent("http://localhost:9/")).error == "private_address"


async def test_every_way_of_not_answering_has_its_code() -> None:
    async with Receiver(stalls_after()) as silent, Receiver(says(b"nonsense\r\n\r\n")) as rude:
        assert (await sent(silent.url, total=0.5)).error == "timeout"
        assert (await sent(rude.url)).error == "no_answer"
        address = rude.url
    assert (await sent(address)).error == "no_connection"
    assert (await sent("https://no-such-host.invalid/")).error == "unknown_host"


async def test_of_an_answer_only_the_beginning_is_read() -> None:
    async with Receiver(answers(500, b"x\x00\xff" + b"y" * 10**6, retry_after="7")) as chatty:
        reply = await sent(chatty.url)
    assert (reply.status, reply.retry_after) == (500, 7)
    assert reply.text.startswith("x\ufffd\ufffdyyy")
    assert len(reply.text) <= 8 * 1024


async def test_a_slow_body_takes_no_answer_back() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nab"
    async with Receiver(stalls_after(head)) as slow:
        began = asyncio.get_running_loop().time()
        reply = await sent(slow.url)
        assert asyncio.get_running_loop().time() - began < 2
    assert (reply.status, reply.text) == (200, "ab")


def test_a_signature_is_that_of_the_specifications_example() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    found = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
