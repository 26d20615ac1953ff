"""Queueing requests as a batch over HTTP, and following it until all are decided."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Sequence

from pydantic import BaseModel

from cli.client import Api, Json, NoRoom
from cli.outcomes import UNDECIDED, Outcome
from cli.output import notes
from cli.progress import bar, counting

_POLL = 1  # seconds for which the API may hold a poll open


def as_json(requests: Sequence[BaseModel]) -> list[Json]:
    """Requests as the API takes them."""
    return [request.model_dump(mode="json", exclude_defaults=True) for request in requests]


def queue(api: Api, requests: Sequence[Json], *, label: str, again: bool) -> Json:
    """Queue requests as one batch, and return what the API says of it. Waits for as long as the queue is full.

    Unless `again`, the same requests under the same label are the same batch, however often they are sent.

    Raises
    ------
    ApiRefused
        with every fault; nothing is queued then.

    """
    body = {"label": label, "requests": list(requests)}
    key = str(uuid.uuid4()) if again else _key_of(body)
    while True:
        try:
            return api.post("/booking-batches", body, key)
        except NoRoom as full:
            notes().print(full.detail, markup=False)
            with counting("Waiting for room in the queue", full.seconds) as count:
                for _ in range(full.seconds):
                    time.sleep(1)
                    count(1)


def follow(api: Api, batch: str, *, give_up: Callable[[], bool] = lambda: False) -> Outcome:
    """Wait until every request of a batch is decided, or until it is time to give up; show how far it is."""
    with bar() as progress:
        task = progress.add_task("Planning", total=None, note="")
        wait = 0  # the first look is for the bar
        while True:
            seen = api.get(f"/booking-batches/{batch}", wait=wait)
            wait = _POLL
            counts, size = seen["counts"], seen["size"]
            waiting = sum(counts.get(status, 0) for status in UNDECIDED)
            note = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
            progress.update(task, total=size, completed=size - waiting, note=note)
            if not waiting or give_up():
                break
    return Outcome(list(api.items("/booking-requests", {"batch": batch})))


def _key_of(body: Json) -> str:
    """An Idempotency-Key that stands for a body."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return f"slotwise-book-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
