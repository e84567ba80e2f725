"""Policy: where the public speaks, who answers, and the terms that an escalation pins."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from domain.base import Value
from domain.terms import DEFAULT_LADDER, Allowances, Rung, Terms

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""The id of a channel, team or person: short, lower case, safe in a link and a log."""


class ChannelKind(StrEnum):
    CONSOLE = "console"
    WEBHOOK = "webhook"


class Channel(Value):
    """A place where the public speaks and we answer."""

    kind: ChannelKind
    team: Id
    url: str | None = None
    """webhook: where posts are sent."""
    find_url: str | None = None
    """webhook: answers GET ?id=<post id> with 200 or 404; without it nothing can be found."""
    max_length: int = Field(default=5000, ge=1)
    """The longest post the channel takes, in characters (Unicode code points)."""
    posts_per_second: float = Field(default=10, gt=0)
    posts_per_day: int | None = Field(default=None, ge=1)
    """What the channel takes in any twenty-four hours; None: no limit that we know of."""

    @model_validator(mode="after")
    def _webhooks_have_an_address(self) -> Channel:
        if self.kind is ChannelKind.WEBHOOK and not self.url:
            raise ValueError("a webhook channel needs url, the address that posts are sent to")
        for name in ("url", "find_url"):
            address = getattr(self, name)
            if address and not address.startswith(("http://", "https://")):
                raise ValueError(f"{name} must start with https:// or http://")
        return self


class Policy(Value):
    """Channels and terms in force. Versions are stored and never changed."""

    channels: dict[Id, Channel]
    teams: dict[Id, str]
    """Team id to the name people read."""
    allowances: Allowances = Allowances()
    ladder: tuple[Rung, ...] = DEFAULT_LADDER

    @model_validator(mode="after")
    def _channels_name_known_teams(self) -> Policy:
        for name, channel in self.channels.items():
            if channel.team not in self.teams:
                raise ValueError(
                    f"channels.{name}.team is '{channel.team}', which is not under [teams]"
                )
        if any(a.permille > b.permille for a, b in zip(self.ladder, self.ladder[1:], strict=False)):
            raise ValueError("ladder: rungs must be in rising order of permille")
        return self


def route(policy: Policy, version: int, channel: str) -> Terms:
    """The terms for a comment on this channel. Raises KeyError for an unknown channel."""
    return Terms(
        team=policy.channels[channel].team,
        policy_version=version,
        allowances=policy.allowances,
        ladder=policy.ladder,
    )
