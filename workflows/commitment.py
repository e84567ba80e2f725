"""A promise from its publication until it is kept, withdrawn, or broken and then made good."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.messages import Start

from workflows.entity import Entity


@workflow.defn(name="commitment")
class CommitmentWorkflow(Entity):
    """Reminds before the due date and says so when it passes; see ``domain.commitment``."""

    @workflow.init
    def __init__(self, start: Start) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start) -> str:
        return await self.live()
