"""What the door counts, for Prometheus. The SDK's own figures are appended to ours."""

from __future__ import annotations

import asyncio

import httpx
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


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

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"answerable_{name}", meaning, labels, registry=self.registry)

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """One finished request. The route's pattern, never the address, which has ids in it."""
        route = getattr(scope.get("route"), "path", "none")
        self.requests.labels(scope["method"], route, status).observe(seconds)

    async def text(self, waiting: int, forks: int) -> bytes:
        """Everything, in Prometheus' text format."""
        self._waiting.set(waiting)
        self._forks.set(forks)
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
