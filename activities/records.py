"""Taking facts to the ledger."""

from __future__ import annotations

from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.errors import StaleEpoch
from domain.ledger import Batch
from store import records
from store.database import Database


class RecordActivities:
    """Runs in threads: the store is synchronous."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="record")
    def record(self, batch: Batch) -> None:
        """Write a batch. A fork or a gap is tried for ever: an alarm, never a loss.

        Only a workflow that a restore has replaced gives up.
        """
        try:
            records.record(self._database, batch, datetime.now(UTC))
        except StaleEpoch as error:
            raise ApplicationError(str(error), type="StaleEpoch", non_retryable=True) from error
