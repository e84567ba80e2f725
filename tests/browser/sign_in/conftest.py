"""A real identity provider beside the real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.sign_in.provider import Iam, open_iam


@pytest.fixture(scope="session")
def iam() -> Iterator[Iam]:
    """A real identity provider on this machine's loopback, for the session."""
    with open_iam() as iam:
        yield iam
