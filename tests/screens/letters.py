"""Mails as the service sends them: taken out of a mail server of our own and kept as pages."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr
from temporalio.testing import ActivityEnvironment

from activities.notices import NoticeActivities
from config.settings import Settings
from domain.messages import Mailing, Notice
from store import tables
from store.database import Database
from store.words import new_id
from tests.postbox import serving


class Letters:
    """Sends mails about what really waits; on entering, there is a server that takes them."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.database = Database(settings.url)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.box, url = await self._open.enter_async_context(serving())
        self._open.callback(self.database.dispose)
        values = {"smtp_url": SecretStr(url), "notice_excerpts": True}
        settings = self.settings.model_copy(update=values)
        self._activities = NoticeActivities(self.database, settings)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._open.aclose()

    def send(
        self,
        person: str,
        *notices: Notice,
        due: Sequence[Notice] = (),
        language: str | None = None,
    ) -> str:
        """Tell somebody, ``due`` being what was held back until now; answers the HTML."""
        with self.database.writing() as session:
            row = session.get_one(tables.Person, person)
            row.email, row.language = f"{person}@veloria.example", language
        mailing = Mailing(id=new_id(), person=person, notices=notices, due=tuple(due))
        ActivityEnvironment().run(self._activities.send_notices, mailing)
        body = self.box.mails[-1].get_body(("html",))
        assert body is not None
        html: str = body.get_content()
        return html

    def kept(self, name: str, html: str) -> str:
        """The address at which a browser finds this mail."""
        place = self.folder / f"{name}.html"
        place.write_text(html, encoding="utf-8")
        return place.as_uri()
