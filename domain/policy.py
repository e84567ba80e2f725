"""Policy and the terms that an escalation pins when it opens."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_serializer, model_validator

from domain.base import Seconds, Value
from domain.people import Seat

HOUR = 3600
DAY = 24 * HOUR

LONGEST = 366 * DAY
"""The longest allowance. Its last rung may come a hundred times later, and Temporal's timers hold
no more than 292 years."""

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""The id of a channel, team or person: short, lower case, safe in a link and a log."""


class RungAct(StrEnum):
    REMIND = "remind"
    ESCALATE = "escalate"


class Rung(Value):
    """One step of a ladder: at which thousandth of the allowance, what, and to which seat."""

    permille: int = Field(ge=0, le=100_000)
    act: RungAct
    to: Seat


DEFAULT_LADDER = (
    Rung(permille=750, act=RungAct.REMIND, to=Seat.OWNER),
    Rung(permille=1000, act=RungAct.ESCALATE, to=Seat.LEAD),
    Rung(permille=2000, act=RungAct.ESCALATE, to=Seat.EXECUTIVES),
)


class Allowances(Value):
    """How long each next move may take, in seconds of plain time.

    Stored facts leave defaults out, also these and the default ladder: they never change. Who
    wants others says so in the policy.
    """

    claim: Seconds = Field(default=4 * HOUR, ge=1, le=LONGEST)
    propose: Seconds = Field(default=8 * HOUR, ge=1, le=LONGEST)
    decide: Seconds = Field(default=8 * HOUR, ge=1, le=LONGEST)
    reply: Seconds = Field(default=4 * HOUR, ge=1, le=LONGEST)
    listen: Seconds = Field(default=7 * DAY, ge=1, le=LONGEST)


class Terms(Value):
    """What policy laid down for one escalation, pinned at its opening."""

    team: str
    policy_version: int
    allowances: Allowances = Allowances()
    ladder: tuple[Rung, ...] = DEFAULT_LADDER

    @model_serializer(mode="plain")
    def _whole(self) -> dict[str, Any]:
        """Terms are stored whole, also what is at its default: the defaults of the product may
        change one day, what was laid down for an escalation may not."""
        return {
            "team": self.team,
            "policy_version": self.policy_version,
            "allowances": dict(self.allowances),
            "ladder": [dict(rung) for rung in self.ladder],
        }


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
