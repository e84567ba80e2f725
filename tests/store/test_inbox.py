"""The inbox: one record per comment, one open escalation per conversation, nothing lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from domain.comments import IncomingAuthor
from store import inbox, tables
from store.database import Database
from store.inbox import Result
from tests.builders import incoming

NOW = datetime.now(UTC)


def results(database: Database, *comments: object) -> list[Result]:
    return [r.result for r in inbox.receive(database, comments, NOW)]  # type: ignore[arg-type]


@pytest.mark.rule(1)
def test_a_repeated_comment_is_recorded_once(database: Database) -> None:
    assert results(database, incoming("1")) == [Result.OPENED]
    assert results(database, incoming("1"), incoming("1")) == [Result.REPEATED] * 2
    with database.reading() as session:
        assert len(session.scalars(select(tables.Comment)).all()) == 1
        assert len(session.scalars(select(tables.Arrival)).all()) == 1


@pytest.mark.rule(1)
def test_fifty_at_once_with_the_same_comment_open_one_escalation(database: Database) -> None:
    with ThreadPoolExecutor(50) as pool:
        work = [pool.submit(inbox.receive, database, [incoming("1")], NOW) for _ in range(50)]
        receipts = [w.result()[0] for w in work]
    assert Counter(r.result for r in receipts) == {Result.OPENED: 1, Result.REPEATED: 49}
    assert len({r.escalation_id for r in receipts}) == 1


@pytest.mark.rule(1)
def test_fifty_comments_of_one_conversation_at_once_share_one_escalation(
    database: Database,
) -> None:
    comments = [incoming(str(n), conversation_id="t") for n in range(50)]
    with ThreadPoolExecutor(25) as pool:
        receipts = list(pool.map(lambda c: inbox.receive(database, [c], NOW)[0], comments))
    assert Counter(r.result for r in receipts) == {Result.OPENED: 1, Result.JOINED: 49}
    assert len({r.escalation_id for r in receipts}) == 1


def test_lists_that_overlap_in_opposite_order_do_not_wait_for_each_other(
    database: Database,
) -> None:
    comments = [
        incoming(str(n), author=IncomingAuthor(handle=f"u{n % 7}"), conversation_id=str(n % 11))
        for n in range(120)
    ]
    lists = [comments, comments[::-1]] * 4
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda part: inbox.receive(database, part, NOW), lists))
    with database.reading() as session:
        assert len(session.scalars(select(tables.Comment)).all()) == 120
        pairs = {(n % 7, n % 11) for n in range(120)}
        assert len(session.scalars(select(tables.Conversation)).all()) == len(pairs)


def test_the_same_id_with_other_words_is_a_revision_and_both_are_kept(
    database: Database,
) -> None:
    assert results(database, incoming("1"), incoming("1", text="Edited.")) == [
        Result.OPENED,
        Result.REVISED,
    ]
    with database.reading() as session:
        texts = {w.text for w in session.scalars(select(tables.Words))}
        assert texts == {"My bike came without a saddle.", "Edited."}
        assert session.scalars(select(tables.Comment)).one().revision == 2


def test_another_author_in_the_thread_has_a_conversation_of_their_own(
    database: Database,
) -> None:
    other = incoming("2", conversation_id="t", author=IncomingAuthor(handle="@other"))
    assert results(database, incoming("1", conversation_id="t"), other) == [Result.OPENED] * 2


def test_an_answer_without_a_thread_joins_the_thread_of_what_it_answers(
    database: Database,
) -> None:
    assert results(database, incoming("1")) == [Result.OPENED]
    assert results(database, incoming("2", in_reply_to="1")) == [Result.JOINED]
    assert results(database, incoming("3", in_reply_to="2")) == [Result.JOINED]


def test_hostile_text_is_stored_to_the_letter(database: Database) -> None:
    text = "'; DROP TABLE words; -- <script>alert(1)</script> שלום 🚲 %s {x} \\"
    results(database, incoming("1'--", text=text))
    with database.reading() as session:
        assert session.scalars(select(tables.Words)).one().text == text
