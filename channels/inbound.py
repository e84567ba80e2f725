"""Comments that arrive as signed webhooks: is it really the channel, and what does it bring.

Called by the door, in this order: ``verify`` on the bytes as they came, then ``parse``. Whether
a comment has everything it needs is for the door to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from standardwebhooks import WebhookVerificationError

from channels.signing import Unsigned, signer
from config.settings import Settings
from domain.errors import Forbidden, Invalid

COMMENT_CREATED = "comment.created"
COMMENT_DELETED = "comment.deleted"

_SIGN_LIKE_THIS = (
    "sign id, timestamp and the exact bytes of the body with the secret of this channel, as "
    "https://www.standardwebhooks.com says, at most five minutes before it arrives"
)
_SEND_LIKE_THIS = (
    "send one comment as a JSON object, a list of them, or "
    f'{{"type": "{COMMENT_CREATED}", "data": …}} around either'
)


def verify(channel_id: str, settings: Settings, headers: Mapping[str, str], body: bytes) -> None:
    """Raises ``Forbidden`` unless the body was signed with this channel's secret just now.

    The library allows a clock to be five minutes off. Within these minutes the same message may
    come twice; that it is recorded once is the work of the inbox, by the comment's own id.
    """
    try:
        # Our own reading of the body comes later: what is not JSON is not a wrong signature.
        signer(channel_id, settings).verify(body, dict(headers), json_parse=False)
    except Unsigned as error:
        raise Forbidden("bad_signature", error.message, error.way_out) from error
    except WebhookVerificationError as error:
        reason = str(error).lower()
        message = f"this message to channel '{channel_id}' is not signed as it should be: {reason}"
        raise Forbidden("bad_signature", message, _SIGN_LIKE_THIS) from error
    except ValueError as error:
        # Neither base64 nor UTF-8 is checked by the library before it uses them.
        message = f"the signature of this message to channel '{channel_id}' cannot be read"
        raise Forbidden("bad_signature", message, _SIGN_LIKE_THIS) from error


@dataclass(frozen=True)
class Brought:
    """The comments of a message in their order, or those that their authors have taken back."""

    comments: list[dict[str, Any]]
    are_removed: bool = False


def parse(body: bytes) -> Brought:
    """What a message brings. Raises ``Invalid`` on anything else."""
    brought, are_removed = _opened(_json(body))
    comments = brought if isinstance(brought, list) else [brought]
    for place, comment in enumerate(comments):
        if not isinstance(comment, dict):
            raise Invalid("not_a_comment", "a comment is a JSON object", _SEND_LIKE_THIS, at=place)
    return Brought(comments, are_removed)


def _json(body: bytes) -> Any:
    try:
        # Stricter than ``json``: UTF-8 only, no half characters, no NaN, and never too deep.
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Invalid("not_json", f"the body is not JSON: {error}", _SEND_LIKE_THIS) from error


def _opened(value: Any) -> tuple[Any, bool]:
    """What is in the envelope, and whether it was removed; what has no ``type`` is in none."""
    if not isinstance(value, dict) or "type" not in value:
        return value, False
    if value["type"] not in (COMMENT_CREATED, COMMENT_DELETED):
        # Our own posts are signed with the same secret; sent back to us they end here.
        taken = f"only {COMMENT_CREATED} and {COMMENT_DELETED} are taken here"
        raise Invalid("unknown_type", taken, _SEND_LIKE_THIS)
    if "data" not in value:
        raise Invalid("no_data", "the envelope holds no data", _SEND_LIKE_THIS)
    return value["data"], value["type"] == COMMENT_DELETED
