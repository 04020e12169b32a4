"""How fast the pool asks: calls in flight, requests and tokens a minute, and what the server says of it.

aiolimiter counts: a leaky bucket with amounts and no task of its own, so that a hundred thousand tokens
are one number and not a hundred thousand entries. What it lacks is here: a bucket that never lets a
minute's worth go at once, a hold that one Retry-After puts on everybody, and fewer calls in flight
while the server fails.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiolimiter import AsyncLimiter

_SHARE = 0.97
_BURST = 0.02  # share and burst together stay under the limit in every window of a minute
_LONGEST_HOLD = 30.0
_STREAK = 5  # failures with no answer between them, from which on the server is held to be away
_PIECE = 1000


@dataclass(frozen=True)
class Limits:
    """What the pool may do: calls in flight at once, requests and tokens in each ``period`` of seconds."""

    concurrency: int
    requests: int | None = None
    tokens: int | None = None
    period: float = 60.0


class Pace:
    """The pool's one gate: whoever calls passes through ``turn``, and tells how it went."""

    def __init__(
        self,
        limits: Limits,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._requests = _bucket(limits.requests, limits.period)
        self._tokens = _bucket(limits.tokens, limits.period)
        self._most_tokens = limits.tokens
        self._line = asyncio.Lock()
        self._most = limits.concurrency
        self._places = 1.0  # a wrong key is found out with one call
        self._flying = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._until = 0.0
        self._waves = 0
        self._wave_began = clock()
        self._owed = 0
        self._streak = 0
        self._failing_since: float | None = None
        self.answers = 0

    @property
    def trouble(self) -> float:
        """Seconds since when nothing but failures came; 0 while the server answers."""
        return 0.0 if self._failing_since is None else self._clock() - self._failing_since

    def allows(self, tokens: int) -> bool:
        """Whether so many tokens may go in a minute at all."""
        return self._most_tokens is None or tokens <= self._most_tokens

    @asynccontextmanager
    async def turn(self, guess: Callable[[], int]) -> AsyncIterator[int]:
        """A place in the pool, once every limit allows a call of about so many tokens, as is known by then."""
        await self._enter()
        try:
            tokens = await self._within_limits(guess)
            while self._held():
                await self._sleep(self._held())
            yield tokens
        finally:
            self._leave()

    async def _within_limits(self, guess: Callable[[], int]) -> int:
        # One after the other: calls that each got a part of their tokens would all get the rest at once.
        async with self._line:
            tokens = guess()
            if self._tokens:
                wanted = max(0, tokens + self._owed)
                self._owed = min(0, tokens + self._owed)
                piece = min(_PIECE, int(self._tokens.max_rate))
                for at in range(0, wanted, piece):
                    await self._tokens.acquire(min(piece, wanted - at))
            if self._requests:
                await self._requests.acquire()
        return tokens

    async def _enter(self) -> None:
        while self._flying >= int(self._places) or self._held():
            if self._held():
                await self._sleep(self._held())
            else:
                place = asyncio.get_running_loop().create_future()
                self._waiting.append(place)
                try:
                    await place
                except asyncio.CancelledError:
                    self._call_in()  # the place may have been given already
                    raise
        self._flying += 1

    def _leave(self) -> None:
        self._flying -= 1
        self._call_in()

    def _call_in(self) -> None:
        free = int(self._places) - self._flying
        while free > 0 and self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                free -= 1

    def _held(self) -> float:
        return max(0.0, self._until - self._clock())

    def good(self, guessed: int, tokens: int) -> None:
        """An answer came, of so many tokens where so many were guessed: the pool may grow again."""
        self._owed += tokens - guessed
        self._waves = self._streak = 0
        self._failing_since = None
        self.answers += 1
        self._places = float(self._most) if self.answers == 1 else min(float(self._most), self._places + 1)
        self._call_in()

    def bad(self, began: float, retry_after: float, *, throttled: bool) -> None:
        """A call that began then failed. Where it was told to wait, or nothing else comes, all wait, and fewer ask."""
        now = self._clock()
        self._streak += 1
        if self._failing_since is None:
            self._failing_since = began
        if not throttled and self._streak < _STREAK:
            return
        hold = retry_after
        if began >= self._wave_began:
            # The first of its wave; calls that were on their way with it say nothing new.
            self._waves += 1
            self._wave_began = now
            self._places = max(1.0, self._places / 2)
            hold = max(retry_after, min(_LONGEST_HOLD, 0.5 * 2**self._waves) * random.uniform(0.75, 1.25))  # noqa: S311
        self._until = max(self._until, now + hold)


def _bucket(limit: int | None, period: float) -> AsyncLimiter | None:
    if limit is None:
        return None
    # A small bucket that refills as fast: a full one would let twice the limit through in its first minute.
    size = max(1.0, limit * _BURST)
    return AsyncLimiter(size, size * period / (limit * _SHARE))
