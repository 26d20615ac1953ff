"""A load of everything that callers do, on a real instance, by as many clients at once as are wanted.

Each client draws what it does from a stream of its own, by the seed and its number, so that a run can be repeated as
far as answers repeat. Besides them one reader follows the events, who must neither miss one nor see one twice.
"""

import threading
import time
from collections.abc import Collection, Iterator
from random import Random
from types import TracebackType
from typing import Self

import httpx

from tests.chaos.caller import Caller, Tally
from tests.chaos.client import DEEDS, Client, Shared
from tests.chaos.history import History, Operation
from tests.chaos.world import ENDS, STARTS, World

READER = 0
"""The number of the client that follows the events."""

_UNDECIDED = ("queued", "planning")

_PAUSE = 0.1  # seconds between two looks, where there was nothing new


class Load:
    """A load that runs from `start` to `stop`. Then, with the instance whole again, `settle`.

    `pause` is the mean of a client's seconds between two deeds, `without` names deeds that are left out.
    """

    def __init__(
        self,
        address: str,
        token: str,
        world: World,
        seed: int,
        history: History,
        *,
        clients: int = 8,
        pause: float = 0.1,
        without: Collection[str] = (),
    ) -> None:
        self._seed, self._history = seed, history
        self.tally = Tally()
        hours = [(shift, hour) for shift in world.shifts for hour in range(STARTS, ENDS)]
        Random(seed).shuffle(hours)  # which hours two clients want at once
        deeds = {name: often for name, often in DEEDS.items() if name not in without}
        self._shared = Shared(world, seed, hours, deeds)
        headers, limits = {"Authorization": f"Bearer {token}"}, httpx.Limits(max_connections=None)
        self._http = httpx.Client(base_url=address, headers=headers, limits=limits)
        self._callers = [self._caller(number, f"{seed}:{number}") for number in range(clients + 1)]
        self._twins = [self._caller(number, f"{seed}:{number}:twin") for number in range(1, clients + 1)]
        running = zip(self._callers[1:], self._twins, strict=True)
        self._clients = [Client(caller, twin, self._shared, pause) for caller, twin in running]
        self._threads = [threading.Thread(target=self._follow_events, name="chaos-reader")]
        self._threads += [
            threading.Thread(target=each.run, name=f"chaos-client-{number}")
            for number, each in enumerate(self._clients, start=1)
        ]
        self._cursor: str | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._http.close()

    def start(self) -> None:
        for each in self._threads:
            each.start()

    def stop(self) -> None:
        """End the clients, after what each has on the wire just now."""
        self._shared.stopping.set()
        for each in self._threads:
            each.join()

    def settle(self, seconds: float = 60) -> list[str]:
        """Ask what became of everything: send again what nobody knows of, under its key, poll until all is decided, and
        read the events to their end. Returns what is still open after so many seconds, in words; right is nothing.
        """
        deadline = time.monotonic() + seconds
        caller = self._caller(READER, f"{self._seed}:settling", threading.Event())
        for each in (each for one in (*self._callers, *self._twins) for each in one.open):
            caller.again(each, patience=max(0.0, deadline - time.monotonic()))
        left = [f"{each.method} {each.path} (operation {each.number})" for each in self._operations() if _is_open(each)]
        for path in self._to_follow():
            left += self._follow(caller, path, deadline)
        while self._read_events(caller, wait=0):
            pass
        return left

    def _operations(self) -> Iterator[Operation]:
        return (each for one in self._callers for each in one.begun)

    def _to_follow(self) -> list[str]:
        """Where every request and batch, every reschedule that was acknowledged is read."""
        return [
            f"{root}/{each.answer['id']}"
            for operation in self._operations()
            for root in [_FOLLOWED.get(operation.kind)]
            for each in [operation.final]
            if root and each and each.is_done
        ]

    def _follow(self, caller: Caller, path: str, deadline: float) -> list[str]:
        """Poll something until it is decided."""
        while (left := deadline - time.monotonic()) > 0:
            poll = caller.begin("poll", "GET", path)
            told = caller.again(poll, patience=left, Prefer=f"wait={min(5, int(left))}")
            if poll.is_done and (told["done"] if "done" in told else told["status"] not in _UNDECIDED):
                return []
            caller.stopping.wait(_PAUSE)
        return [f"{path} is not decided"]

    def _follow_events(self) -> None:
        caller = self._callers[READER]
        while not self._shared.stopping.is_set():
            try:
                found = self._read_events(caller, wait=1)
            except Exception as error:  # noqa: BLE001  # as in `Client.run`
                caller.puzzled("read_events", error)
                found = 0
            if not found:
                self._shared.stopping.wait(_PAUSE)

    def _read_events(self, caller: Caller, wait: int) -> int:
        """Read one page of events from where the last one ended. Returns how many there were."""
        after = f"&cursor={self._cursor}" if self._cursor else ""
        _, told = caller.ask("events", "GET", f"/events?limit=100&wait={wait}{after}")
        if not told or "items" not in told:
            return 0
        self._cursor = told["next_cursor"]
        return len(told["items"])

    def _caller(self, client: int, stream: str, stopping: threading.Event | None = None) -> Caller:
        return Caller(client, self._http, self._history, self.tally, Random(stream), stopping or self._shared.stopping)


_FOLLOWED = {
    "queue": "/booking-requests",
    "replace": "/booking-requests",
    "batch": "/booking-batches",
    "reschedule": "/reschedules",
}


def _is_open(operation: Operation) -> bool:
    return operation.key is not None and operation.final is None
