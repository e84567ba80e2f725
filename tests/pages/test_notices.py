"""The page on which people say how they want to be told."""

from __future__ import annotations

from tests.pages.conftest import Office, form_of, text_of


async def test_everybody_sets_their_own_notices_on_a_page(office: Office) -> None:
    for name in ("ada", "cora", "dev"):
        browser = await office.browser_of(name)
        page = await browser.see("/me/notices")
        fields = form_of(page, "/me/notices") | {"cases-timing": "daily"}
        fields = {k: v for k, v in fields.items() if k not in ("late-mail", "late-chat")}
        saved = await browser.http.post("/me/notices", data=fields)
        assert "Saved." in text_of(saved)
        mine = await getattr(office.door, name).get("me/notices")
        assert mine["topics"]["cases"]["timing"] == "daily"
        assert mine["topics"]["late"]["ways"] == []
    root = await office.browser_of_admin()
    await root.see("/me/notices")


async def test_a_wrong_address_is_refused_in_words_and_not_shown_again(office: Office) -> None:
    browser = await office.browser_of("ada")
    fields = form_of(await browser.see("/me/notices"), "/me/notices")
    answer = await browser.http.post(
        "/me/notices", data=fields | {"chat": "json://10.0.0.7/very-secret"}
    )
    assert answer.status_code == 422
    assert "no address of a chat service" in text_of(answer)
    assert "very-secret" not in answer.text
    good = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    await browser.http.post("/me/notices", data=fields | {"chat": good})
    page = await browser.see("/me/notices")
    assert "You can be reached in your chat" in text_of(page)
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in page.text
    fields = form_of(page, "/me/notices") | {"forget_chat": "yes"}
    await browser.http.post("/me/notices", data=fields)
    assert "No address of your chat" in text_of(await browser.see("/me/notices"))


async def test_nobody_sets_them_from_another_site_or_without_signing_in(office: Office) -> None:
    stranger = office.browser()
    assert "Sign in" in text_of(await stranger.see("/me/notices"))
    browser = await office.browser_of("ada")
    fields = form_of(await browser.see("/me/notices"), "/me/notices")
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = await browser.http.post("/me/notices", data=fields, headers=headers)
    assert answer.status_code == 403
