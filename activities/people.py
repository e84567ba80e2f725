"""Finding who fills a seat now."""

from __future__ import annotations

from temporalio import activity

from domain.messages import SeatsWanted
from domain.people import Seat
from store import people
from store.database import Database


class PeopleActivities:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="fill_seats")
    def fill_seats(self, wanted: SeatsWanted) -> dict[Seat, tuple[str, ...]]:
        """The people on these seats at this moment."""
        with self._database.reading() as session:
            return {seat: people.fill(session, seat, wanted.seats) for seat in wanted.wanted}
