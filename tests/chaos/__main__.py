"""Kill worker, api and Temporal at random while many cases are under way; lose nothing.

``make chaos`` (or ``python -m tests.chaos --cases 500 --kills 10``) starts a stack of its own in a
temporary folder, on loopback, with a webhook receiver that misbehaves. People claim, propose and
approve over HTTP and repeat what was not answered, with the same key. Then every comment must
have its one case, every case its one published post, every post must have arrived exactly once
or be listed as unconfirmed, and every chain must hold. Exits non-zero otherwise.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from sqlalchemy import func, select
from sqlmodel import col

from answerable import embedded, guard
from config.settings import Settings
from domain.policy import GENERAL, Channel, ChannelKind, Policy
from store import people, policies, records, tables
from store.database import Database
from store.migrate import upgrade
from tests.builders import CAST, plan
from tests.chaos.receiver import Receiver

SECRET = "whsec_" + "Y2hhb3Mtb25seS1uZXZlci1pbi1lYXJuZXN0ISE="
out = Console(soft_wrap=True)


@dataclass
class Ports:
    temporal: int
    api: int
    receiver: int


@dataclass
class Stack:
    """Temporal, worker and api as processes that can be killed and brought back."""

    data: Path
    ports: Ports
    children: dict[str, guard.Child] = field(default_factory=dict)
    kills: list[str] = field(default_factory=list)

    async def start(self, name: str) -> None:
        if name == "temporal":
            binary = embedded.find_binary(Settings())
            self.children[name] = await embedded.start_temporal(
                binary, self.data, self.ports.temporal, None
            )
            return
        self.children[name] = await guard.start(
            name,
            [sys.executable, "-m", "answerable", name],
            self._environment(),
            self.data / "logs" / f"{name}.log",
        )

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "ANSWERABLE_DATA": str(self.data),
            "ANSWERABLE_PORT": str(self.ports.api),
            "ANSWERABLE_CHANNEL_SECRETS": f'{{"hook": "{SECRET}"}}',
            "TEMPORAL_ADDRESS": f"127.0.0.1:{self.ports.temporal}",
        }

    async def kill(self, name: str, pause: float) -> None:
        """SIGKILL one part, let the others feel it, bring it back."""
        child = self.children[name]
        os.kill(child.pid, signal.SIGKILL)
        await child.wait()
        self.kills.append(name)
        await asyncio.sleep(pause)
        await self.start(name)

    async def stop(self) -> None:
        for name in ("api", "worker", "temporal"):
            if name in self.children:
                await self.children[name].stop(20)


def furnish(database: Database, ports: Ports) -> dict[str, str]:
    """Policy, cast and a token each."""
    hook = Channel(
        kind=ChannelKind.WEBHOOK,
        team="care",
        url=f"http://127.0.0.1:{ports.receiver}/hook",
        find_url=f"http://127.0.0.1:{ports.receiver}/find",
        posts_per_second=100,
    )
    policy = Policy(
        channels={"hook": hook},
        teams={"care": "Care", "shop": "Shop"},
        terms={GENERAL: plan()},
    )
    at = datetime.now(UTC)
    with database.writing() as session:
        policies.apply(session, policy, "root", at)
        for person in CAST:
            people.put_person(
                session, person.id, person.id, person.roles, person.memberships, at, by="root"
            )
        return {p.id: people.create_token(session, p.id, at, by="root") for p in CAST}


@dataclass
class Crowd:
    """Everybody who uses the service; each repeats a request until it is answered."""

    http: httpx.AsyncClient
    tokens: dict[str, str]
    give_up_at: float
    repeats: int = 0

    async def ask(self, who: str, method: str, path: str, body: Any, key: str) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}", "Idempotency-Key": key}
        while time.monotonic() < self.give_up_at:
            try:
                answer = await self.http.request(method, path, json=body, headers=headers)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code not in (202, 404, 429, 500, 502, 503):
                return answer.json() if answer.is_success else self._refused(path, answer)
            self.repeats += 1
            await asyncio.sleep(0.3)
        raise TimeoutError(f"{path} was never answered")

    def _refused(self, path: str, answer: httpx.Response) -> Any:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")

    async def live_through(self, n: int) -> str:
        """One case: a comment, a claim, a proposal with its words, an approval."""
        comment = {
            "channel": "hook",
            "external_id": f"c{n}",
            "author": {"handle": f"u{n}"},
            "text": f"Comment number {n}: where is my order?",
            "posted_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
        }
        opened = await self.ask("hook", "POST", "/api/v1/comments", comment, f"c{n}")
        path = f"/api/v1/escalations/{opened['escalation_id']}"
        await self.ask("ada", "POST", f"{path}/claim", {}, f"claim{n}")
        words = {"request": "May I?", "reply": f"Answer number {n}: it left today."}
        await self.ask("ada", "POST", f"{path}/propose", words, f"propose{n}")
        await self.ask("cora", "POST", f"{path}/approve", {}, f"approve{n}")
        return str(opened["escalation_id"])


async def murder(stack: Stack, kills: int, seconds: float, chance: random.Random) -> None:
    """Spread the kills over the given time."""
    for n in range(kills):
        await asyncio.sleep(seconds / kills * (0.5 + chance.random()))
        name = ("worker", "api", "temporal")[n] if n < 3 else chance.choice(list(stack.children))
        out.print(f"kill {n + 1} of {kills}: {name}")
        await stack.kill(name, chance.random() * 3)


async def settled(database: Database, cases: int, seconds: float) -> None:
    """Wait until every post is published, or as settled as it can be."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        with database.reading() as session:
            statement = select(col(tables.Post.stage), func.count()).group_by(tables.Post.stage)
            counts: dict[str, int] = {row[0]: row[1] for row in session.execute(statement)}
        out.print(f"posts: {counts}")
        if counts.get("published", 0) == cases:
            return
        await asyncio.sleep(5)


def verdict(database: Database, receiver: Receiver, cases: int) -> list[str]:
    """Everything that is not as it should be."""
    wrong = []
    with database.reading() as session:
        comments = session.scalar(select(func.count()).select_from(tables.Comment))
        escalations = session.scalars(select(tables.Escalation)).all()
        posts = session.scalars(select(tables.Post)).all()
        streams = session.scalars(select(col(tables.Snapshot.stream))).all()
        forks = session.scalar(select(func.count()).select_from(tables.Fork))
        broken = [s for s in streams if records.verify(session, s) is not None]
    if (comments, len(escalations), len(posts)) != (cases, cases, cases):
        wrong.append(f"{comments} comments, {len(escalations)} cases, {len(posts)} posts")
    if broken or forks:
        wrong.append(f"{len(broken)} broken chains, {forks} forks")
    for post in posts:
        times = receiver.taken[post.id]
        if post.stage == "published" and times != 1:
            wrong.append(f"post {post.id} is published and arrived {times} times")
        elif post.stage not in ("published", "unconfirmed"):
            wrong.append(f"post {post.id} is {post.stage} and arrived {times} times")
        elif times > 1:
            wrong.append(f"post {post.id} arrived {times} times")
    if receiver.unsigned:
        wrong.append(f"{receiver.unsigned} posts were not signed")
    return wrong


async def run(cases: int, kills: int, seconds: float, seed: int, data: Path) -> int:
    ports = Ports(*embedded.free_ports(0, 0, 0))
    database = Database(Settings(data=data).url)
    upgrade(database)
    tokens = furnish(database, ports)
    receiver = Receiver(SECRET, seed)
    stack = Stack(data, ports)
    limits = httpx.Limits(max_connections=40)
    began_at = time.monotonic()
    async with (
        receiver.serving(ports.receiver),
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{ports.api}", timeout=30, limits=limits
        ) as http,
    ):
        try:
            for name in ("temporal", "worker", "api"):
                await stack.start(name)
            crowd = Crowd(http, tokens, give_up_at=began_at + 10 * seconds + 300)
            killing = asyncio.create_task(murder(stack, kills, seconds, random.Random(seed)))
            await asyncio.gather(*(crowd.live_through(n) for n in range(cases)))
            await killing
            await settled(database, cases, seconds=300)
        finally:
            await stack.stop()
    wrong = verdict(database, receiver, cases)
    out.print(
        f"{cases} cases, {len(stack.kills)} kills ({', '.join(stack.kills)}), "
        f"{crowd.repeats} repeated requests, {sum(receiver.taken.values())} posts arrived, "
        f"{time.monotonic() - began_at:.0f} s"
    )
    for line in wrong:
        out.print(f"WRONG: {line}")
    out.print("Nothing was lost." if not wrong else f"{len(wrong)} things went wrong.")
    return 1 if wrong else 0


def main(
    cases: Annotated[int, typer.Option(help="Cases under way.")] = 500,
    kills: Annotated[int, typer.Option(help="Processes to kill.")] = 10,
    seconds: Annotated[float, typer.Option(help="The time over which they are killed.")] = 60,
    seed: Annotated[int, typer.Option(help="Which chances are taken.")] = 0,
) -> None:
    """Kill worker, api and Temporal at random while cases are under way; lose nothing."""
    with tempfile.TemporaryDirectory(prefix="answerable-chaos-") as folder:
        raise typer.Exit(asyncio.run(run(cases, kills, seconds, seed, Path(folder))))


if __name__ == "__main__":
    typer.run(main)
