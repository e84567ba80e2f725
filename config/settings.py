"""Every setting there is, read from the environment (prefix ``ANSWERABLE_``).

One machine needs none of them: the data folder holds an SQLite file and the embedded Temporal
server. ``ANSWERABLE_DATABASE_URL`` moves the data to PostgreSQL; Temporal's address, namespace,
TLS and API key are read by Temporal's own standard (``TEMPORAL_ADDRESS`` and so on).
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.people import Role

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks_in(text: str) -> tuple[Network, ...]:
    """The networks in a list with commas. Raises ValueError for what is none."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


class Granted(BaseModel):
    """What members of one group at the identity provider are here. Nobody is a machine by it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    roles: frozenset[Role] = frozenset()
    teams: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    """Teams in which they work and which they lead."""

    @field_validator("roles")
    @classmethod
    def _people_only(cls, roles: frozenset[Role]) -> frozenset[Role]:
        if Role.SERVICE in roles:
            raise ValueError("'service' is for machines, which sign in with tokens")
        return roles


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ANSWERABLE_", extra="ignore")

    data: Path = Path("data")
    """The folder for everything this machine keeps: database, console posts, Temporal's file."""

    database_url: str | None = None
    """An SQLAlchemy URL, such as postgresql://user@host/answerable. Default: SQLite in ``data``."""

    public_url: str | None = None
    """Where people reach the pages; links in notices start with it."""

    host: str = "127.0.0.1"
    port: int = Field(default=8700, ge=0, le=65535)

    demo: bool = False
    """Sign in as a member of the sample cast with one click. Only on a loopback address."""

    session_hours: float = Field(default=12, gt=0, le=24 * 90)
    """How long a session lasts at most, whatever is done in it."""

    session_idle_minutes: float = Field(default=120, gt=0)
    """How long a session lasts in which nothing is done."""

    oidc_issuer: str | None = None
    """The identity provider, as it names itself; its discovery document says all the rest."""

    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    """None: a public client, for which PKCE alone vouches."""

    oidc_label: str = Field(default="your organisation", min_length=1, max_length=60)
    """What people call the provider: Sign in with …"""

    oidc_scopes: str = "openid profile email"

    oidc_id_claim: str = "preferred_username"
    """What the id of a person who is added by signing in is made from."""

    oidc_name_claim: str = "name"
    oidc_email_claim: str = "email"

    oidc_email_verified_claim: str = "email_verified"
    """What must be true before an address is believed, to find a person by or to write to."""

    oidc_groups_claim: str = "groups"

    oidc_groups: dict[str, Granted] = {}
    """What each group of the provider is here. Empty: people, roles and teams are run here."""

    oidc_seconds: float = Field(default=4, gt=0, le=15)
    """How long one answer of the provider may take."""

    max_text: int = Field(default=20_000, ge=1)
    """Longest text anybody may send, in characters."""

    max_body: int = Field(default=8_000_000, ge=1_000)
    """Largest request body in bytes: a list of 1,000 comments of a usual length fits well."""

    request_seconds: float = Field(default=20, gt=0)
    """How long one request may take before it is answered with what is known."""

    channel_secrets: dict[str, SecretStr] = {}
    """Per webhook channel, the Standard Webhooks secret (whsec_…), as one JSON object."""

    smtp_url: SecretStr | None = None
    """smtp://user:password@host:587 (STARTTLS where offered), smtps://… ; none: log only."""

    smtp_from: str = "answerable@localhost"

    notice_seconds: int = Field(default=60, ge=0)
    """How long notices for one person are gathered into one message."""

    notice_excerpts: bool = False
    """Show in notices who commented and how that begins. Mail and chat are systems of others, so by
    default neither what anybody wrote nor a commenter's name is in a notice."""

    link_days: float = Field(default=7, gt=0, le=60)
    """How long a link in a notice may decide without signing in."""

    chat_services: str = "discord, gchat, pover, slack, tgram, webex"
    """The chat services that people may name, as apprise spells them. One with a host of its own
    (such as ntfys, mmosts or workflows) lets them make a worker call any host."""

    webhook_networks: str = ""
    """Networks that are not public and that webhooks may reach all the same, such as
    10.20.0.0/16, fd00:1::/32; with 127.0.0.0/8 also http:// to this very machine."""

    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Where a worker serves the metrics of Temporal's SDK; 0: on a free port."""

    worker_cache: int = Field(default=1000, ge=0)
    """Workflows kept in memory; about 77 KB each."""

    temporal_binary: Path | None = None
    """The ``temporal`` command for the embedded server, if it is not found by itself."""

    @field_validator("data")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("oidc_issuer")
    @classmethod
    def _safe(cls, value: str | None) -> str | None:
        if value and not is_safe(value):
            raise ValueError("an issuer is an https:// address (http:// on this machine only)")
        return value or None

    @field_validator("oidc_scopes")
    @classmethod
    def _with_openid(cls, value: str) -> str:
        return value if "openid" in value.split() else f"openid {value}".strip()

    @field_validator("webhook_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        networks_in(value)
        return value

    @field_validator("oidc_client_id")
    @classmethod
    def _no_blank(cls, value: str | None) -> str | None:
        return value or None

    @model_validator(mode="after")
    def _client(self) -> Settings:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("ANSWERABLE_OIDC_ISSUER needs ANSWERABLE_OIDC_CLIENT_ID beside it")
        return self

    @property
    def session_lifetime(self) -> timedelta:
        return timedelta(hours=self.session_hours)

    @property
    def session_idle(self) -> timedelta:
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def hook_networks(self) -> tuple[Network, ...]:
        return networks_in(self.webhook_networks)

    @property
    def url(self) -> str:
        """The database to use."""
        return self.database_url or f"sqlite:///{self.data / 'answerable.db'}"

    @property
    def links(self) -> str:
        """What a link to a page starts with, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


# Addresses. ----------------------------------------------------------------------------------


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    with suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    return host == "localhost"


def is_safe(address: str) -> bool:
    """Whether what goes to this address is read by nobody on the way."""
    with suppress(ValueError):
        parts = urlsplit(address)
        if parts.scheme == "https":
            return bool(parts.hostname)
        return parts.scheme == "http" and is_loopback(parts.hostname or "")
    return False


def check_demo(settings: Settings) -> None:
    """Raise ValueError for a demonstration that others than this machine could reach."""
    if settings.demo and not is_loopback(settings.host):
        raise ValueError(
            "ANSWERABLE_DEMO lets anybody sign in as anybody, so it needs a loopback address: "
            f"set ANSWERABLE_HOST to 127.0.0.1 (it is {settings.host}) or leave the demo out"
        )
