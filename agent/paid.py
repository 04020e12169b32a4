"""The calls of one run with its journal: what a run before it paid for, and did not come to use, is not asked again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.ledger import Kept, Ledger
from agent.model import Call, Model, request_sha256

if TYPE_CHECKING:
    from agent.settings import ModelSettings
    from agent.store import Store


@dataclass(frozen=True)
class Journal:
    """The way to the model past the answers of earlier runs under the same key."""

    store: Store
    run_id: int
    model: Model
    answers: Mapping[str, Kept]

    def note(self, call: Call) -> None:
        """Keep a call, unless its answer is from the journal."""
        if call.request_sha256 not in self.answers:
            self.store.journal(self.run_id, call)

    async def send(self, request: dict[str, Any], seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        """The answer that was paid for, or a new one."""
        kept = self.answers.get(request_sha256(request))
        if kept:
            return kept.status, {}, kept.raw.encode()
        return await self.model.send(request, seconds)


@asynccontextmanager
async def journal(store: Store, run_id: int, key: str, settings: ModelSettings) -> AsyncIterator[Journal]:
    """The journal of a run, open while it asks."""
    model = Model(settings)
    try:
        yield Journal(store, run_id, model, Ledger(store).answers(key))
    finally:
        await model.close()
