"""The pool's gate: never over a limit, one Retry-After for all, fewer calls while the server fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import pytest

from agent.batch_calls import Purse, StopError
from agent.outcome import Usage
from agent.pace import Limits, Pace
from tests.scripted_server import FakeTime


def most_in(starts: list[float], period: float) -> int:
    """The most starts in any window of that length."""
    return max(sum(begin <= other < begin + period for other in starts) for begin in starts)


async def race(pace: Pace, calls: int, tokens: int = 1, *, seconds: float = 0.0) -> list[float]:
    """So many calls at once; gives when each was let through."""
    starts: list[float] = []

    async def one() -> None:
        async with pace.turn(lambda: tokens):
            starts.append(time.monotonic())
            await asyncio.sleep(seconds)
        pace.good(tokens, tokens)

    await asyncio.gather(*(one() for _ in range(calls)))
    return starts


def test_requests_in_any_period_stay_under_the_limit() -> None:
    pace = Pace(Limits(500, requests=100, period=0.5))
    pace.good(0, 0)
    starts = asyncio.run(race(pace, 300))

    assert most_in(starts, 0.5) <= 100


def test_tokens_in_any_period_stay_under_the_limit() -> None:
    pace = Pace(Limits(500, tokens=50_000, period=0.5))
    starts = asyncio.run(race(pace, 60, tokens=2_000))

    assert most_in(starts, 0.5) * 2_000 <= 50_000


def test_tokens_that_were_guessed_too_low_are_paid_back_later() -> None:
    async def run() -> float:
        pace = Pace(Limits(1, tokens=10_000, period=1.0))
        async with pace.turn(lambda: 100):
            pace.good(100, 5_100)
        start = time.monotonic()
        async with pace.turn(lambda: 100):
            return time.monotonic() - start

    assert asyncio.run(run()) > 0.4


def test_no_more_calls_are_in_flight_than_allowed() -> None:
    pace = Pace(Limits(7))
    pace.good(0, 0)
    starts = asyncio.run(race(pace, 28, seconds=0.05))

    assert most_in(starts, 0.04) <= 7


def test_the_first_call_goes_alone() -> None:
    async def run() -> int:
        pace = Pace(Limits(50))
        waiting = [asyncio.create_task(race(pace, 1, seconds=0.05)) for _ in range(50)]
        await asyncio.sleep(0.02)
        flying = pace._flying
        await asyncio.gather(*waiting)
        return flying

    assert asyncio.run(run()) == 1


def held(told: Callable[[Pace, float], None]) -> tuple[list[float], FakeTime]:
    """When three calls are let through after what was told, by a clock that only sleeping moves."""
    now = FakeTime()

    async def run() -> list[float]:
        pace = Pace(Limits(10), clock=now.clock, sleep=now.sleep)
        pace.good(0, 0)
        told(pace, now.clock())
        starts: list[float] = []

        async def one() -> None:
            async with pace.turn(lambda: 1):
                starts.append(now.clock())

        await asyncio.gather(*(one() for _ in range(3)))
        return starts

    return asyncio.run(run()), now


@pytest.mark.fault("retry-after")
def test_one_retry_after_makes_everybody_wait() -> None:
    starts, _ = held(lambda pace, now: pace.bad(now, 40.0, throttled=True))

    assert min(starts) >= 40.0


@pytest.mark.fault("retry-after")
def test_of_two_waits_told_at_once_the_longer_one_holds() -> None:
    def tell(pace: Pace, now: float) -> None:
        pace.bad(now, 1.0, throttled=True)
        pace.bad(now - 1, 40.0, throttled=True)  # it was on its way with the other, and was told later

    starts, _ = held(tell)

    assert min(starts) >= 40.0


def test_a_single_failure_holds_nobody_else_up() -> None:
    starts, _ = held(lambda pace, now: pace.bad(now, 0.0, throttled=False))

    assert max(starts) == 0.0


@pytest.mark.fault("gateway-5xx")
def test_failures_one_after_the_other_hold_all_longer_and_longer() -> None:
    def fail(pace: Pace, now: float) -> None:
        for _ in range(8):
            pace.bad(now, 0.0, throttled=False)
            now = pace._until

    starts, _ = held(fail)

    assert min(starts) > 1.0


def test_calls_that_failed_together_count_as_one() -> None:
    now = FakeTime()

    async def run() -> tuple[float, float]:
        pace = Pace(Limits(100), clock=now.clock, sleep=now.sleep)
        pace.good(0, 0)
        now.now = 1.0
        for _ in range(100):
            pace.bad(0.5, 0.0, throttled=True)
        return pace._places, pace._held()

    places, hold = asyncio.run(run())

    assert places == 50.0
    assert hold < 2.0


@pytest.mark.fault("gateway-5xx")
def test_after_an_outage_the_pool_grows_with_every_answer() -> None:
    pace = Pace(Limits(20), clock=lambda: 0.0)
    pace.good(0, 0)
    for wave in range(6):
        pace._wave_began = -1.0
        pace.bad(float(wave), 0.0, throttled=True)
    low = pace._places
    for _ in range(40):
        pace.good(0, 0)

    assert low == 1.0
    assert pace._places == 20.0
    assert pace.trouble == 0.0


def spend(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def test_a_purse_counts_what_is_on_its_way() -> None:
    async def scenario() -> None:
        purse = Purse(tokens=100)
        await purse.hold(Usage(1, 60, 0), Usage(1, 60, 0))
        second = asyncio.create_task(purse.hold(Usage(1, 60, 0), Usage(1, 60, 0)))
        await asyncio.sleep(0)
        assert not second.done()
        purse.settle(Usage(1, 60, 0), Usage(1, 10, 5))
        await second
        assert purse.spent == Usage(1, 10, 5)

    spend(scenario())


def test_an_empty_purse_stops_the_run() -> None:
    async def scenario() -> None:
        purse = Purse(dollars=Decimal("0.01"))
        guess = Usage(1, 10, 10, Decimal("0.006"))
        await purse.hold(guess, guess)
        purse.settle(guess, guess)
        with pytest.raises(StopError, match=r"0\.006 of 0\.01 US dollars"):
            await purse.hold(guess, guess)

    spend(scenario())


def test_a_call_that_may_take_more_than_is_left_goes_alone() -> None:
    async def scenario() -> None:
        purse = Purse(tokens=100)
        most, likely = Usage(1, 10, 200), Usage(1, 10, 20)
        await purse.hold(most, likely)
        second = asyncio.create_task(purse.hold(most, likely))
        await asyncio.sleep(0)
        assert not second.done()
        purse.settle(most, Usage(1, 10, 75))
        with pytest.raises(StopError, match="85 of 100 tokens"):
            await second

    spend(scenario())
