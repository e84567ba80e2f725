"""The webhook channel against a real server: what every kind of answer means."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from channels import Earlier, Outcome, Sighting, Utterance, open_network
from channels.webhook import MAX_ANSWER_BYTES, USUAL, Timeouts, WebhookNetwork
from config.settings import Settings
from domain.policy import Channel, ChannelKind
from domain.post import FindResult, PostKind, PublishResult
from tests.builders import AT
from tests.channels.receiver import (
    Behaviour,
    Receiver,
    answers,
    resets,
    says,
    stalls_after,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
TEXT = "We are on it. شكراً 👩🏽‍🚒"
SHORT = Timeouts(connect=0.3, total=0.6)


def settings(secret: str | None = SECRET) -> Settings:
    return Settings(
        data=Path("unused"), channel_secrets={"blog": SecretStr(secret)} if secret else {}
    )


def utterance(post_id: str = "01JPOST", text: str = TEXT) -> Utterance:
    return Utterance(
        post_id=post_id, channel="blog", text=text, in_reply_to="c-7", conversation="t-3"
    )


@asynccontextmanager
async def opened(
    url: str,
    *,
    find_url: str | None = None,
    secret: str | None = SECRET,
    timeouts: Timeouts = USUAL,
) -> AsyncIterator[WebhookNetwork]:
    channel = Channel(kind=ChannelKind.WEBHOOK, team="care", url=url, find_url=find_url)
    network = WebhookNetwork("blog", channel, settings(secret), timeouts)
    try:
        yield network
    finally:
        await network.aclose()


async def published(behaviour: Behaviour, timeouts: Timeouts = USUAL) -> Outcome:
    """What publishing comes to at a server that behaves like this."""
    async with Receiver(behaviour) as receiver, opened(receiver.url, timeouts=timeouts) as network:
        outcome = await network.publish(utterance())
    assert len(receiver.received) == 1
    return outcome


async def found(behaviour: Behaviour, timeouts: Timeouts = USUAL) -> Sighting:
    async with (
        Receiver(behaviour) as receiver,
        opened(receiver.url, find_url=receiver.url, timeouts=timeouts) as network,
    ):
        return await network.find("01JPOST")


@asynccontextmanager
async def serving(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """The address of a server that need not speak HTTP."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


# What is sent. -------------------------------------------------------------------------------


async def test_policy_opens_a_webhook_channel_as_a_webhook():
    channel = Channel(kind=ChannelKind.WEBHOOK, team="care", url="https://blog.example/hook")
    network = open_network("blog", channel, settings())
    assert isinstance(network, WebhookNetwork)
    await network.aclose()


async def test_a_post_arrives_whole_and_with_a_signature_the_library_accepts():
    async with Receiver() as receiver, opened(receiver.url) as network:
        await network.publish(utterance())
    [request] = receiver.received
    message = Webhook(SECRET).verify(request.body, request.headers)
    assert (request.method, request.target) == ("POST", "/hook")
    assert request.headers["webhook-id"] == "01JPOST"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert message["type"] == "post.published"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z", message["timestamp"])
    assert message["data"] == {
        "post_id": "01JPOST",
        "channel": "blog",
        "conversation": "t-3",
        "in_reply_to": "c-7",
        "text": TEXT,
    }


async def test_a_correction_names_what_it_corrects_to_people_and_to_programs():
    earlier = Earlier(post_id="01JOLD", published_at=AT, external_id="b-9")
    said = utterance().model_copy(
        update={"kind": PostKind.CORRECTION, "corrects": earlier, "same_answer_to": 3}
    )
    async with Receiver() as receiver, opened(receiver.url) as network:
        await network.publish(said)
    [request] = receiver.received
    data = Webhook(SECRET).verify(request.body, request.headers)["data"]
    assert (data["kind"], data["same_answer_to"]) == ("correction", 3)
    assert data["corrects"] == {"post_id": "01JOLD", "id": "b-9"}
    assert data["text"].startswith("Correction of what we published on 2026-03-02 09:00 UTC:")
    assert data["text"].endswith("The same answer goes to 3 people who raised this.")


async def test_a_changed_text_no_longer_fits_the_signature():
    async with Receiver() as receiver, opened(receiver.url) as network:
        await network.publish(utterance())
    [request] = receiver.received
    changed = request.body.replace(b"We are", b"We aren't")
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(SECRET).verify(changed, request.headers)


async def test_every_attempt_carries_the_same_message_id():
    async with Receiver(answers(503)) as receiver, opened(receiver.url) as network:
        await network.publish(utterance())
        await network.publish(utterance())
    assert [r.headers["webhook-id"] for r in receiver.received] == ["01JPOST", "01JPOST"]


async def test_every_post_has_a_connection_of_its_own():
    """One that is kept may be closed by the other side just as the next post is written to it."""
    connections = 0

    async def keep_alive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.read(100_000):
            writer.write(b"HTTP/1.1 200 So\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with serving(keep_alive) as address, opened(f"http://{address}/") as network:
        for n in range(3):
            await network.publish(utterance(str(n), "short"))
    assert connections == 3


async def test_no_proxy_of_the_environment_comes_between(monkeypatch: pytest.MonkeyPatch):
    async with Receiver() as proxy, Receiver() as receiver:
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
        async with opened(receiver.url) as network:
            await network.publish(utterance())
    assert (len(proxy.received), len(receiver.received)) == (0, 1)


async def test_neither_text_nor_secret_nor_address_is_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    async with Receiver() as receiver:
        url = f"http://user:passphrase@{receiver.address}/hook?token=t0ken"
        async with opened(url, find_url=url) as network:
            await network.publish(utterance())
            await network.find("01JPOST")
    assert len(receiver.received) == 2
    for private in ("We are on it", SECRET.removeprefix("whsec_"), "passphrase", "t0ken"):
        assert private not in caplog.text


# What an answer means. -----------------------------------------------------------------------

ANSWERS = {
    PublishResult.PUBLISHED: [200, 201, 202, 204, 226],
    PublishResult.REFUSED: [
        *(300, 301, 302, 304, 307, 308),
        *(400, 401, 403, 404, 405, 410, 413, 415, 421, 422, 451, 499),
    ],
    PublishResult.NOT_SENT: [425, 429],
    PublishResult.UNCLEAR: [303, 408, 409, 500, 501, 502, 503, 504, 520, 599, 600, 999],
}


@pytest.mark.parametrize(
    ("status", "result"), [(s, result) for result, many in ANSWERS.items() for s in many]
)
async def test_a_status_means_exactly_this(status: int, result: PublishResult):
    outcome = await published(answers(status))
    code = "" if result is PublishResult.PUBLISHED else f"http_{status}"
    assert outcome == Outcome(result=result, code=code)


async def test_a_switch_of_protocols_is_unclear():
    outcome = await published(says(b"HTTP/1.1 101 So\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"))
    assert outcome.result is PublishResult.UNCLEAR


async def test_an_early_hint_is_not_taken_for_the_answer():
    hint = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    outcome = await published(says(hint + b"HTTP/1.1 422 So\r\ncontent-length: 0\r\n\r\n"))
    assert outcome.code == "http_422"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int):
    async with Receiver() as elsewhere:
        await published(answers(status, location=elsewhere.url))
    assert elsewhere.received == []


@pytest.mark.parametrize("location", ["http://xn--/", "http://[", "http://x:port/"])
async def test_a_redirect_to_an_impossible_address_is_never_worse_than_unclear(location: str):
    outcome = await published(answers(302, location=location))
    assert outcome.result in (PublishResult.REFUSED, PublishResult.UNCLEAR)


@pytest.mark.parametrize(
    ("body", "external_id", "url"),
    [
        (b'{"id": "b-1", "url": "https://blog.example/b-1"}', "b-1", "https://blog.example/b-1"),
        (b'{"id": 41, "url": "http://blog.example/41"}', "41", "http://blog.example/41"),
        (b'{"id": "b-1"}', "b-1", None),
        (b'{"id": true, "url": 7}', None, None),
        (b'{"id": "", "url": ""}', None, None),
        (b'{"id": "a\\u0007b", "url": "https://blog.example/\\ud800"}', None, None),
        (b'{"id": ["b-1"], "url": {"href": "https://blog.example"}}', None, None),
        (b'{"url": "javascript:alert(1)"}', None, None),
        (b'{"url": "data:text/html,hello"}', None, None),
        (b'{"url": "/b-1"}', None, None),
        (b'{"url": " https://blog.example"}', None, None),
        (b'{"url": "http://xn--/"}', None, None),
        (b'{"url": "https://blog.example/\\"><b>"}', None, "https://blog.example/%22%3E%3Cb%3E"),
        (b'{"url": "https://blog.example/' + b"x" * 3000 + b'"}', None, None),
        (b'["b-1"]', None, None),
        (b"thank you", None, None),
        (b"\xff\xfe", None, None),
        (b"[" * 50_000, None, None),
        (b'{"id": ' + b"9" * 5_000 + b"}", None, None),
    ],
)
async def test_id_and_link_are_taken_only_where_they_can_be_used(
    body: bytes, external_id: str | None, url: str | None
):
    assert await published(answers(200, body)) == Outcome(
        result=PublishResult.PUBLISHED, external_id=external_id, url=url
    )


async def test_an_endless_body_is_not_read_on_and_the_post_is_published():
    flood = b"HTTP/1.1 200 So\r\n\r\n" + b"x" * (MAX_ANSWER_BYTES + 1)
    outcome = await asyncio.wait_for(published(stalls_after(flood)), 5)
    assert outcome == Outcome(result=PublishResult.PUBLISHED)


async def test_a_compressed_body_is_not_unfolded():
    outcome = await published(answers(200, b'{"id": "b-1"}', content_encoding="gzip"))
    assert outcome.result is PublishResult.PUBLISHED


@pytest.mark.parametrize(
    "behaviour",
    [
        says(b'HTTP/1.1 200 So\r\ncontent-length: 500\r\n\r\n{"id": "b-1"'),
        stalls_after(b'HTTP/1.1 200 So\r\ncontent-length: 500\r\n\r\n{"id": "b-1"'),
    ],
    ids=["breaks off", "stalls"],
)
async def test_a_body_that_does_not_come_takes_nothing_back(behaviour: Behaviour):
    assert await published(behaviour, SHORT) == Outcome(result=PublishResult.PUBLISHED)


# What silence means. -------------------------------------------------------------------------


async def test_a_refused_connection_means_certainly_not_sent():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with opened(f"http://127.0.0.1:{closed.getsockname()[1]}/") as network:
            outcome = await network.publish(utterance())
    assert outcome == Outcome(result=PublishResult.NOT_SENT, code="no_connection")


async def test_a_host_that_has_no_address_means_certainly_not_sent():
    # A label longer than 63 letters: no name server is asked.
    async with opened(f"http://{'x' * 64}.invalid/") as network:
        outcome = await network.publish(utterance())
    assert outcome == Outcome(result=PublishResult.NOT_SENT, code="no_connection")


async def test_a_failed_tls_handshake_means_certainly_not_sent():
    heard: list[bytes] = []

    async def answer_in_clear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100_000))
        writer.write(b"HTTP/1.1 400 So\r\n\r\n")
        writer.close()

    async with serving(answer_in_clear) as address, opened(f"https://{address}/") as network:
        outcome = await network.publish(utterance())
    assert outcome == Outcome(result=PublishResult.NOT_SENT, code="no_connection")
    assert b"01JPOST" not in b"".join(heard)


async def test_a_connection_that_is_not_made_in_time_means_certainly_not_sent():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        async with opened(url, timeouts=Timeouts(connect=0.2, total=20)) as network:
            outcome = await network.publish(utterance())
    assert outcome == Outcome(result=PublishResult.NOT_SENT, code="no_connection")


async def test_no_free_connection_means_certainly_not_sent():
    async with (
        Receiver(stalls_after()) as receiver,
        opened(receiver.url, timeouts=Timeouts(connect=0.3, total=1)) as network,
    ):
        outcomes = await asyncio.gather(*(network.publish(utterance(str(n))) for n in range(12)))
    codes = sorted(outcome.code for outcome in outcomes)
    assert codes == ["no_connection"] * 2 + ["timeout"] * 10
    assert len(receiver.received) == 10


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///hook",
        "http://[bad",
        "http://host:port/",
        "http://127.0.0.1:70000/",
        "http://xn--/",
        "http://999.1.1.1/",
        "http://x\x00/",
    ],
)
async def test_an_impossible_address_means_certainly_not_sent(url: str):
    async with opened(url, find_url=url) as network:
        outcome = await network.publish(utterance())
        sighting = await network.find("01JPOST")
    assert outcome.result is PublishResult.NOT_SENT
    assert outcome.code in ("bad_address", "no_connection")
    assert sighting == Sighting(result=FindResult.UNAVAILABLE)


@pytest.mark.parametrize(
    "behaviour",
    [
        says(b""),
        resets,
        says(b"HTTP/1.1 200"),
        says(b"SSH-2.0-OpenSSH_9.6\r\n"),
        says(b"HTTP/1.1 200 So\r\nno colon\r\n\r\n"),
        says(b"HTTP/1.1 200 So\r\nx: " + b"x" * 200_000),
    ],
    ids=["closes", "resets", "breaks off", "speaks another tongue", "bad header", "long header"],
)
async def test_a_server_that_takes_the_post_and_gives_no_answer_leaves_it_unclear(
    behaviour: Behaviour,
):
    assert await published(behaviour) == Outcome(result=PublishResult.UNCLEAR, code="no_answer")


async def test_a_connection_that_breaks_while_we_send_leaves_it_unclear():
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.transport.abort()

    async with serving(hang_up) as address, opened(f"http://{address}/") as network:
        outcome = await network.publish(utterance(text="x" * 20_000_000))
    assert outcome == Outcome(result=PublishResult.UNCLEAR, code="no_answer")


@pytest.mark.parametrize(
    "behaviour",
    [stalls_after(), stalls_after(b"HTTP/1.1 200 So\r\nx: y")],
    ids=["says nothing", "stalls in its headers"],
)
async def test_a_server_slower_than_the_timeout_leaves_it_unclear(behaviour: Behaviour):
    outcome = await published(behaviour, SHORT)
    assert outcome == Outcome(result=PublishResult.UNCLEAR, code="timeout")


async def test_a_server_that_drips_is_given_no_longer_than_the_total():
    async def drip(writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 So\r\nx: " + b"y" * 1000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    outcome = await asyncio.wait_for(published(drip, SHORT), 5)
    assert outcome == Outcome(result=PublishResult.UNCLEAR, code="timeout")


async def test_after_a_silent_server_the_same_network_still_publishes():
    async with (
        Receiver(stalls_after()) as receiver,
        opened(receiver.url, timeouts=SHORT) as network,
    ):
        await asyncio.gather(*(network.publish(utterance(str(n))) for n in range(10)))
        receiver.behaviour = answers(201)
        outcome = await network.publish(utterance())
    assert outcome.result is PublishResult.PUBLISHED


# Without a secret. ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        (None, "no_secret"),
        (" ", "no_secret"),
        ("whsec_", "bad_secret"),
        ("whsec_dG9vIHNob3J0", "bad_secret"),
        ("whsec_not in base64 at all, but long enough to be a secret", "bad_secret"),
        ("whsec_geheim-ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß", "bad_secret"),
    ],
)
async def test_without_a_usable_secret_nothing_is_sent_and_the_log_says_how_to_set_one(
    secret: str | None, code: str, caplog: pytest.LogCaptureFixture
):
    async with (
        Receiver() as receiver,
        opened(receiver.url, find_url=receiver.url, secret=secret) as network,
    ):
        outcome = await network.publish(utterance())
        sighting = await network.find("01JPOST")
    assert outcome == Outcome(result=PublishResult.NOT_SENT, code=code)
    assert sighting == Sighting(result=FindResult.UNAVAILABLE)
    assert receiver.received == []
    assert """ANSWERABLE_CHANNEL_SECRETS='{"blog": "whsec_…"}'""" in caplog.text
    # A secret of one blank, or of nothing but the prefix, cannot be told from the rest.
    assert secret is None or len(secret) < 8 or secret not in caplog.text


@pytest.mark.parametrize("secret", [SECRET.rstrip("="), SECRET.removeprefix("whsec_")])
async def test_a_secret_may_come_without_its_prefix_or_padding(secret: str):
    async with Receiver() as receiver, opened(receiver.url, secret=secret) as network:
        await network.publish(utterance())
    [request] = receiver.received
    Webhook(SECRET).verify(request.body, request.headers)


# Looking a post up. --------------------------------------------------------------------------

SIGHTINGS = {
    FindResult.FOUND: [200],
    FindResult.ABSENT: [404, 410],
    FindResult.UNAVAILABLE: [201, 204, 301, 302, 303, 400, 401, 403, 408, 429, 500, 502, 503, 504],
}


@pytest.mark.parametrize(
    ("status", "result"), [(s, result) for result, many in SIGHTINGS.items() for s in many]
)
async def test_a_status_of_the_look_up_means_exactly_this(status: int, result: FindResult):
    assert await found(answers(status)) == Sighting(result=result)


async def test_the_look_up_asks_for_the_id_and_is_signed_for_now():
    async with Receiver() as receiver:
        find_url = f"http://{receiver.address}/posts?site=7"
        async with opened(receiver.url, find_url=find_url) as network:
            await network.find("01JPOST")
    [request] = receiver.received
    assert (request.method, request.body) == ("GET", b"")
    assert request.query == {"site": ["7"], "id": ["01JPOST"]}
    assert request.headers["webhook-id"] == "01JPOST"
    Webhook(SECRET).verify(b"", request.headers, json_parse=False)
    at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
    assert datetime.now(UTC) - at < timedelta(seconds=10)


async def test_a_found_post_brings_its_id_and_link():
    sighting = await found(answers(200, b'{"id": "b-1", "url": "https://blog.example/b-1"}'))
    assert sighting == Sighting(
        result=FindResult.FOUND, external_id="b-1", url="https://blog.example/b-1"
    )


async def test_without_a_find_url_nobody_can_tell():
    async with Receiver() as receiver, opened(receiver.url) as network:
        assert await network.find("01JPOST") == Sighting(result=FindResult.CANNOT_TELL)
    assert receiver.received == []


@pytest.mark.parametrize(
    "behaviour", [says(b""), resets, stalls_after()], ids=["closes", "resets", "stalls"]
)
async def test_a_look_up_without_an_answer_can_be_tried_again(behaviour: Behaviour):
    assert await found(behaviour, SHORT) == Sighting(result=FindResult.UNAVAILABLE)
