"""The list of the pictures, held against the pages there are, without drawing any."""

from __future__ import annotations

from collections import Counter

from tests import page_routes
from tests.screens.shots import IN_DOCS, SHOTS


def test_no_page_is_left_out_of_the_pictures() -> None:
    assert page_routes.without(shot.address for shot in SHOTS) == set()


def test_each_picture_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(shot.name for shot in SHOTS).items() if count > 1] == []
    assert set(IN_DOCS) <= {shot.name for shot in SHOTS}
