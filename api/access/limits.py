"""How much one caller may ask: counted in Redis, so that all processes count together.

Each caller (a user, a token) has so many requests in any minute; a long body counts as several. Tokens that nobody has
are counted by the address they come from. While Redis is away everybody is let through: planning goes on, and the log
says so.
"""

import math
import time
from collections.abc import Callable

import structlog
from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import RedisError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.access.gate import address_of
from api.broker import trouble_of
from api.settings import ApiSettings
from models.access.callers import Caller
from models.access.networks import network_of
from models.redis_urls import for_redis_py

_STRANGERS = RateLimitItemPerMinute(120)
"""The most tokens that nobody has, of one address."""

_OF_ONE = 64 * 1024
"""Bytes of a body for each of which a request counts once more."""

_PATIENCE = 0.5
"""Seconds for Redis to answer: less than anybody minds."""

_LEAVE_ALONE = 5.0
"""Seconds for which Redis is not asked again once it has not answered."""

_COMPLAIN_EVERY = 60.0
"""Seconds between two log lines about Redis being away."""

_DRIVER = DriverInfo()
"""What connections tell Redis of its client; each would look it up among the installed packages again."""

_log = structlog.get_logger("slotwise.api")


class Tally:
    """Counts in moving windows."""

    def __init__(self, redis_url: Callable[[], str]) -> None:
        self._redis_url = redis_url
        self._pool: ConnectionPool | None = None
        self._window: MovingWindowRateLimiter | None = None
        self._away_until = -math.inf
        self._complained = -math.inf

    async def spend(self, limit: RateLimitItem, whose: str, cost: int = 1) -> int:
        """Count so many, if there is room: 0; else the seconds after which there is more room."""
        return await self._asked(limit, whose, cost, spend=True)

    async def wait(self, limit: RateLimitItem, whose: str) -> int:
        """The same of one, and nothing is counted."""
        return await self._asked(limit, whose, 1, spend=False)

    async def close(self) -> None:
        """Let go of Redis."""
        if self._pool:
            await self._pool.aclose()
            self._pool = self._window = None

    async def _asked(self, limit: RateLimitItem, whose: str, cost: int, *, spend: bool) -> int:
        if time.monotonic() < self._away_until:
            return 0
        try:
            window = self._counting()
            if await (window.hit if spend else window.test)(limit, whose, cost=min(cost, limit.amount)):
                return 0
            frees_at, _ = await window.get_window_stats(limit, whose)
        except (RedisError, OSError) as error:
            self._is_away(error)
            return 0
        return max(1, math.ceil(frees_at - time.time()))

    def _counting(self) -> MovingWindowRateLimiter:
        """Made at first use: its connections belong to the running event loop."""
        if self._window is None:
            self._pool = ConnectionPool.from_url(
                for_redis_py(self._redis_url()),
                socket_timeout=_PATIENCE,
                socket_connect_timeout=_PATIENCE,
                retry=Retry(NoBackoff(), 0),
                driver_info=_DRIVER,
            )
            storage = RedisStorage(
                "async+redis://",
                implementation="redispy",
                connection_pool=self._pool,  # type: ignore[arg-type]  # handed on to redis-py
            )
            self._window = MovingWindowRateLimiter(storage)
        return self._window

    def _is_away(self, error: Exception) -> None:
        now = time.monotonic()
        self._away_until = now + _LEAVE_ALONE
        if now - self._complained >= _COMPLAIN_EVERY:
            self._complained = now
            trouble = trouble_of(error)
            _log.warning("requests_not_counted", reason=trouble.says, remedy=f"{trouble.remedy} All are let through.")


class Fairness:
    """ASGI middleware inside the gate: nobody takes more than their share."""

    def __init__(self, app: ASGIApp, *, tally: Tally, chosen: ApiSettings, shown: problems.Shown) -> None:
        self.app = app
        self.tally = tally
        self.limit = RateLimitItemPerMinute(chosen.rate_limit_per_minute) if chosen.rate_limit_per_minute else None
        self.longest = chosen.max_body_bytes
        self.shown = shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request of a caller who has some left; what is everyone's is not counted."""
        caller: Caller | None = scope.get("caller")
        seconds = 0
        if caller and self.limit:
            seconds = await self.tally.spend(self.limit, f"caller:{caller.id}", self._cost(Headers(scope=scope)))
        if seconds:
            await _too_many(scope, seconds, self.shown)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _cost(self, headers: Headers) -> int:
        """What reading a body takes grows with its length. One that does not say how long it is may be of any."""
        if "transfer-encoding" in headers:
            return 1 + self.longest // _OF_ONE
        length = headers.get("content-length", "0")
        return 1 + (int(length[:20]) // _OF_ONE if length.isascii() and length.isdecimal() else 0)


class Strangers:
    """ASGI middleware around the gate: whoever tries tokens is soon not listened to.

    Redis is asked about those alone who show what nobody has, so that the others do not wait for it; what it said is
    remembered. An address that another process listens to no longer so has one more try here.
    """

    def __init__(self, app: ASGIApp, *, tally: Tally, shown: problems.Shown) -> None:
        self.app = app
        self.tally = tally
        self.shown = shown
        self._shut_out: dict[str, float] = {}  # until when, by the monotonic clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request that shows a token, if few from its address were nobody's."""
        if scope["type"] != "http" or "authorization" not in Headers(scope=scope):
            await self.app(scope, receive, send)
            return
        whose = f"address:{network_of(address_of(scope))}"
        if (left := self._shut_out.get(whose, 0.0) - time.monotonic()) > 0:
            await _too_many(scope, math.ceil(left), self.shown)(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message.get("status") == problems.PROTOCOL_STATUS["unauthenticated"]:
                await self._count(whose)
            await send(message)

        await self.app(scope, receive, counted)

    async def _count(self, whose: str) -> None:
        """Count one try, and shut out whoever has none left."""
        await self.tally.spend(_STRANGERS, whose)
        if seconds := await self.tally.wait(_STRANGERS, whose):
            now = time.monotonic()
            self._shut_out = {each: until for each, until in self._shut_out.items() if until > now}
            self._shut_out[whose] = now + seconds


def _too_many(scope: Scope, seconds: int, shown: problems.Shown) -> ASGIApp:
    detail = f"There were too many requests in the last minute; send this one again in {seconds} s."
    return problems.protocol("too_many_requests", detail, {"Retry-After": str(seconds)}).response(Request(scope), shown)
