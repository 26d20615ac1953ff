"""Rules for events: each change is told in its own transaction, once, and no reader steps over a message."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.chaos.rules import Evidence

_Change = tuple[str, int, str]
"""What changed, in which transaction, and the topic that tells of it."""


def changes_are_told(evidence: Evidence) -> Iterator[str]:
    """What the audit knows to have changed is what events tell, no more and no less."""
    expected = Counter(_changes(evidence))
    kinds = {"appointment": "appointment", "availability": "availability", "booking_request.decided": "booking_request"}
    told = Counter(
        (message.payload[name], message.transaction, message.topic)
        for message in evidence.messages
        for name in [kinds.get(message.topic) or kinds.get(message.topic.partition(".")[0])]
        if name
    )
    for (id_, transaction, topic), count in (expected - told).items():
        yield f"No event tells {topic} of {id_} in transaction {transaction}{_times(count)}."
    for (id_, transaction, topic), count in (told - expected).items():
        yield f"An event tells {topic} of {id_}, which transaction {transaction} did not change so{_times(count)}."


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


def _changes(evidence: Evidence) -> Iterator[_Change]:
    """What each transaction changed of each row, from its first entry of it to its last."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    touched: dict[tuple[str, str, int], tuple[dict[str, Any] | None, dict[str, Any] | None]] = {}
    for entry in evidence.entries:
        if entry.kind not in _TOPICS:
            continue
        row = entry.kind, (entry.after or entry.before)["id"]
        before = rows.get(row)
        if entry.action == "delete":
            rows.pop(row, None)
        else:
            rows[row] = (before or {}) | entry.after
        first = touched.get((*row, entry.transaction), (before, None))[0]
        touched[*row, entry.transaction] = first, rows.get(row)
    for (kind, id_, transaction), (was, now) in touched.items():
        topic = _TOPICS[kind](was, now)
        if topic:
            yield id_, transaction, topic


def _of_appointment(was: dict[str, Any] | None, now: dict[str, Any] | None) -> str | None:
    if now is None:
        return None
    if was is None or was["status"] != now["status"]:
        return f"appointment.{now['status']}"
    hour = ("doctor_id", "hospital_id", "during")
    return "appointment.moved" if any(was[name] != now[name] for name in hour) else None


def _of_availability(was: dict[str, Any] | None, now: dict[str, Any] | None) -> str | None:
    if was is None or now is None:
        return "availability.added" if now else "availability.withdrawn" if was else None
    return "availability.changed" if was["during"] != now["during"] else None


def _of_request(was: dict[str, Any] | None, now: dict[str, Any] | None) -> str | None:
    decided = now is not None and now["status"] != "queued" and (was is None or was["status"] != now["status"])
    return "booking_request.decided" if decided else None


_TOPICS = {"appointment": _of_appointment, "availability": _of_availability, "booking_request": _of_request}


def versions_are_told_in_a_row(evidence: Evidence) -> Iterator[str]:
    """The events of an appointment tell each of its versions once, and the last one tells it as it is."""
    told: dict[str, dict[int, Any]] = defaultdict(dict)
    for message in evidence.messages:
        if message.topic.startswith("appointment."):
            id_, version = message.payload["appointment"], message.payload["version"]
            if version in told[id_]:
                yield f"Version {version} of appointment {id_} is told twice."
            told[id_][version] = message
    for row in evidence.appointments.values():
        if sorted(told[row.id]) != list(range(1, row.version + 1)):
            yield f"Appointment {row.id} is of version {row.version}, and told are {sorted(told[row.id])}."


def requests_are_told_to_be_queued(evidence: Evidence) -> Iterator[str]:
    """Each request is in one event that tells of its being queued: its own, or its batch's."""
    queued, batches = Counter[str](), Counter[str]()
    for message in evidence.messages:
        if message.topic == "booking_request.queued":
            queued.update(message.payload.get("booking_requests", ()))
            batches.update([message.payload["batch"]] if "batch" in message.payload else ())
    for row in evidence.requests.values():
        count = queued[row.id] + (batches[row.batch] if row.batch else 0)
        if count != 1:
            yield f"That request {row.id} was queued is told {count} times."


def no_message_is_stepped_over(evidence: Evidence) -> Iterator[str]:
    """Whoever follows the events has read each of them once, up to the last that they read."""
    read: list[int] = []
    for operation in evidence.history.of("events"):
        if operation.final and operation.final.is_done:
            read += operation.final.answer["items"]
    for id_, count in Counter(read).items():
        if count > 1:
            yield f"Message {id_} was read {count} times."
    if not read:
        return
    ids = [message.id for message in evidence.messages]
    if read[-1] not in ids:
        yield f"Message {read[-1]} was read and is not there."
        return
    for id_ in sorted(set(ids[: ids.index(read[-1])]) - set(read)):
        yield f"Message {id_} was stepped over by whoever follows the events."


RULES = (
    changes_are_told,
    versions_are_told_in_a_row,
    requests_are_told_to_be_queued,
    no_message_is_stepped_over,
)
