"""Which versions of a draft are kept, and who may see any."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.drafts import LAST, MOST, DraftKind, DraftMark, may_draft, newest, thinned
from tests.builders import ADA, AT, BEN, CORA, DEV, EVE, HOOK, ROOT, Member

REPLY, NOTE = DraftKind.REPLY, DraftKind.NOTE


def mark(
    version: int, kind: DraftKind = REPLY, minutes: float = 0, *, is_aside: bool = False
) -> DraftMark:
    at = AT + timedelta(minutes=minutes)
    return DraftMark(version=version, kind=kind, person="ada", is_aside=is_aside, created_at=at)


@pytest.mark.parametrize(
    ("who", "wanted"),
    [(ADA, True), (BEN, True), (CORA, True), (DEV, False), (EVE, False), (ROOT, False),
     (HOOK, False)],
    ids=lambda value: getattr(value, "id", None),
)  # fmt: skip
def test_drafts_are_for_the_team_and_executives(who: Member, wanted: bool) -> None:
    assert may_draft(who.actor, "care", None) is wanted


def test_the_owner_of_a_case_sees_its_drafts_whatever_team_they_are_in() -> None:
    assert may_draft(EVE.actor, "care", "eve")


def test_the_newest_is_of_the_kind_and_never_one_put_aside() -> None:
    marks = [mark(1), mark(2, NOTE), mark(3, is_aside=True)]
    assert newest(marks, REPLY) == marks[0]
    assert newest(marks) == marks[1]
    assert newest(marks, DraftKind.PROPOSAL) is None


def test_two_hundred_versions_are_all_kept() -> None:
    assert thinned([mark(n) for n in range(1, MOST + 1)]) == ()


def test_of_many_the_first_the_last_fifty_and_the_last_of_each_hour_are_kept() -> None:
    marks = [mark(n, minutes=n) for n in range(1, MOST + 2)]
    kept = {m.version for m in marks} - set(thinned(marks))

    assert kept == {1, 59, 119, *range(MOST + 2 - LAST, MOST + 2)}


def test_where_there_are_too_many_hours_the_early_ones_go() -> None:
    marks = [mark(n, minutes=60 * n) for n in range(1, 2 * MOST)]
    kept = sorted({m.version for m in marks} - set(thinned(marks)))

    assert len(kept) == MOST
    assert kept[0] == 1
    assert kept[1:] == list(range(MOST + 1, 2 * MOST))


@given(
    st.lists(
        st.tuples(st.sampled_from(list(DraftKind)), st.integers(0, 5_000), st.booleans()),
        min_size=MOST + 1,
        max_size=MOST + 40,
    )
)
@settings(max_examples=40, deadline=None)
def test_thinning_leaves_what_writing_goes_on_from_and_no_more_than_the_limit(
    rows: list[tuple[DraftKind, int, bool]],
) -> None:
    marks = [mark(n, kind, at, is_aside=aside) for n, (kind, at, aside) in enumerate(rows, 1)]
    gone = set(thinned(marks))
    left = [m for m in marks if m.version not in gone]

    assert len(left) <= MOST
    assert thinned(left) == ()
    assert left[-1] == marks[-1]
    for kind in DraftKind:
        assert newest(left, kind) == newest(marks, kind)
