"""What `answerable up` fills an empty data folder with: a fictional company, its people, its
policy, and what the public says to it."""

from __future__ import annotations

import json
import tomllib
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from domain.policy import Policy


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


def sample_policy() -> Policy:
    """The sample policy; it also names the teams of the cast."""
    return Policy.model_validate(tomllib.loads(_read("policy.toml")))


def _read(name: str) -> str:
    return (files("answerable") / "samples" / name).read_text(encoding="utf-8")
