"""The secret of a webhook channel, which signs what we send and proves what we receive.

Standard Webhooks, https://www.standardwebhooks.com: HMAC-SHA256 over id, timestamp and body.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime

from standardwebhooks import Webhook

from config.settings import Settings
from domain.errors import AnswerableError

MIN_SECRET_BYTES = 24
"""Standard Webhooks: "Random. At least 24 bytes"."""


class Unsigned(AnswerableError):
    """There is no secret to sign with, or none that may be used."""

    def __init__(self, code: str, message: str, way_out: str) -> None:
        super().__init__(f"{message}; {way_out}")
        self.code = code
        self.message = message
        self.way_out = way_out


def signer(channel_id: str, settings: Settings) -> Webhook:
    """What signs and verifies for this channel. Raises ``Unsigned``, with how to set a secret."""
    secret = settings.channel_secrets.get(channel_id)
    if secret is None or not secret.get_secret_value().strip():
        message = f"channel '{channel_id}' has no secret"
        raise Unsigned("no_secret", message, _way_out(channel_id))
    return Webhook(_key(channel_id, secret.get_secret_value().strip()))


def signature(secret: str, message_id: str, at: datetime, body: str) -> str:
    """One signature of a message, ``v1,`` and base64, by a secret that we made ourselves."""
    return Webhook(secret).sign(message_id, at, body)


def _key(channel_id: str, secret: str) -> bytes:
    """The bytes of the secret. The library alone would drop what is not base64, silently."""
    encoded = secret.removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < MIN_SECRET_BYTES:
        message = (
            f"the secret of channel '{channel_id}' is not whsec_ and then "
            f"at least {MIN_SECRET_BYTES} bytes in base64"
        )
        # Not chained: what base64 complains about could hold a part of the secret.
        raise Unsigned("bad_secret", message, _way_out(channel_id))
    return key


def _way_out(channel_id: str) -> str:
    example = json.dumps({channel_id: "whsec_…"}, ensure_ascii=False)
    return (
        f"set ANSWERABLE_CHANNEL_SECRETS='{example}'; "
        "what follows whsec_ is printed by: openssl rand -base64 32"
    )
