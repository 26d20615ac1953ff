"""Callers of a server, by Locust: `python -m bench.load.callers --address … --curve … --as patients --out FILE`.

Every arrival is a greenlet of its own, whatever became of those before (an open model). One who books sends a booking
request, thinks, and then polls until it is decided; a glance reads the day's schedule. A process of its own, since
gevent takes over its sockets. The token stands in SLOTWISE_TOKEN.
"""

# ruff: noqa: E402  # gevent has to come first
from gevent import monkey

monkey.patch_all()

import argparse
import json
import os
import time
import uuid
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import gevent
from gevent.pool import Pool
from locust import FastHttpUser
from locust.env import Environment

from bench.load.arrivals import Curve
from bench.load.wishes import Wishes

AT_ONCE = 2_000
"""Callers in the air at most. Who arrives beyond them is not sent, and counted."""
PATIENCE = 120.0
"""Seconds for which one who books asks whether it is decided, and those in the air are waited for in the end."""
THINKING = 0.5
"""Seconds, on average, between an answer and the next thing that is asked."""
GLANCES = 0.2
"""How many of those who arrive only look at the schedule."""
ACCEPTED = (201, 202)
PUT_OFF = (429, 503)
"""How too many are answered. How soon is told by itself: it says nothing of those who are served."""


class Callers(FastHttpUser):
    """All of them: one user to Locust, whose client and whose statistics they share."""

    concurrency = AT_ONCE
    connection_timeout = network_timeout = 60.0

    def __init__(self, environment: Environment, kind: str, wishes: Wishes, random: Random) -> None:
        self.host = environment.host
        super().__init__(environment)
        self.kind, self.wishes, self.random = kind, wishes, random
        self.headers = {"Authorization": f"Bearer {os.environ.get('SLOTWISE_TOKEN', '')}"}
        self.statuses: dict[str, Counter[int]] = defaultdict(Counter)
        self.accepted: Counter[int] = Counter()  # by the second in which the answer came
        self.missed = 0
        self.began = time.monotonic()

    def arrive(self, curve: Curve) -> None:
        """Let everybody arrive when it is their time, and wait for the last."""
        in_the_air = Pool(AT_ONCE)
        self.began = time.monotonic()
        for second in curve.arrivals(self.random):
            gevent.sleep(max(0.0, self.began + second - time.monotonic()))
            if in_the_air.full():
                self.missed += 1
            else:
                in_the_air.spawn(self._one)
        in_the_air.join(timeout=PATIENCE)

    @property
    def told(self) -> dict[str, Any]:  # Any: JSON
        """What became of them: counts, and seconds by what was asked."""
        return {
            "missed": self.missed,
            "statuses": self.statuses,
            "accepted": [self.accepted[second] for second in range(max(self.accepted, default=-1) + 1)],
            "seconds": {
                entry.name: {
                    "count": entry.num_requests - entry.num_failures,
                    **{
                        f"p{round(100 * share)}": entry.get_response_time_percentile(share) / 1000
                        for share in (0.5, 0.95, 0.99)
                    },
                    "most": entry.max_response_time / 1000,
                }
                for entry in self.environment.stats.entries.values()
                if entry.num_requests
            },
        }

    def _one(self) -> None:
        if self.kind == "rows":
            self._send("POST /rows", {"words": uuid.uuid4().hex})
        elif self.kind == "patients" and self.random.random() < GLANCES:
            self._ask("GET /schedule", self.wishes.glance(self.random))
        else:
            self._book()

    def _book(self) -> None:
        sent = time.monotonic()
        key = {"Idempotency-Key": str(uuid.uuid4())}
        answer = self._send("POST /booking-requests", self.wishes.draw(self.random), key)
        if answer is None or self.kind == "requests":
            return
        while time.monotonic() - sent < PATIENCE:
            gevent.sleep(self.random.expovariate(1 / THINKING))
            request = self._ask("GET /booking-requests/{id}", f"/booking-requests/{answer['id']}", "wait=20")
            if request and request["decided_at"]:
                self._note_decided(request, time.monotonic() - sent)
                return
        self._note("seen as decided", PATIENCE, RuntimeError("not decided"))

    def _note_decided(self, request: dict[str, Any], seen_after: float) -> None:  # Any: the API's JSON
        self._note("seen as decided", seen_after)
        self._note("decided", (_seconds(request["decided_at"]) - _seconds(request["created_at"])))

    def _note(self, name: str, seconds: float, error: Exception | None = None) -> None:
        self.environment.events.request.fire(
            request_type="", name=name, response_time=1000 * seconds, response_length=0, exception=error, context={}
        )

    def _send(self, name: str, body: dict[str, Any], more: dict[str, str] | None = None) -> dict[str, Any] | None:
        """What a POST was answered, where it was accepted."""
        path = name.partition(" ")[2]
        headers = self.headers | (more or {})
        with self.client.post(path, json=body, headers=headers, name=name, catch_response=True) as answer:
            status = answer.status_code
            self.statuses[name][status] += 1
            if status in PUT_OFF:
                answer.request_meta["name"] = "put off"
                answer.success()
            if status not in ACCEPTED:
                return None
            self.accepted[int(time.monotonic() - self.began)] += 1
            told: dict[str, Any] = answer.json()
            return told

    def _ask(self, name: str, path: str, prefer: str = "") -> dict[str, Any] | None:
        headers = self.headers | ({"Prefer": prefer} if prefer else {})
        with self.client.get(path, headers=headers, name=name, catch_response=True) as answer:
            self.statuses[name][answer.status_code] += 1
            told: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
            return told


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


def main() -> None:
    """Let them call, and write what became of it as JSON."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--address", required=True)
    asked.add_argument("--curve", required=True, help="points as JSON")
    asked.add_argument("--as", dest="kind", choices=("patients", "requests", "rows"), required=True)
    asked.add_argument("--wishes", required=True, help="as JSON")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--out", type=Path, required=True)
    options = asked.parse_args()
    environment = Environment(host=options.address, user_classes=[Callers])
    environment.create_local_runner()  # which keeps the statistics
    wishes = Wishes(**json.loads(options.wishes))
    callers = Callers(environment, options.kind, wishes, Random(options.seed))
    callers.arrive(Curve(tuple((second, rate) for second, rate in json.loads(options.curve))))
    options.out.write_text(json.dumps(callers.told), encoding="utf-8")


if __name__ == "__main__":
    main()
