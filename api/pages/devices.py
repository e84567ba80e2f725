"""What a browser is, in the few words that are kept of it: enough to know one's own again."""

from __future__ import annotations

from texts import gettext as _

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
"""What a browser's own account of itself must hold; the first that does counts, because nearly
all of them also claim to be the ones further down."""

_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def name_of(user_agent: str) -> str:
    """Browser and system, such as ``Firefox on Linux``; never what was sent itself."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    return f"{browser} on {system}" if system else browser


def said(name: str) -> str:
    """The same as it was remembered, in the language that is spoken."""
    browser, on, system = name.partition(" on ")
    if browser == "A browser":
        browser = _("A browser")
    return _("%(browser)s on %(system)s", browser=browser, system=system) if on else browser
