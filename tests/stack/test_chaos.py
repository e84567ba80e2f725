"""`make chaos`, small: each part is killed once under a few cases, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.__main__ import run


async def test_worker_api_and_temporal_killed_in_mid_flight_lose_nothing(tmp_path: Path) -> None:
    assert await run(cases=25, kills=3, seconds=10, seed=1, data=tmp_path) == 0
