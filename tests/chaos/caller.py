"""A good client of the API: writes down what it does, sends again what got no answer, keeps to `Retry-After`."""

import hashlib
import json
import threading
import time
from collections import Counter
from random import Random, uniform
from typing import Any

import httpx

from tests.chaos.history import History, Operation, Try

PATIENT, HURRIED = httpx.Timeout(12, connect=2), httpx.Timeout(5, connect=2)
"""How long callers wait for an answer: some for longer than the database waits for a lock, some not."""

PATIENCE = 45
"""Seconds after which a caller gives up on an operation; nobody knows then what became of it."""

LONGEST_PAUSE = 3
"""Seconds between two tries at most, whatever `Retry-After` says: chaos is short."""

_LONG = ("certificate", "facts", "alternatives", "plan", "extra_hours", "summary", "history", "errors", "names")
"""What the history does not keep of an answer; the digest holds all of it."""


class Tally:
    """What callers were answered so far, for whoever watches."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._last_answer = time.monotonic()
        self._longest_silence = 0.0

    def count(self, each: Try) -> None:
        with self._lock:
            now = time.monotonic()
            self._counts["sent"] += 1
            self._counts[_outcome(each)] += 1
            if each.is_definite:
                self._longest_silence = max(self._longest_silence, now - self._last_answer)
                self._last_answer = now

    @property
    def counts(self) -> dict[str, int]:
        """Tries: `sent`, of these `acknowledged`, `refused`, `unavailable` (sent again later), and `unknown`."""
        with self._lock:
            return {name: self._counts[name] for name in ("sent", "acknowledged", "refused", "unavailable", "unknown")}

    @property
    def outage(self) -> float:
        """The longest time, in seconds, for which nobody was answered anything definite."""
        with self._lock:
            return max(self._longest_silence, time.monotonic() - self._last_answer)


def _outcome(each: Try) -> str:
    if each.status is None:
        return "unknown"
    if not each.is_definite:
        return "unavailable"
    return "acknowledged" if each.is_done else "refused"


class Caller:
    """One caller. `stopping`: no more tries, whatever is open."""

    def __init__(
        self, client: int, http: httpx.Client, history: History, tally: Tally, random: Random, stopping: threading.Event
    ) -> None:
        self.client, self.random, self.stopping = client, random, stopping
        self._timeout = HURRIED if client % 3 else PATIENT
        self._http, self._history, self._tally = http, history, tally
        self.begun: list[Operation] = []

    @property
    def open(self) -> list[Operation]:
        """What may not be done as yet, and can be sent again: it has a key."""
        return [each for each in self.begun if each.key and each.final is None]

    def puzzled(self, deed: str, error: Exception) -> None:
        """Write down that an answer was none of those that the documents promise."""
        self._history.remark("puzzled", client=self.client, deed=deed, error=f"{type(error).__name__}: {error}")

    def ask(
        self,
        kind: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        about: dict[str, Any] | None = None,
        key: str | None = None,
        **headers: str,
    ) -> tuple[Operation, Any]:
        """Do something once, in as many tries as it takes. Returns the operation and what the last try was answered,
        whole; None: nothing. Every POST has a key.
        """
        operation = self.begin(kind, method, path, body, about, key)
        return operation, self.again(operation, **headers)

    def begin(
        self,
        kind: str,
        method: str,
        path: str,
        body: Any = None,
        about: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> Operation:
        """Something to do that is not sent as yet."""
        if method == "POST" and key is None:
            key = f"{self.random.getrandbits(96):024x}"
        operation = self._history.begin(self.client, kind, method, path, body, key, about)
        self.begun.append(operation)
        return operation

    def again(self, operation: Operation, patience: float = PATIENCE, **headers: str) -> Any:
        """Send an operation until it has a definite answer, which is returned whole; None: there is none."""
        deadline = time.monotonic() + patience
        for attempt in range(1_000):
            each, answer = self.once(operation, **headers)
            if each.is_definite:
                return answer
            pause = _pause(each, attempt)
            if time.monotonic() + pause > deadline or self.stopping.wait(pause):
                return None
        return None

    def once(self, operation: Operation, **headers: str) -> tuple[Try, Any]:
        """Send an operation once. Returns the try, and what it was answered, whole."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if operation.key:
            headers["Idempotency-Key"] = operation.key
        each = self._history.sent(operation)
        try:
            response = self._http.request(
                operation.method, operation.path, json=operation.body, headers=headers, timeout=self._timeout
            )
        except httpx.HTTPError as error:
            self._history.answered(operation, each, lost=type(error).__name__)
            self._tally.count(each)
            return each, None
        answer = _whole(response)
        each.status, each.answer = response.status_code, _short(answer, operation.kind)
        each.digest = hashlib.sha256(response.content).hexdigest()
        each.retry_after = response.headers.get("retry-after")
        self._history.answered(operation, each)
        self._tally.count(each)
        return each, answer


def _pause(each: Try, attempt: int) -> float:
    """Seconds until the next try. By chance, but of no stream: faults do not change what a seed asks for."""
    if each.status is not None and (each.retry_after or "").isdecimal():
        return min(float(each.retry_after or 0), LONGEST_PAUSE)
    return min(uniform(0.05, 0.2) * 2 ** min(attempt, 4), LONGEST_PAUSE)


def _whole(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content) if response.content else None
    except ValueError:
        return {"not_json": response.text[:200]}


def _short(answer: Any, kind: str) -> Any:
    if kind == "events" and isinstance(answer, dict) and "items" in answer:
        return {"items": [each["id"] for each in answer["items"]]}
    if isinstance(answer, dict):
        return {name: _short(value, "") for name, value in answer.items() if name not in _LONG}
    return answer
