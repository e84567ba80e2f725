"""Every setting there is, read from the environment (prefix ``ANSWERABLE_``).

One machine needs none of them: the data folder holds an SQLite file and the embedded Temporal
server. ``ANSWERABLE_DATABASE_URL`` moves the data to PostgreSQL; Temporal's address, namespace,
TLS and API key are read by Temporal's own standard (``TEMPORAL_ADDRESS`` and so on).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    """Show in notices how a comment begins. Mail and chat are systems of others, so by default
    nothing anybody wrote is in a notice."""

    link_days: float = Field(default=7, gt=0, le=60)
    """How long a link in a notice may decide without signing in."""

    chat_services: str = "discord, gchat, pover, slack, tgram, webex"
    """The chat services that people may name, as apprise spells them. One with a host of its own
    (such as ntfys, mmosts or workflows) lets them make a worker call any host."""

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

    @property
    def url(self) -> str:
        """The database to use."""
        return self.database_url or f"sqlite:///{self.data / 'answerable.db'}"

    @property
    def links(self) -> str:
        """What a link to a page starts with, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
