"""Finding who fills a seat now: people who are there, and who was not."""

from __future__ import annotations

from datetime import UTC, datetime

from temporalio import activity

from domain.messages import SeatsFilled, SeatsWanted
from domain.people import Seat
from domain.roster import Filled
from store import people
from store.database import Database


class PeopleActivities:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="fill_seats")
    def fill_seats(self, wanted: SeatsWanted) -> dict[Seat, tuple[str, ...]]:
        """The people on these seats at this moment."""
        return {seat: found.people for seat, found in self._filled(wanted).items()}

    @activity.defn(name="find_people")
    def find_people(self, wanted: SeatsWanted) -> SeatsFilled:
        """The same, and with it who was skipped and why, and which seats were empty."""
        return SeatsFilled(filled=self._filled(wanted))

    def _filled(self, wanted: SeatsWanted) -> dict[Seat, Filled]:
        at = wanted.at or datetime.now(UTC)
        with self._database.reading() as session:
            return people.filled_all(session, wanted.wanted, wanted.seats, at, urgent=wanted.urgent)
