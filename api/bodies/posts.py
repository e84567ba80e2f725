"""What may be sent with each command to a post."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from api.bodies.base import Body, Draft, Reason
from domain.comments import Text
from domain.post import PostKind
from language import promises

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


class _AboutEarlier(Body):
    """Words about what was published. They promise nothing: a promise is made in a reply."""

    not_promises: tuple[Text, ...] = Field(
        default=(),
        max_length=20,
        description="Sentences that read like a promise and are none, word for word.",
    )

    def words(self, draft: Draft, text: str, field: str, kind: PostKind) -> dict[str, Any]:
        unmarked = promises.unmarked(text, (), self.not_promises)
        words = draft.public_words(text, "reply", field, kind=kind)
        return {"words": words, "unmarked": len(unmarked)}


class Correct(_AboutEarlier):
    """Publish other words about what was published, in the same thread. The post stays as it is;
    ``post_id`` in the answer names the new one, which somebody else clears."""

    text: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return self.words(draft, self.text, "text", PostKind.CORRECTION)


class Retract(_AboutEarlier):
    """Take back what was published, with a reason that is published in the same thread. The post
    stays where it is; ``post_id`` in the answer names the new one, which somebody else clears."""

    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return self.words(draft, self.reason, "reason", PostKind.RETRACTION)
