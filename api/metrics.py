"""What the door counts, for Prometheus. The SDK's own figures are appended to ours."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


@dataclass(frozen=True)
class Counted:
    """What the database says at the moment somebody asks."""

    waiting: int = 0
    forks: int = 0
    well_at: datetime | None = None
    """When the upkeep check last ran and found nothing."""
    findings: dict[str, int] = field(default_factory=dict)


class Metrics:
    """One set for one app."""

    def __init__(self, sdk_address: str | None = None) -> None:
        self.registry = CollectorRegistry()
        self._sdk_address = sdk_address
        self.comments = self._counter("comments_received", "Comments received", "result")
        self.commands = self._counter("commands", "Commands asked for", "kind", "act", "outcome")
        self.requests = Histogram(
            "answerable_request_seconds",
            "Time a request took",
            ("method", "route", "status"),
            registry=self.registry,
            buckets=BUCKETS,
        )
        self._waiting = Gauge(
            "answerable_inbox_waiting", "Arrivals not yet handed over", registry=self.registry
        )
        self._forks = Gauge(
            "answerable_forks", "Streams two histories claim: an alarm", registry=self.registry
        )

        self._well_at = Gauge(
            "answerable_watch_last_ok_timestamp_seconds",
            "When the upkeep check last ran and found nothing: stops where it fails or finds some",
            registry=self.registry,
        )
        self._findings = Gauge(
            "answerable_watch_findings",
            "Open cases, posts and promises with which something is wrong",
            ("code",),
            registry=self.registry,
        )

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"answerable_{name}", meaning, labels, registry=self.registry)

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """One finished request. The route's pattern, never the address, which has ids in it."""
        route = getattr(scope.get("route"), "path", "none")
        self.requests.labels(scope["method"], route, status).observe(seconds)

    async def text(self, counted: Counted) -> bytes:
        """Everything, in Prometheus' text format."""
        self._waiting.set(counted.waiting)
        self._forks.set(counted.forks)
        self._well_at.set(counted.well_at.timestamp() if counted.well_at else 0)
        for code, count in counted.findings.items():
            self._findings.labels(code).set(count)
        ours = await asyncio.to_thread(generate_latest, self.registry)
        return ours + await self._sdk()

    async def _sdk(self) -> bytes:
        """What the SDK's own exporter, which listens on this machine only, says just now."""
        if self._sdk_address is None:
            return b""
        try:
            async with httpx.AsyncClient(timeout=1, trust_env=False) as client:
                answer = await client.get(f"http://{self._sdk_address}/metrics")
        except httpx.HTTPError:
            return b""
        return answer.content if answer.is_success else b""
