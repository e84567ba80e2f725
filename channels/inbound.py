"""Comments that arrive as signed webhooks: is it really the channel, and what does it bring.

Called by the door, in this order: ``verify`` on the bytes as they came, then ``parse``. Whether
a comment has everything it needs is for the door to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json
from standardwebhooks import WebhookVerificationError

from channels.signing import Unsigned, signer
from config.settings import Settings
from domain.errors import Forbidden, Invalid

COMMENT_CREATED = "comment.created"

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


def parse(body: bytes) -> list[dict[str, Any]]:
    """The comments in a body, in their order. Raises ``Invalid`` on anything else."""
    brought = _opened(_json(body))
    comments = brought if isinstance(brought, list) else [brought]
    for place, comment in enumerate(comments):
        if not isinstance(comment, dict):
            raise Invalid("not_a_comment", "a comment is a JSON object", _SEND_LIKE_THIS, at=place)
    return comments


def _json(body: bytes) -> Any:
    try:
        # Stricter than ``json``: UTF-8 only, no half characters, no NaN, and never too deep.
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Invalid("not_json", f"the body is not JSON: {error}", _SEND_LIKE_THIS) from error


def _opened(value: Any) -> Any:
    """What is in the envelope; what has no ``type`` is in none."""
    if not isinstance(value, dict) or "type" not in value:
        return value
    if value["type"] != COMMENT_CREATED:
        # Our own posts are signed with the same secret; sent back to us they end here.
        raise Invalid("unknown_type", f"only {COMMENT_CREATED} is taken here", _SEND_LIKE_THIS)
    if "data" not in value:
        raise Invalid("no_data", "the envelope holds no data", _SEND_LIKE_THIS)
    return value["data"]
