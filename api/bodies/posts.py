"""What may be sent with each command to a post."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from api.bodies.base import Body, Draft, FollowUp, Reason, Says
from domain.comments import Text
from domain.post import PostKind

DespiteNews = Annotated[
    bool,
    Field(
        strict=True,
        description="The commenter has spoken since the words were written, you have read it, and "
        "they go out all the same.",
    ),
]


class Return(Reason):
    """Give the words back to their writer."""


class Clear(Body):
    """Let these words go out. Never by whoever wrote them."""

    despite_news: DespiteNews = False

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"despite_news": self.despite_news}


class Confirm(Body):
    """Say, having looked at the channel, whether the post is there."""

    is_published: bool = Field(strict=True)

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"is_published": self.is_published}


class Retry(Clear):
    """Try once more to publish what failed."""


class Correct(FollowUp):
    """Publish other words about what was published, in the same thread. The post stays as it is;
    ``post_id`` in the answer names the new one, which somebody else clears."""

    SAYS: ClassVar = Says("text", PostKind.CORRECTION, is_gated=True)
    text: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return self.spoken(draft, self.text, self.SAYS)


class Retract(FollowUp):
    """Take back what was published, with a reason that is published in the same thread. The post
    stays where it is; ``post_id`` in the answer names the new one, which somebody else clears."""

    SAYS: ClassVar = Says("reason", PostKind.RETRACTION, is_gated=True)
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return self.spoken(draft, self.reason, self.SAYS)
