"""Nobody takes more than their share, and nobody is held up by others or by Redis being away."""

import asyncio
import secrets
import socket
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import structlog
from limits import RateLimitItemPerSecond
from sqlalchemy.orm import Session

from api.access.limits import Tally
from models.access.networks import network_of
from models.access.scopes import Scope
from models.access.tokens import make_token
from models.settings import settings
from tests.api.town import refused
from tests.api.with_settings import served_with

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def bearer(session: Callable[[], Session]) -> Callable[[], dict[str, str]]:
    """Headers of a new token that reads the schedule."""

    def made() -> dict[str, str]:
        with session() as open_session:
            _, secret = make_token(open_session, f"reader-{secrets.token_hex(4)}", [Scope.SCHEDULE_READ])
        return {"Authorization": f"Bearer {secret}"}

    return made


@pytest.fixture(autouse=True)
def counts_nothing_yet(redis_url: str) -> None:
    """Redis is empty."""


def asked(caller: httpx.Client, headers: dict[str, str], times: int) -> list[int]:
    return [caller.get("/hospitals", headers=headers).status_code for _ in range(times)]


def test_each_caller_has_a_share_of_their_own(api, bearer):
    one, other = bearer(), bearer()
    with served_with(RATE_LIMIT_PER_MINUTE="3") as caller:
        del caller.headers["Cookie"]
        assert asked(caller, one, 4) == [200, 200, 200, 429]
        assert asked(caller, other, 3) == [200, 200, 200]
        answer = caller.get("/hospitals", headers=one)
        refused(answer, 429, "too_many_requests")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert caller.get("/healthz", headers=one).status_code == 200, "what is everyone's is not counted"


def test_a_long_body_counts_as_several(api):
    long = b'{"text": "' + b"a" * 3 * 64 * 1024 + b'"}'

    def unmeasured() -> Iterator[bytes]:
        yield long

    with served_with(RATE_LIMIT_PER_MINUTE="6", MAX_BODY_BYTES=str(4 * 64 * 1024)) as caller:
        assert caller.post("/patients/search", content=long, headers=JSON).status_code == 422
        assert [caller.get("/hospitals").status_code for _ in range(3)] == [200, 200, 429]
        refused(caller.post("/patients/search", content=unmeasured(), headers=JSON), 429, "too_many_requests")


def test_what_counts_for_more_than_there_is_is_still_taken_once(api):
    with served_with(RATE_LIMIT_PER_MINUTE="2") as caller:
        body = b"[" + b"1," * 10**6 + b"1]"
        answers = [caller.post("/booking-batches", content=body, headers=JSON).status_code for _ in range(2)]
        assert answers == [422, 429]


def test_people_have_a_share_too_and_pages_say_so(api):
    with served_with(RATE_LIMIT_PER_MINUTE="2") as caller:
        assert [caller.get("/app/requests").status_code for _ in range(3)] == [200, 200, 429]
        page = caller.get("/app/requests", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (429, "text/html; charset=utf-8")


def test_all_processes_count_together(api, bearer):
    one = bearer()
    with served_with(RATE_LIMIT_PER_MINUTE="3") as caller, served_with(RATE_LIMIT_PER_MINUTE="3") as again:
        for each in (caller, again):
            del each.headers["Cookie"]
        assert asked(caller, one, 2) + asked(again, one, 2) == [200, 200, 200, 429]


def test_by_default_a_program_may_ask_often_and_a_setting_takes_the_limit_away(api, bearer):
    one = bearer()
    with served_with(RATE_LIMIT_PER_MINUTE="0") as caller:
        del caller.headers["Cookie"]
        assert set(asked(caller, one, 20)) == {200}


def test_tokens_that_nobody_has_are_soon_not_listened_to(api, bearer):
    with served_with(TRUSTED_PROXIES="127.0.0.1") as caller:
        del caller.headers["Cookie"]
        wrong = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        tried = [
            caller.get("/hospitals", headers=wrong | {"Authorization": f"Bearer slw_{n}"}).status_code
            for n in range(122)
        ]
        assert tried == [401] * 120 + [429] * 2
        assert asked(caller, wrong | bearer(), 1) == [429], "of that address not even a right one"
        assert asked(caller, bearer() | wrong | {"X-Forwarded-For": "203.0.113.10"}, 1) == [200], (
            "others are not held up"
        )
        assert caller.get("/hospitals", headers=wrong).status_code == 401, "nothing is tried without a token"


def test_right_tokens_are_never_taken_for_guesses(api, bearer):
    with served_with(RATE_LIMIT_PER_MINUTE="0") as caller:
        del caller.headers["Cookie"]
        assert set(asked(caller, bearer(), 125)) == {200}


@pytest.fixture
def far_redis(api, monkeypatch) -> Iterator[None]:
    """The processes are told of a Redis that nobody serves."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9")
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_while_redis_is_away_everybody_is_let_through_and_the_log_says_so_once(api, bearer, far_redis):
    with served_with(RATE_LIMIT_PER_MINUTE="1") as caller, structlog.testing.capture_logs() as lines:
        del caller.headers["Cookie"]
        assert set(asked(caller, bearer(), 5)) == {200}
        assert set(asked(caller, {"Authorization": "Bearer slw_wrong"}, 5)) == {401}
    assert [line["event"] for line in lines].count("requests_not_counted") == 1


def test_a_redis_that_says_nothing_holds_nobody_up():
    async def spent(address: str) -> list[float]:
        tally, seconds = Tally(lambda: address), []
        for _ in range(5):
            began = time.monotonic()
            assert await tally.spend(RateLimitItemPerSecond(1), "one") == 0
            seconds.append(time.monotonic() - began)
        await tally.close()
        return seconds

    with socket.create_server(("127.0.0.1", 0)) as silent:
        first, *others = asyncio.run(spent(f"redis://127.0.0.1:{silent.getsockname()[1]}"))
    assert first < 5
    assert max(others) < 0.1, "it is left alone for a while"


def test_windows_move(redis_url):
    limit = RateLimitItemPerSecond(2)

    async def spent() -> list[int]:
        tally = Tally(lambda: redis_url)
        waits = [await tally.spend(limit, "one") for _ in range(3)]
        waits += [await tally.wait(limit, "one"), await tally.wait(limit, "another")]
        deadline = time.monotonic() + 20
        while await tally.spend(limit, "one"):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        await tally.close()
        return waits

    assert asyncio.run(spent()) == [0, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("somewhere", "unknown"),
        (None, "unknown"),
    ],
)
def test_whose_address_it_is(address, counted_as):
    assert network_of(address) == counted_as
