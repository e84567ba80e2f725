"""What a notice may say of a case, a post, a matter: facts, and words only where allowed."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select
from sqlmodel import col

from domain.ledger import RULES
from domain.matter import OpenMatter, ulid_of
from domain.messages import Start
from domain.terms import Allowances, Terms
from intake import entities
from store import tables, telling
from store.telling import Card
from tests.builders import ADA, CORA, Member, Service
from tests.notices.test_sending import deciding


def told(service: Service, stream: str, who: Member = ADA, *, with_excerpt: bool = False) -> Card:
    with service.database.reading() as session:
        found = telling.card(
            session, stream, who.actor, datetime.now(UTC), with_excerpt=with_excerpt
        )
    assert found is not None
    return found[0]


async def test_a_post_is_told_by_the_comment_that_it_answers(sqlite_service: Service) -> None:
    stream = await deciding(sqlite_service)
    await sqlite_service.do(stream, CORA, "approve", post_id="P1")
    await sqlite_service.until(lambda: "escalation:reply:settled" in sqlite_service.names(stream))
    with sqlite_service.database.reading() as session:
        post = session.scalars(select(col(tables.Post.id))).one()
    card = told(sqlite_service, f"post/{post}")
    assert (card.channel, card.comments) == ("console", 1)
    assert card.said_at == told(sqlite_service, stream).said_at is not None
    assert (card.commenter, card.excerpt) == (None, None)
    said = told(sqlite_service, f"post/{post}", with_excerpt=True)
    assert said.commenter == "@rider"
    assert said.excerpt
    assert said.excerpt.startswith("My bike came")


async def test_a_matter_is_told_by_how_many_it_answers_and_where_allowed_by_its_title(
    sqlite_service: Service,
) -> None:
    at = datetime.now(UTC)
    command = OpenMatter(
        id=ulid_of("test", at=at),
        team="care",
        title=sqlite_service.words("Saddles are missing", "title"),  # type: ignore[arg-type]
        terms=Terms(team="care", policy_version=1, allowances=Allowances()),
        request="test",
        rules=RULES,
    )
    message = Start(kind="matter", command=command.model_dump(mode="json"), actor=ADA.actor, at=at)
    stream = f"matter/{command.id}"
    service = sqlite_service
    await entities.open_at(service.client, service.database, stream, message, "test")
    case = await service.opened("1")
    await service.do(case, ADA, "join_matter", matter_id=command.id)
    assert (told(service, stream).members, told(service, stream).excerpt) == (1, None)
    assert told(service, stream, with_excerpt=True).excerpt == "Saddles are missing"
