"""The measurements: how much is accepted, how soon it is decided, what more workers bring, and what it keeps."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from random import Random
from threading import Event, Thread

import httpx

from bench.load.arrivals import Curve, burst, ramp, steady
from bench.load.stand import Called, Stand, memory
from cli.instances import own_token_of

Say = Callable[[str], None]

OVERLOAD = 1_500.0
"""Arrivals a second that nothing here can keep up with."""
OFFERED = (20.0, 50.0, 100.0, 400.0, OVERLOAD)
"""Arrivals a second, from what is served with ease on."""
RISING = 5
"""Seconds until there are so many; they do not count."""
HOUR = 3_600
"""Requests of an hour's worth of work: one a second."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How long everything takes: seconds of each measurement, requests of the batches, worker processes at most."""

    overload: int = 25
    idle: int = 90
    loaded: int = 90
    batch: int = 4_000
    workers: int = 2
    hour: int = HOUR
    hour_rate: float = 15.0


QUICK = Scale(overload=9, idle=10, loaded=10, batch=400, hour=150)


@dataclass(frozen=True, slots=True)
class Offered:
    """So many arrivals a second, how many of them were accepted and put off, and what became of them."""

    rate: float
    accepted: float
    put_off: float
    called: Called


@dataclass(frozen=True, slots=True)
class Accepting:
    """Accepted a second when more arrive than can be served: rows by the reference, and booking requests by ours."""

    bare: float
    offered: tuple[Offered, ...]


@dataclass(frozen=True, slots=True)
class Deciding:
    """Callers who book and poll, arriving by a curve."""

    name: str
    rate: float
    called: Called


@dataclass(frozen=True, slots=True)
class Scaling:
    """So many worker processes, and requests decided a second of hospitals that share nobody."""

    workers: int
    decided: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Remembering:
    """The bytes of each part of the instance, by the second, while an hour's worth of requests is worked on."""

    requests: int
    seconds: float
    samples: tuple[tuple[float, dict[str, int]], ...]


@dataclass(frozen=True, slots=True)
class Load:
    """All of it."""

    accepting: Accepting
    deciding: tuple[Deciding, ...]
    scaling: tuple[Scaling, ...]
    remembering: Remembering


def measure(stand: Stand, scale: Scale, say: Say) -> Load:
    """Measure everything, one thing after the other."""
    with stand.instance(workers=scale.workers) as address:
        accepting = _accepting(stand, address, scale, say)
        deciding = tuple(_deciding(stand, address, scale, say))
    scaling = tuple(_scaling(stand, workers, scale, say) for workers in range(1, scale.workers + 1))
    with stand.instance(workers=scale.workers) as address:
        remembering = _remembering(stand, address, scale, say)
    return Load(accepting, deciding, scaling, remembering)


def _accepting(stand: Stand, address: str, scale: Scale, say: Say) -> Accepting:
    with stand.bare() as bare:
        say(f"{OVERLOAD:,.0f} arrivals a second: the reference")
        rows = stand.call(bare, "rows", ramp(OVERLOAD, RISING, scale.overload)).sustained(RISING, scale.overload)
    say(f"{rows:,.0f} rows a second")
    return Accepting(rows, tuple(_offered(stand, address, rate, scale, say) for rate in OFFERED))


def _offered(stand: Stand, address: str, rate: float, scale: Scale, say: Say) -> Offered:
    called = stand.call(address, "requests", ramp(rate, RISING, scale.overload), seed=2)
    stand.settle()
    found = Offered(rate, called.sustained(RISING, scale.overload), called.put_off / scale.overload, called)
    say(f"{rate:,.0f} booking requests a second: {found.accepted:,.0f} accepted")
    return found


def _deciding(stand: Stand, address: str, scale: Scale, say: Say) -> Iterator[Deciding]:
    for name, rate, curve in _curves(scale):
        say(f"Callers who book and poll: {name}")
        yield Deciding(name, rate, stand.call(address, "patients", curve, seed=4))
        stand.settle()


def _curves(scale: Scale) -> Iterator[tuple[str, float, Curve]]:
    yield "idle", 1.0, steady(1.0, scale.idle)
    yield "busy", 15.0, steady(15.0, scale.loaded)
    yield "lines open", 15.0, burst(15.0, 5.0, scale.loaded)


def _scaling(stand: Stand, workers: int, scale: Scale, say: Say) -> Scaling:
    say(f"A batch of {scale.batch:,} requests of hospitals that share nobody, {workers} worker processes")
    random = Random(workers)
    with stand.instance(workers=workers) as address:
        headers = {"Authorization": f"Bearer {own_token_of(stand.folder)}"}
        requests = [stand.wishes.draw(random) for _ in range(scale.batch)]
        with httpx.Client(base_url=address, headers=headers, timeout=120, trust_env=False) as api:
            answer = api.post("/booking-batches", json={"requests": requests})
            answer.raise_for_status()
        stand.settle()
    seconds = float(stand.ask(_TAKEN, batch=answer.json()["id"]))
    return Scaling(workers, scale.batch / seconds, seconds)


_TAKEN = """
SELECT extract(epoch FROM max(decided_at) - min(started_at))
FROM booking_request JOIN planning_run ON planning_run.id = planning_run_id WHERE batch_id = :batch
"""


def _remembering(stand: Stand, address: str, scale: Scale, say: Say) -> Remembering:
    say(f"An hour's worth of work: {scale.hour:,} requests")
    began = time.monotonic()
    memory()  # complains at once where a part is not known
    with _sampled() as samples:
        stand.call(address, "patients", steady(scale.hour_rate, scale.hour / scale.hour_rate), seed=5)
        stand.settle()
    return Remembering(scale.hour, time.monotonic() - began, tuple(samples))


@contextmanager
def _sampled() -> Iterator[list[tuple[float, dict[str, int]]]]:
    """The memory of the parts every few seconds, for the length of the block."""
    samples: list[tuple[float, dict[str, int]]] = []
    over, began = Event(), time.monotonic()

    def sample() -> None:
        while not over.wait(2.0):
            samples.append((round(time.monotonic() - began, 1), dict(memory())))

    thread = Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


def as_json(load: Load) -> dict[str, object]:
    """What is written down of it."""
    return asdict(load)
