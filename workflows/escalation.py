"""An escalation from its first comment to its answer."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.messages import Start

from workflows.entity import Entity


@workflow.defn(name="escalation")
class EscalationWorkflow(Entity):
    """Claimed, decided, answered, listened to; the story is ``domain.escalation.STAGES``."""

    @workflow.init
    def __init__(self, start: Start) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start) -> str:
        return await self.live()
