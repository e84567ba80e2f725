"""The pages of those who run the house, by forms alone."""

from __future__ import annotations

from tests.pages.conftest import Office, forms_of

PAGES = (
    "/admin", "/admin/policy", "/admin/policy/versions/1", "/admin/policy/diff",
    "/admin/policy/dates", "/admin/people", "/admin/people/ada", "/admin/teams",
    "/admin/channels", "/admin/tokens", "/admin/house",
)  # fmt: skip

FOR_ADMINS = ("/admin/policy/draft", "/admin/new-person", "/admin/people/ada/leave")


async def test_admins_and_auditors_read_every_page_and_others_none(office: Office) -> None:
    root, dev, ada = (
        await office.browser_of("root"), await office.browser_of("dev"),
        await office.browser_of("ada"),
    )  # fmt: skip
    for address in PAGES:
        await root.see(address)
        page = await dev.see(address)
        assert [a for _, a, _ in forms_of(page) if a.startswith("/admin")] == [], address
        await ada.see(address, status=403)
    for address in FOR_ADMINS:
        await root.see(address)
        await dev.see(address, status=403)
