"""What may be sent with each command to a post."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.bodies.base import Body, Draft, Reason


class Return(Reason):
    """Give the words back to their writer."""


class Clear(Body):
    """Let these words go out. Never by whoever wrote them."""


class Confirm(Body):
    """Say, having looked at the channel, whether the post is there."""

    is_published: bool = Field(strict=True)

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"is_published": self.is_published}


class Retry(Body):
    """Try once more to publish what failed."""
