"""Many calls at once over several connection pools: one pool looks at all its connections before every call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.connections import connected
from agent.model import Model
from agent.settings import ModelSettings

if TYPE_CHECKING:
    import httpx2

_EACH = 5
"""Calls of one pool at once: beyond, looking for a free connection costs more than the call."""


class Lines(Model):
    """A model behind as many connections as calls are in flight."""

    def __init__(self, settings: ModelSettings, calls: int) -> None:
        super().__init__(settings)
        pools = -(-calls // _EACH)
        each = -(-calls // pools)
        self._pools = [Model(settings, http_client=_pool(settings, each)) for _ in range(pools)]
        self._flying = [0] * pools

    async def post(self, request: dict[str, Any], seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        """One HTTP call, over the pool that has the fewest."""
        at = self._flying.index(min(self._flying))
        self._flying[at] += 1
        try:
            return await self._pools[at].post(request, seconds)
        finally:
            self._flying[at] -= 1

    async def close(self) -> None:
        """Close the connections."""
        for pool in self._pools:
            await pool.close()


def _pool(settings: ModelSettings, size: int) -> httpx2.AsyncClient:
    import httpx2
    import openai

    return connected(
        timeout=openai.Timeout(settings.call_timeout, connect=10.0),
        limits=httpx2.Limits(max_connections=size, max_keepalive_connections=size),
    )
