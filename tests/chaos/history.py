"""What callers sent and were answered: one line of JSON before anything is sent, and one once it is answered.

An operation is what a caller wants done once; it is sent in as many tries as it takes, all with the same key. A line is
on its way to the disk before the network hears of it, so that nothing happens which the history does not know.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

TRANSIENT = frozenset({429, 502, 503, 504})
"""Answers that mean "not now": the caller sends the same again."""

IN_FLIGHT = "/problems/key_in_flight"


@dataclass(slots=True)
class Try:
    """One request on the wire. `sent` and `answered` are seconds of one monotonic clock; `status` None: unknown."""

    number: int
    sent: float
    answered: float | None = None
    status: int | None = None
    answer: Any = None  # JSON, less what is long (see `tests.chaos.caller`)
    digest: str | None = None  # of the whole answer, byte for byte
    retry_after: str | None = None

    @property
    def is_definite(self) -> bool:
        """Whether it was done or refused for good."""
        if self.status is None or self.status in TRANSIENT:
            return False
        return not (self.status == 409 and (self.answer or {}).get("type") == IN_FLIGHT)

    @property
    def is_done(self) -> bool:
        return self.status is not None and self.status < 300


@dataclass(slots=True)
class Operation:
    """What a caller wanted done once. `about` says of what it is where the body does not."""

    number: int
    client: int
    kind: str
    method: str
    path: str
    body: Any = None
    key: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    tries: list[Try] = field(default_factory=list)

    @property
    def final(self) -> Try | None:
        """The first answer that says what became of it; None: nobody knows."""
        return next((each for each in self.tries if each.is_definite), None)

    @property
    def is_done(self) -> bool:
        """Whether it was acknowledged."""
        return any(each.is_done for each in self.tries)

    @property
    def may_be_done(self) -> bool:
        """Whether it can have had an effect: acknowledged, or nobody knows.

        With a key the answer is the operation's, however often it was sent. Without one a refusal may follow on a try
        that went through and whose answer was lost, be it between the API and its database (503).
        """
        if self.is_done:
            return True
        lost = any(each.status in (None, 503) for each in self.tries)
        return lost and (self.key is None or self.final is None)


class History:
    """Writes the history of one run; for any number of threads."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("x", encoding="utf-8")
        self._lock = threading.Lock()
        self._operations = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def begin(
        self,
        client: int,
        kind: str,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> Operation:
        """An operation that is about to be sent for the first time."""
        with self._lock:
            self._operations += 1
            operation = Operation(self._operations, client, kind, method, path, body, key, about or {})
            told = {"op": operation.number, "client": client, "kind": kind, "method": method, "path": path}
            self._write(told | {"body": body, "key": key, "about": operation.about})
        return operation

    def sent(self, operation: Operation) -> Try:
        """One more try, which is sent next."""
        with self._lock:
            each = Try(len(operation.tries) + 1, time.monotonic())
            operation.tries.append(each)
            self._write({"op": operation.number, "try": each.number, "sent": each.sent, "at": _now()})
        return each

    def answered(self, operation: Operation, each: Try, lost: str | None = None) -> None:
        """What a try was answered, as it stands in `each`; `lost`: why there is no answer."""
        with self._lock:
            each.answered = time.monotonic()
            told = {"op": operation.number, "try": each.number, "answered": each.answered, "at": _now()}
            if lost is not None:
                self._write(told | {"unknown": lost})
            else:
                answer = {"status": each.status, "answer": each.answer, "digest": each.digest}
                self._write(told | answer | {"retry_after": each.retry_after})

    def remark(self, what: str, **facts: Any) -> None:
        """Something that is no operation: a fault that begins or ends, a client that did not understand an answer."""
        with self._lock:
            self._write({"remark": what, "clock": time.monotonic(), "at": _now(), **facts})

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
        self._file.flush()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A history as it was written: operations by their numbers, and remarks."""

    operations: Mapping[int, Operation]
    remarks: list[Mapping[str, Any]] = field(default_factory=list)

    def of(self, *kinds: str) -> Iterator[Operation]:
        """The operations of some kinds, in order."""
        return (each for each in self.operations.values() if each.kind in kinds)


def read(path: Path) -> Recorded:
    """Read a history. A last line that was cut off, by whatever ended the writer, is left out."""
    operations: dict[int, Operation] = {}
    remarks: list[Mapping[str, Any]] = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.endswith("\n"):
                break
            told = json.loads(line)
            if "remark" in told:
                remarks.append(told)
            elif "kind" in told:
                operations[told["op"]] = Operation(
                    told["op"],
                    **{name: told[name] for name in ("client", "kind", "method", "path", "body", "key", "about")},
                )
            else:
                _read_try(operations[told["op"]], told)
    return Recorded(operations, remarks)


def _read_try(operation: Operation, told: Mapping[str, Any]) -> None:
    if "sent" in told:
        operation.tries.append(Try(told["try"], told["sent"]))
        return
    each = operation.tries[told["try"] - 1]
    each.answered = told["answered"]
    for name in ("status", "answer", "digest", "retry_after"):
        setattr(each, name, told.get(name))
