"""The console channel: one line per post, whatever happens around it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from channels import Outcome, Utterance, open_network
from channels.console import ConsoleNetwork
from config.settings import Settings
from domain.policy import Channel, ChannelKind
from domain.post import FindResult, PublishResult

CHANNEL = Channel(kind=ChannelKind.CONSOLE, team="care")


def network(data: Path) -> ConsoleNetwork:
    return ConsoleNetwork("shop", CHANNEL, Settings(data=data))


def utterance(post_id: str = "post-1", text: str = "We are on it.") -> Utterance:
    return Utterance(
        post_id=post_id, channel="shop", text=text, in_reply_to="c-7", conversation="t-3"
    )


def lines(data: Path) -> list[dict[str, Any]]:
    content = (data / "console.jsonl").read_bytes()
    assert content.endswith(b"\n")
    return [json.loads(line) for line in content.removesuffix(b"\n").split(b"\n")]


def run(code: str, *args: str) -> subprocess.Popen[str]:
    """Another process with the same rooms."""
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", code, *args], cwd=root, stdout=subprocess.PIPE, text=True
    )


async def test_policy_opens_a_console_channel_as_a_console(tmp_path: Path):
    opened = open_network("shop", CHANNEL, Settings(data=tmp_path))
    assert isinstance(opened, ConsoleNetwork)
    await opened.aclose()


async def test_a_published_post_is_one_line_with_everything_about_it(tmp_path: Path):
    outcome = await network(tmp_path / "not" / "there" / "yet").publish(utterance())
    [line] = lines(tmp_path / "not" / "there" / "yet")
    assert outcome == Outcome(result=PublishResult.PUBLISHED, external_id="post-1")
    assert line.pop("at").endswith("Z")
    assert line == {
        "post_id": "post-1",
        "channel": "shop",
        "in_reply_to": "c-7",
        "conversation": "t-3",
        "text": "We are on it.",
    }


@pytest.mark.parametrize(
    "text",
    [
        "شكراً لكم، سنرد غداً",
        "\u202bתודה\u202c – 👩🏽‍🚒🏳️‍🌈",
        'a line\nand "another"\u2028and one more\r\n',
        '{"post_id": "post-9"}',
    ],
)
async def test_every_text_comes_back_as_it_went_in(tmp_path: Path, text: str):
    await network(tmp_path).publish(utterance(text=text))
    assert [line["text"] for line in lines(tmp_path)] == [text]


async def test_text_that_quotes_another_post_id_is_not_mistaken_for_it(tmp_path: Path):
    await network(tmp_path).publish(utterance(text='{"post_id": "post-9"}'))
    assert (await network(tmp_path).find("post-9")).result is FindResult.ABSENT


async def test_the_same_post_again_is_published_but_not_written_twice(tmp_path: Path):
    await network(tmp_path).publish(utterance(text="first"))
    again = await network(tmp_path).publish(utterance(text="second"))
    assert again.result is PublishResult.PUBLISHED
    assert [line["text"] for line in lines(tmp_path)] == ["first"]


async def test_fifty_attempts_at_once_leave_one_line(tmp_path: Path):
    outcomes = await asyncio.gather(
        *(network(tmp_path).publish(utterance(text=str(n))) for n in range(50))
    )
    assert {outcome.result for outcome in outcomes} == {PublishResult.PUBLISHED}
    assert len(lines(tmp_path)) == 1


async def test_two_processes_at_once_leave_one_line_for_each_post(tmp_path: Path):
    code = """
import asyncio, pathlib, sys
from tests.channels.test_console import network, utterance
async def main():
    for n in range(40):
        await network(pathlib.Path(sys.argv[1])).publish(utterance(f"post-{n}", "x" * 5000))
asyncio.run(main())
"""
    for process in [run(code, str(tmp_path)) for _ in range(2)]:
        out, _ = await asyncio.to_thread(process.communicate)
        assert (process.returncode, out) == (0, "")
    assert sorted(line["post_id"] for line in lines(tmp_path)) == sorted(
        f"post-{n}" for n in range(40)
    )


async def test_what_was_published_is_found_and_nothing_else(tmp_path: Path):
    assert (await network(tmp_path).find("post-1")).result is FindResult.ABSENT
    await network(tmp_path).publish(utterance())
    found = await network(tmp_path).find("post-1")
    assert (found.result, found.external_id) == (FindResult.FOUND, "post-1")
    assert (await network(tmp_path).find("post-")).result is FindResult.ABSENT


@pytest.mark.parametrize("length", [1, 20, -1])
async def test_a_line_torn_by_a_crash_is_absent_and_spoils_nothing(tmp_path: Path, length: int):
    """Also where only the end of the line is missing (-1)."""
    await network(tmp_path).publish(utterance("post-1"))
    file = tmp_path / "console.jsonl"
    whole = file.read_bytes()
    torn = whole.replace(b"post-1", b"post-2")[:length]
    file.write_bytes(whole + torn)

    assert (await network(tmp_path).find("post-2")).result is FindResult.ABSENT
    await network(tmp_path).publish(utterance("post-3"))
    await network(tmp_path).publish(utterance("post-2"))
    assert [line["post_id"] for line in lines(tmp_path)] == ["post-1", "post-3", "post-2"]


async def test_a_disk_that_fills_up_while_writing_leaves_it_unclear_until_looked_for(
    tmp_path: Path,
):
    code = """
import asyncio, pathlib, resource, sys
from tests.channels.test_console import network, utterance
resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))
print(asyncio.run(network(pathlib.Path(sys.argv[1])).publish(utterance())).result)
"""
    process = run(code, str(tmp_path))
    out, _ = await asyncio.to_thread(process.communicate)

    assert out.strip() == PublishResult.UNCLEAR
    assert (tmp_path / "console.jsonl").stat().st_size == 50
    assert (await network(tmp_path).find("post-1")).result is FindResult.ABSENT
    await network(tmp_path).publish(utterance())
    assert len(lines(tmp_path)) == 1


async def test_lines_that_somebody_wrote_by_hand_do_no_harm(tmp_path: Path):
    (tmp_path / "console.jsonl").write_bytes(b'"post-1"\n["post-1"]\nnot json "post-1"\n\xff\n')
    assert (await network(tmp_path).find("post-1")).result is FindResult.ABSENT


async def test_a_file_that_cannot_be_opened_means_certainly_not_sent(tmp_path: Path):
    (tmp_path / "console.jsonl").mkdir()
    outcome = await network(tmp_path).publish(utterance())
    assert outcome == Outcome(result=PublishResult.NOT_SENT, code="file_error")
    assert (await network(tmp_path).find("post-1")).result is FindResult.UNAVAILABLE


def test_an_utterance_does_not_show_its_text_where_it_may_be_logged():
    assert "We are on it" not in repr(utterance())
