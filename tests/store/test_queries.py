"""The lists: in order, by index, complete while things change, and searchable without danger."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from domain.errors import Forbidden, Invalid
from store import cursors, inbox, queries, records, tables, words
from store.database import Database
from tests import builders
from tests.builders import ADA, DEV, EVE, HOOK, ROOT, incoming

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def _id(n: int) -> str:
    return f"{n:026d}"


def _rows(first: int, last: int, **changes: Any) -> list[dict[str, Any]]:
    """Rows of the queue without the comments behind them; one in ten is open."""
    rows = []
    for n in range(first, last):
        is_open = changes.get("is_open", n % 10 == 0)
        due_at = AT + timedelta(minutes=n % 7919)
        values = {
            "id": _id(n),
            "seq": 1,
            "stage": ("unclaimed" if n % 20 else "preparing") if is_open else "closed",
            "is_open": is_open,
            "channel": "console" if n % 50 else "shop",
            "team": ("care", "shop")[n % 70 == 0],
            "owner": None if n % 20 else ("ada", "ben")[n % 40 == 0],
            "conversation_id": "C",
            "comment_id": "C",
            "opened_at": AT,
            "due_at": due_at if is_open else None,
            "sort_at": due_at if is_open else records.NEVER,
            "priority": "normal" if n % 50 else "urgent",
            "language": None if n % 60 else "de",
            "is_waiting": n % 40 == 0,
        }
        rows.append(values | changes)
    return rows


def _fill(database: Database, rows: list[dict[str, Any]]) -> None:
    with database.writing() as session:
        for start in range(0, len(rows), 2000):
            session.execute(insert(tables.Escalation), rows[start : start + 2000])


def _all_ids(database: Database, limit: int, **filters: Any) -> list[str]:
    ids: list[str] = []
    cursor = None
    with database.reading() as session:
        while True:
            page = queries.escalations(
                session, ADA.actor, AT, limit=limit, cursor=cursor, **filters
            )
            ids += [item.id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return ids


def test_queue_shows_open_escalations_by_when_their_next_move_is_owed(database: Database) -> None:
    rows = _rows(0, 300)
    _fill(database, rows)

    expected = sorted((r["sort_at"], r["id"]) for r in rows if r["is_open"])
    assert _all_ids(database, 7) == [row_id for _, row_id in expected]


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"stage": "preparing"}, lambda r: r["stage"] == "preparing"),
        ({"owner": "ada"}, lambda r: r["is_open"] and r["owner"] == "ada"),
        ({"team": "shop"}, lambda r: r["is_open"] and r["team"] == "shop"),
        (
            {"team": "care", "stage": "unclaimed"},
            lambda r: (r["team"], r["stage"]) == ("care", "unclaimed"),
        ),
        ({"late": True}, lambda r: r["is_open"] and r["due_at"] < AT),
        (
            {"before": AT + timedelta(minutes=90)},
            lambda r: r["is_open"] and r["due_at"] < AT + timedelta(minutes=90),
        ),
        (
            {"owner": "ben", "waiting": True},
            lambda r: r["is_open"] and r["owner"] == "ben" and r["is_waiting"],
        ),
        ({"channel": "shop"}, lambda r: r["is_open"] and r["channel"] == "shop"),
        ({"priority": "urgent"}, lambda r: r["is_open"] and r["priority"] == "urgent"),
        (
            {"language": "de", "team": "care"},
            lambda r: r["is_open"] and (r["language"], r["team"]) == ("de", "care"),
        ),
        ({"stage": "closed"}, lambda r: r["stage"] == "closed"),
        ({"stage": "closed", "team": "shop"}, lambda r: not r["is_open"] and r["team"] == "shop"),
        ({"stage": "closed", "late": True}, lambda r: False),
    ],
)
def test_filters_choose_exactly_what_they_say(
    database: Database, filters: dict[str, Any], holds: Any
) -> None:
    rows = _rows(0, 400)
    for row in rows[::30]:
        if row["is_open"]:
            row["due_at"] = row["sort_at"] = AT - timedelta(hours=1)
    _fill(database, rows)

    assert sorted(_all_ids(database, 11, **filters)) == [r["id"] for r in rows if holds(r)]


def test_views_are_counted_in_one_statement_as_far_as_it_is_worth_counting(
    database: Database,
) -> None:
    rows = _rows(0, 400)
    _fill(database, rows)
    views: dict[str, queries.Wanted] = {"all": {}, "shop": {"team": "shop"}, "none": {"team": "x"}}
    counted: list[str] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda *a: counted.append(a[2]), named=False
    )
    with database.reading() as session:
        found = queries.counts(session, AT, 30, views)

    shop = sum(r["is_open"] and r["team"] == "shop" for r in rows)
    assert found == {"all": 30, "shop": shop, "none": 0}
    assert len([s for s in counted if "count" in s]) == 1


@pytest.mark.parametrize("most", [1_000, 5])
def test_views_under_one_filter_are_counted_as_each_by_itself(
    database: Database, most: int
) -> None:
    """Whether what they share chooses few, and all are counted at once, or many."""
    rows = _rows(0, 400)
    for row in rows[::7]:
        row["sort_at"] = AT - timedelta(hours=1)
    _fill(database, rows)
    views: dict[str, queries.Wanted] = {
        "mine": {"owner": "ada", "waiting": False},
        "waiting": {"owner": "ada", "waiting": True},
        "free": {"team": "shop", "stage": "unclaimed"},
        "late": {"before": AT},
        "team": {"team": "shop"},
        "all": {},
    }
    channels = sorted({row["channel"] for row in rows})
    with database.reading() as session:
        for channel in (*channels, "nowhere"):
            wanted = {name: view | {"channel": channel} for name, view in views.items()}
            found = queries.counts(session, AT, most, wanted)
            alone = {n: queries.counts(session, AT, most, {n: w})[n] for n, w in wanted.items()}
            pages = {
                n: min(most, len(queries.escalations(session, ADA.actor, AT, limit=200, **w).items))
                for n, w in wanted.items()
            }
            assert found == alone == pages
            assert any(found.values()) == (channel != "nowhere")


def test_pages_neither_skip_nor_repeat_while_escalations_are_opened(database: Database) -> None:
    before = _rows(0, 500, is_open=True, stage="unclaimed")
    _fill(database, before)
    seen: list[str] = []
    cursor, added = None, 1000
    while True:
        with database.reading() as session:
            page = queries.escalations(session, ADA.actor, AT, limit=40, cursor=cursor)
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        _fill(database, _rows(added, added + 25, is_open=True, stage="unclaimed"))
        added += 25

    assert len(seen) == len(set(seen))
    assert {row["id"] for row in before} <= set(seen)


def test_those_without_a_deadline_come_last_and_are_paged_too(database: Database) -> None:
    rows = _rows(0, 30, is_open=True, due_at=None, sort_at=records.NEVER)
    _fill(database, rows + _rows(50, 55, is_open=True))

    ids = _all_ids(database, 4)
    assert ids[5:] == [row["id"] for row in rows]


# Which index carries which list. --------------------------------------------------------------


def _plan(
    database: Database,
    chosen: queries.Chosen,
    avoid: tuple[str, ...] = ("seqscan", "bitmapscan", "sort"),
) -> str:
    dialect: Any = sqlite.dialect()
    explain = "EXPLAIN QUERY PLAN"
    if not database.is_sqlite:
        dialect, explain = postgresql.dialect(), "EXPLAIN"
    statement = chosen.statement.params(chosen.values)
    compiled = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    with database.engine.connect() as connection:
        # With so few rows reading them all costs least; what is shown is that none must be.
        for way in avoid if explain == "EXPLAIN" else ():
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        rows = connection.exec_driver_sql(f"{explain} {compiled}").all()
    return "\n".join(str(row) for row in rows)


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "escalation_due"),
        ({"late": True}, "escalation_due"),
        ({"owner": "ada"}, "escalation_mine"),
        ({"stage": "unclaimed"}, "escalation_stage"),
        ({"team": "shop"}, "escalation_team_due"),
        ({"team": "shop", "stage": "unclaimed"}, "escalation_team"),
        ({"stage": "closed"}, "escalation_stage_all|escalation_pkey"),
        ({"owner": "ben", "waiting": True}, "escalation_mine"),
        ({"before": AT + timedelta(hours=4), "team": "shop"}, "escalation_team_due"),
        ({"channel": "shop"}, "escalation_channel"),
        ({"priority": "urgent"}, "escalation_priority"),
        ({"language": "de"}, "escalation_language"),
    ],
)
def test_every_view_of_the_queue_is_carried_by_its_index(
    database: Database, filters: dict[str, Any], index: str
) -> None:
    _fill(database, _rows(0, 8000))
    with database.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()
    with database.reading() as session:
        at = AT + timedelta(days=1)
        whole = queries.choose(session, at, most=51, **filters)
        row = session.execute(*whole).first()
        assert row is not None
        if filters.get("stage") == "closed":
            cursor = cursors.encode("closed", (row.id,))
        else:
            cursor = cursors.encode("due", (row.sort_at, row.id))
        going_on = queries.choose(session, at, most=51, cursor=cursor, **filters)
    for chosen in (whole, going_on):
        plan = _plan(database, chosen)
        assert re.search(rf"\b({index})\b", plan), plan
        assert "TEMP B-TREE" not in plan, plan
        assert "Sort" not in plan, plan


def test_a_page_takes_the_same_few_statements_however_long_it_is(house: Database) -> None:
    inbox.receive(house, [incoming(str(n), conversation_id=str(n)) for n in range(60)], AT)
    with house.reading() as session:
        arrived = session.scalars(select(tables.Comment)).all()
        rows = [
            {"id": c.escalation_id, "comment_id": c.id, "conversation_id": c.conversation_id}
            for c in arrived
        ]
    shape = _rows(0, 1, is_open=True)[0]
    _fill(house, [shape | row for row in rows])
    counted: list[str] = []
    event.listen(
        house.engine, "before_cursor_execute", lambda *a: counted.append(a[2]), named=False
    )
    with house.reading() as session:
        page = queries.escalations(session, ADA.actor, AT, limit=60)

    assert len(page.items) == 60
    assert len(counted) <= 5, counted
    first = page.items[0]
    assert (first.excerpt, first.comments) == ("My bike came without a saddle.", 1)
    assert first.author is not None
    assert first.author.handle == "@rider"


# Search. --------------------------------------------------------------------------------------


def _with_comments(database: Database, *texts: str) -> list[str]:
    """Open escalations whose first comments say these things; answers their ids."""
    comments = [incoming(str(n), text=t, conversation_id=str(n)) for n, t in enumerate(texts)]
    receipts = inbox.receive(database, comments, AT)
    shape = _rows(0, 1, is_open=True)[0]
    _fill(database, [shape | {"id": r.escalation_id} for r in receipts])
    return [r.escalation_id for r in receipts]


def _by(database: Database, *comments: dict[str, Any]) -> list[str]:
    """Open escalations of these comments, each of a thread of its own; answers their ids."""
    receipts = inbox.receive(
        database,
        [
            incoming(**{"external_id": str(n), "conversation_id": str(n)} | told)
            for n, told in enumerate(comments)
        ],
        AT,
    )
    talks = select(tables.Comment.escalation_id, tables.Comment.conversation_id)  # type: ignore[call-overload]
    with database.reading() as session:
        talk_of = dict(session.execute(talks).all())
    shape = _rows(0, 1, is_open=True)[0]
    ids = [receipt.escalation_id for receipt in receipts]
    _fill(database, [shape | {"id": one, "conversation_id": talk_of[one]} for one in ids])
    return ids


def _search(database: Database, q: str, **filters: Any) -> set[str]:
    with database.reading() as session:
        return {
            item.id for item in queries.escalations(session, ADA.actor, AT, q=q, **filters).items
        }


def test_search_finds_comments_with_all_words_the_last_as_a_beginning(house: Database) -> None:
    saddle, wheel, both = _with_comments(
        house, "No saddle on my bike", "The wheel of my bike is bent", "Saddle and wheel missing"
    )

    assert _search(house, "saddle") == {saddle, both}
    assert _search(house, "BIKE my") == {saddle, wheel}
    assert _search(house, "wheel sadd") == {both}
    assert _search(house, "sadd wheel") == set()
    assert _search(house, "sa") == set(), "too short to be a beginning"


def test_search_finds_a_case_by_the_name_and_the_handle_of_its_author(house: Database) -> None:
    anna, other, nameless = _by(
        house,
        {"author": {"handle": "@anna_rides@bikes.example", "name": "Anna Schmidt"}},
        {"author": {"handle": "@other", "name": "Annabel Lee"}, "text": "Anna is my sister"},
        {"author": {"handle": "u/4711-x"}},
    )

    assert _search(house, "schmidt") == {anna}
    assert _search(house, "ANNA SCHM") == {anna}
    assert _search(house, "anna") == {anna, other}
    assert _search(house, "annabel") == {other}
    assert _search(house, "@anna_rides@bikes.example") == {anna}
    assert _search(house, "@anna_ri") == {anna}
    assert _search(house, "bikes.example") == {anna}
    assert _search(house, "anna schmidt rides") == {anna}, "in the name and the handle together"
    assert _search(house, "u/4711-x") == {nameless}
    assert _search(house, "lee schmidt") == set(), "of one author, not of two"
    assert _search(house, "schmidt", team="nobody") == set()


def test_one_author_is_found_in_all_their_cases_the_closed_too(house: Database) -> None:
    author = {"author": {"handle": "@anna", "name": "Anna Schmidt"}}
    first, second = _by(house, author, author)
    with house.writing() as session:
        done = {"is_open": False, "stage": "closed"}
        session.execute(update(tables.Escalation).filter_by(id=second).values(**done))

    assert _search(house, "schmidt") == {first}
    assert _search(house, "schmidt", stage="closed") == {second}


def test_what_an_author_was_called_finds_nothing_once_it_is_erased(house: Database) -> None:
    anna, ben = _by(
        house,
        {"author": {"handle": "@secret1", "name": "Anna Schmidt"}, "text": "unmistakable"},
        {"author": {"handle": "@secret2", "name": "Ben Schmidt"}},
    )
    table = tables.Author
    with house.writing() as session:
        gone = {"name": None, "handle": "erased"}
        session.execute(update(table).filter_by(handle="@secret1").values(**gone))
    assert _search(house, "schmidt") == {ben}
    assert _search(house, "secret1") == set()
    assert _search(house, "erased") == {anna}
    assert _search(house, "unmistakable") == {anna}, "their words are another matter"
    with house.writing() as session:
        session.execute(update(tables.Words).values(text=""))
        session.execute(text("UPDATE conversation SET author_id = (SELECT min(id) FROM author)"))
        session.execute(text("DELETE FROM author WHERE id <> (SELECT min(id) FROM author)"))
    assert _search(house, "unmistakable") == set()
    assert _search(house, "secret2") == set()
    if house.is_sqlite:
        with house.reading() as session:
            kept = session.execute(text("SELECT count(*) FROM author_search")).scalar_one()
        assert kept == 1, "the index holds no name of somebody who is gone"


def test_search_finds_a_case_by_its_id_and_by_how_it_begins(house: Database) -> None:
    (found,) = _with_comments(house, "a quiet comment")

    for q in (found, found.lower(), f" {found} ", f"https://here.example/escalation/{found}"):
        assert _search(house, q) == {found}, q
    for length in range(queries.ID_PREFIX, 26):
        assert _search(house, found[:length]) == {found}
    assert _search(house, found[: queries.ID_PREFIX - 1]) == set(), "that begins many"
    assert _search(house, found[:-1] + ("0" if found[-1] != "0" else "1")) == set()
    assert _search(house, f"{found} quiet") == set(), "an id is looked for alone"


def test_search_finds_a_case_by_the_id_and_the_address_of_its_post(house: Database) -> None:
    long = "https://example.org/" + "é" * 1_900
    first, second, third = _by(
        house,
        {"external_id": "post/115-22", "url": "https://example.org/@rider/115"},
        {"external_id": "post/115-23", "url": None},
        {"external_id": "3", "url": long},
    )

    assert _search(house, "post/115-22") == {first}
    assert _search(house, "post/115-23") == {second}
    assert _search(house, "https://example.org/@rider/115") == {first}
    assert _search(house, "https://example.org/@rider/11") == set()
    assert _search(house, long) == {third}


def _views() -> dict[str, dict[str, Any]]:
    return {
        "mine": {"owner": "ada", "waiting": False},
        "free": {"stage": "unclaimed"},
        "late": {"before": AT},
        "team": {"team": "shop"},
        "all": {},
    }


def test_what_a_search_finds_is_counted_by_view_as_its_pages_show_it(house: Database) -> None:
    ids = _by(house, *({"text": f"saddle {n % 3}"} for n in range(40)))
    with house.writing() as session:
        for n, one in enumerate(ids):
            changes = _rows(n + 1, n + 2, is_open=n % 4 > 0)[0] | {"id": one}
            del changes["conversation_id"]
            changes["team"] = ("care", "shop")[n % 2]
            changes["owner"] = "ada" if n % 5 else None
            session.execute(update(tables.Escalation).filter_by(id=one).values(**changes))
    for q in ("saddle", "saddle 2", "nothing", "-", ids[1], "rider"):
        with house.reading() as session:
            found, is_all = queries.counts_found(session, AT, q, cast("Any", _views()))
        assert found == {
            name: len(_search(house, q, limit=200, **view)) for name, view in _views().items()
        }
        assert is_all
        assert (found["all"] > 0) == (q not in ("nothing", "-"))


def test_a_search_that_reached_its_bound_says_that_there_may_be_more(house: Database) -> None:
    (found,) = _with_comments(house, "saddle")
    for most, expected in ((queries.HITS - 1, False), (queries.HITS - 2, True)):
        rows = [words.new_row("saddle", "comment", AT, f"escalation/{found}") for _ in range(most)]
        with house.writing() as session:
            session.execute(text("DELETE FROM words WHERE number > 1"))
            session.execute(insert(tables.Words), rows)
        with house.reading() as session:
            numbers, is_all = queries.counts_found(session, AT, "saddle", {"all": {}})
        assert numbers == {"all": 1}
        assert is_all is expected


@pytest.mark.parametrize(
    "q",
    [
        '"', "'", "*", "a*", "NEAR(a b)", "a AND", "OR", "NOT x", "text:a", "^a", "(", "a:b",
        "-a", "{a}", "a & | !", "a <-> b", ":*", "\\", "\\'", "';DROP TABLE words;--", "%", "_",
        "🚲", "a'b", '"a" OR "b"', "<script>", "1 2 3 4 5 6 7 8 9 10 11 12", "a" * 200, "é", "漢字",
        "$1", "?", ":terms", "&amp;", "a/b", "a@b.c", "-", "--",
    ],
)  # fmt: skip
def test_nothing_somebody_types_is_a_query_of_the_database(house: Database, q: str) -> None:
    _with_comments(house, "a quiet comment")

    _search(house, q)


def test_search_finds_punctuated_words_as_they_are_written(house: Database) -> None:
    (found,) = _with_comments(house, "It's a rip-off, see example.com/shop!")

    for q in ("it's", "rip-off", "example.com", "rip", "exam"):
        assert _search(house, q) == {found}, q


def test_a_comment_that_moved_to_a_successor_is_found_there(house: Database) -> None:
    comment = incoming("1", text="unmistakable")
    receipt = inbox.receive(house, [comment], AT)[0]
    assert receipt.arrival_id
    with house.writing() as session:
        session.execute(update(tables.Conversation).values(open_escalation_id=None))
    successor = inbox.take_successor(house, receipt.arrival_id, receipt.escalation_id)
    _fill(house, [_rows(0, 1, is_open=True)[0] | {"id": successor}])

    assert _search(house, "unmistakable") == {successor}


def test_search_is_carried_by_the_text_index(house: Database) -> None:
    _with_comments(house, *(f"comment number{n} about a saddle" for n in range(300)))
    with house.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()
    with house.reading() as session:
        chosen = queries.choose(session, AT, most=51, q="number17")

    plan = _plan(house, chosen, avoid=("seqscan", "indexscan"))
    assert "words_search" in plan, plan
    assert "author_search" in plan, plan


def test_no_way_of_searching_reads_a_whole_table(house: Database) -> None:
    _by(house, *({"author": {"handle": f"@number{n}"}} for n in range(300)))
    with house.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()
    with house.reading() as session:
        chosen = queries.choose(session, AT, most=51, q="number17")
        counting = queries.Chosen(*queries.counting_found(session, AT, "number17", {"all": {}}))

    for asked in (chosen, counting):
        plan = _plan(house, asked, avoid=("seqscan", "sort"))
        for index in (
            "comment_external_id_idx",
            "comment_url",
            "conversation_author",
            "escalation_conversation_id_idx",
        ):
            assert index in plan, plan
        assert not re.search(r"SCAN (escalation|comment|conversation|author|words)\b", plan), plan
        assert "Seq Scan" not in plan, plan


def test_only_comments_are_searched(house: Database) -> None:
    with house.writing() as session:
        words.put(session, "a secret draft", "reply", AT)
    (found,) = _with_comments(house, "a quiet comment")

    assert _search(house, "secret") == set()
    assert _search(house, "quiet") == {found}


# Who may read, and damaged cursors. -----------------------------------------------------------


@pytest.mark.parametrize("who", [ROOT, HOOK])
def test_admins_and_machines_read_no_cases(house: Database, who: builders.Member) -> None:
    with house.reading() as session, pytest.raises(Forbidden):
        queries.escalations(session, who.actor, AT)


@pytest.mark.parametrize("who", [ADA, DEV, EVE])
def test_staff_of_every_team_and_auditors_read_the_queue(
    house: Database, who: builders.Member
) -> None:
    (found,) = _with_comments(house, "a quiet comment")
    with house.reading() as session:
        assert queries.escalations(session, who.actor, AT).items[0].id == found


@pytest.mark.parametrize(
    "cursor",
    [
        "x", "====", "W10", "é", cursors.encode("closed", ("1",)), "bnVsbA",
        cursors.encode("due", ("2026", "")), cursors.encode("due", (AT, "\x00")),
        cursors.encode("due", (AT,)), cursors.encode("due", (1, 2)),
        cursors.encode("due", ("0001-01-01T00:00:00+14:00", "a")),
    ],
)  # fmt: skip
def test_a_damaged_cursor_is_refused_by_name(house: Database, cursor: str) -> None:
    with house.reading() as session, pytest.raises(Invalid, match="cursor"):
        queries.escalations(session, ADA.actor, AT, cursor=cursor)
