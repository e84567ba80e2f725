"""What `answerable up` fills an empty data folder with: a fictional company, its people, its
policy, and what the public says to it."""

from __future__ import annotations

import json
import tomllib
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any

from domain.policy import Policy
from policy.compiling import compile_policy, horizon
from policy.file import read_policy_file


def sample_comments(now: datetime) -> list[dict[str, Any]]:
    """The sample comments, oldest first, as the API takes them; posted in the days before ``now``
    (with a zone)."""
    comments = [json.loads(line) for line in _read("comments.jsonl").splitlines()]
    comments.sort(key=lambda comment: comment["minutes_ago"], reverse=True)
    for comment in comments:
        posted_at = now - timedelta(minutes=comment.pop("minutes_ago"))
        comment["posted_at"] = posted_at.isoformat(timespec="seconds")
    return comments


def sample_cast() -> dict[str, dict[str, Any]]:
    """Person id to ``name``, ``roles`` and ``teams``: team id to whether they lead it."""
    people = tomllib.loads(_read("cast.toml"))["people"]
    for person in people.values():
        leads = person.pop("leads", [])
        person["teams"] = {team: team in leads for team in person.get("teams", [])}
    return dict(people)


def sample_policy(today: date) -> tuple[Policy, str]:
    """The sample policy as it is applied today, and its file. It also names the cast's teams."""
    source = _read("policy.toml")
    return compile_policy(read_policy_file(source), *horizon(today)), source


def _read(name: str) -> str:
    return (files("answerable") / "samples" / name).read_text(encoding="utf-8")
