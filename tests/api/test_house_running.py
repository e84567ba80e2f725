"""Running the house over JSON: tokens, teams, channels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select
from sqlmodel import col

from api.channels import Ailment, ailments
from config.settings import Settings
from domain.people import Role
from domain.policy import Channel, ChannelKind
from domain.roster import Colleague, Roster, Standing
from store import people, staffing, tables
from store.channel_health import ChannelHealth, CheckView, StuckPost
from store.staffing import Wish
from tests.api.conftest import OpenDoor, Visitor, problem_of

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def test_a_token_is_made_listed_with_its_use_and_ended(fresh_door: OpenDoor) -> None:
    made = await fresh_door.root.post("people/cora/tokens", {"label": "Importer", "days": 3})
    used = Visitor(fresh_door.http, made["token"])
    await used.get("people")
    (token,) = [t for t in (await fresh_door.dev.get("tokens"))["items"] if t["label"]]
    assert (token["person"], token["made_by"], token["label"]) == ("cora", "root", "Importer")
    assert token["seen_at"] is not None
    assert token["roles"] == ["executive"]
    assert "token" not in token
    ended = await fresh_door.root.post(f"tokens/{token['id']}/end")
    assert ended["ended_at"] is not None
    again = await fresh_door.root.post(f"tokens/{token['id']}/end")
    assert again["ended_at"] == ended["ended_at"]
    problem_of(await used.ask("GET", "/api/v1/people"), 401)
    over = await fresh_door.dev.get("tokens", person="cora", is_over=True)
    assert [t["id"] for t in over["items"]] == [token["id"]]
    with fresh_door.service.database.reading() as session:
        told = list(session.scalars(select(col(tables.HouseNotice.person_id))))
    assert told == ["cora"]
    await fresh_door.root.refused(404, "people/nobody/tokens", {"days": 1})


async def test_tokens_are_listed_in_pages(fresh_door: OpenDoor) -> None:
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    for _ in range(20):
        page = await fresh_door.root.get("tokens", **cursor | {"limit": "2"})
        seen += [token["person"] for token in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert sorted(seen) == ["ada", "ben", "cora", "dev", "eve", "hook", "root"]


async def test_teams_tell_who_is_there_and_which_seats_are_empty(fresh_door: OpenDoor) -> None:
    with fresh_door.service.database.writing() as session:
        at = datetime.now(UTC)
        people.put_person(session, "eve", "Eve", [Role.STAFF], {"shop": False}, at, by="root")
    care, shop = (await fresh_door.eve.get("teams"))["items"]
    assert [(m["person"], m["is_lead"]) for m in care["members"]] == [("ada", False), ("ben", True)]
    lead = next(seat for seat in shop["seats"] if seat["seat"] == "lead")
    assert (lead["is_empty"], lead["instead"], lead["people"]) == (True, "executives", ["cora"])


async def test_channels_are_told_and_asked(fresh_door: OpenDoor) -> None:
    checked = await fresh_door.root.post("channels/console/check")
    assert (checked["result"], checked["by"]) == ("absent", "root")
    items = {i["channel"]: i for i in (await fresh_door.dev.get("channels"))["items"]}
    assert items["console"]["check"]["result"] == "absent"
    assert items["console"]["ails"] == []
    assert items["shop"]["check"] is None


def test_what_ails_a_channel_follows_from_what_is_known_of_it() -> None:
    hook = Channel(
        kind=ChannelKind.WEBHOOK, team="care", url="https://blog.example/", posts_per_day=2
    )
    settings = Settings(channel_secrets={"blog": SecretStr("whsec_eA==")})
    well = ChannelHealth(channel="blog")

    def ails(**known: object) -> tuple[Ailment, ...]:
        return ailments(well.model_copy(update=known), hook, settings, AT)

    assert ails() == ()
    assert ailments(well, hook, Settings(), AT) == (Ailment.NO_SECRET,)
    assert ailments(well, None, settings, AT) == (Ailment.GONE,)
    assert ails(posts={"failed": 1, "unconfirmed": 2}) == (Ailment.FAILED, Ailment.UNCONFIRMED)
    stuck = StuckPost(id="1", stage="publishing", code="no_connection", at=AT)
    assert ails(stuck=(stuck,)) == (Ailment.TRYING,)
    assert ails(waiting=1, waiting_since=AT - timedelta(seconds=30)) == ()
    assert ails(waiting=1, waiting_since=AT - timedelta(minutes=5)) == (Ailment.WAITING,)
    assert ails(check=CheckView(at=AT, by="root", result="found")) == (Ailment.FALSE,)
    assert ails(check=CheckView(at=AT, by="root", result="timeout")) == (Ailment.SILENT,)
    assert ails(used_today=2) == (Ailment.FULL,)
    assert ails(halted=("1",)) == (Ailment.HALTED,)


async def test_people_are_found_by_text_role_team_and_state(fresh_door: OpenDoor) -> None:
    def found(**wish: str) -> list[str]:
        with fresh_door.service.database.reading() as session:
            page = staffing.search(session, Wish(**wish), datetime.now(UTC))
        return [item.id for item in page.items]

    with fresh_door.service.database.writing() as session:
        people.remove_person(session, "eve", datetime.now(UTC), by="root")
    assert found(text="EN") == ["ben"]
    assert found(role="executive") == ["cora"]
    assert found(team="care") == ["ada", "ben"]
    assert found(state="left") == ["eve"]
    assert found(state="machines") == ["hook"]
    assert "eve" not in found()


def test_deputies_who_are_away_for_each_other_are_a_circle() -> None:
    away = [Colleague(id=i, away_until=AT) for i in ("ada", "ben")]
    standings = (
        Standing(of="ada", by="ben", is_absence=True),
        Standing(of="ben", by="ada", is_absence=True),
    )
    around = Roster(people=(*away, Colleague(id="cora")), standings=standings)
    assert staffing.circles(around) == [("ada", "ben")]
    back = around.model_copy(update={"people": (away[0], Colleague(id="ben"))})
    assert staffing.circles(back) == []
