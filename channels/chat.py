"""Chat: one message to the place where one person reads their chat, sent through ``apprise``.

The address of such a place is a secret, since whoever knows it can write there. Nothing here logs
it, and what goes wrong is told by a code alone. Which services may be named is a setting, because a
service with a host of its own lets whoever names it make us call that host.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection
from typing import TYPE_CHECKING

from domain.errors import Invalid

if TYPE_CHECKING:
    import apprise

SECONDS = 10.0
"""How long one message may take in all; then it counts as not sent."""

NOT_ALLOWED = "not_allowed"
"""What ``send`` answers where the service may not be used any more: trying again is in vain."""

LONGEST = 2_000
"""Characters of an address, more than any service needs."""

for _name in ("apprise", "urllib3", "requests"):
    # They log addresses, in which the secrets of most services stand.
    logging.getLogger(_name).setLevel(logging.CRITICAL)


def services(setting: str) -> frozenset[str]:
    """The services that a setting names, such as ``slack, ntfys``."""
    return frozenset(name for name in setting.replace(",", " ").lower().split() if name)


def check(address: str, allowed: Collection[str]) -> None:
    """Raise Invalid, without repeating it, for an address that no allowed service understands."""
    if _service(address, allowed) is None:
        raise Invalid(
            "bad_chat",
            "this is no address of a chat service that may be used here",
            f"write it as apprise does, for one of: {', '.join(sorted(allowed)) or 'none'}",
            field="chat",
        )


def send(address: str, title: str, text: str, allowed: Collection[str]) -> str:
    """Send one message, waiting at most ``SECONDS``; answers what went wrong, empty if nothing.

    Repeating it may show the message twice: chat services know no ids of ours.
    """
    import apprise  # noqa: PLC0415 - it loads a hundred services, which takes a second

    service = _service(address, allowed)
    if service is None:
        return NOT_ALLOWED
    chat = apprise.Apprise(asset=_asset())
    chat.add(service)
    result = chat.notify(text, title, body_format=apprise.NotifyFormat.TEXT, timeout=SECONDS)
    return "" if result else f"chat_{result.status.name.lower()}"


def _asset() -> apprise.AppriseAsset:
    import apprise  # noqa: PLC0415

    return apprise.AppriseAsset(
        app_id="Answerable",
        app_desc="Answerable",
        http_redirects=False,  # A redirect would lead past the services that are allowed.
        secure_logging=True,
        storage_mode="memory",
        interpret_escapes=False,
    )


def _service(address: str, allowed: Collection[str]) -> apprise.NotifyBase | None:
    import apprise  # noqa: PLC0415

    if len(address) > LONGEST or not address.isprintable():
        return None
    with warnings.catch_warnings():
        # Loading all services imports parts of the standard library that are on their way out.
        warnings.simplefilter("ignore")
        found = apprise.Apprise.instantiate(address, asset=_asset(), suppress_exceptions=True)
    if not isinstance(found, apprise.NotifyBase):
        return None
    scheme = address.partition("://")[0].lower()
    # Addresses of the web, as services hand them out, are understood as those of their service.
    known: set[str] = found.schemas()  # type: ignore[no-untyped-call]
    names = {scheme} if scheme in known else known
    return found if names & set(allowed) else None
