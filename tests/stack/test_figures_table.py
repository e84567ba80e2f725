"""`answerable figures commitments` as a terminal of eighty columns shows it."""

from __future__ import annotations

import pytest

from answerable import figures


def test_no_head_of_the_table_is_cut_at_eighty_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    counts = (1234, 10, 50, 2, 3, 4, 5, 6, 7, 8)
    figures._table("team", [("care", "Customer care", *counts), ("", "all", *counts)])
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert "1234" in shown
    heads = shown.partition("care")[0].splitlines()
    for upper, lower in (("renego-", "tiated"), ("still", "broken"), ("with-", "drawn")):
        assert upper in heads[0]
        assert lower in heads[1]
