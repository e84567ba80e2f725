"""Numbers as people write them where they are."""

from __future__ import annotations

from functools import lru_cache

from babel import numbers

from texts import spoken


def number(n: float) -> str:
    """``1,234`` or ``1.234``; at most one digit behind the point."""
    return _decimal(n, "#,##0.#", spoken().region)


def tenths(n: float) -> str:
    """``1.0``: with one digit behind the point, whatever it is."""
    return _decimal(n, "#,##0.0", spoken().region)


def percent(part: float, whole: float) -> str:
    """``12 %`` of a whole that is not nothing."""
    return _percent(round(100 * part / whole), spoken().region)


@lru_cache(maxsize=4096)
def _decimal(n: float, pattern: str, region: str) -> str:
    return numbers.format_decimal(n, format=pattern, locale=region)


@lru_cache(maxsize=1024)
def _percent(hundredths: int, region: str) -> str:
    return numbers.format_percent(hundredths / 100, locale=region)
