"""Rules for what callers were answered, by itself."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos.history import Operation
from tests.chaos.rules import UNDECIDED, Evidence, told


def server_errors_say_when(evidence: Evidence) -> Iterator[str]:
    """No answer is 5xx but 503; that and 429 say when to come again."""
    for operation in evidence.history.operations.values():
        for each in operation.tries:
            if each.status is None or (each.status < 500 and each.status != 429):
                continue
            if each.status not in (429, 503):
                yield f"{told(operation)} was answered {each.status}."
            elif not (each.retry_after or "").isdecimal():
                yield f"{told(operation)} was answered {each.status} without Retry-After."


def nobody_is_turned_away(evidence: Evidence) -> Iterator[str]:
    """Whoever may do something may do it throughout, and what was acknowledged is found again."""
    for operation in evidence.history.operations.values():
        for each in operation.tries:
            # An availability is withdrawn by reschedules as well as by its writer.
            gone = each.status == 404 and not operation.path.startswith("/availabilities/")
            if each.status in (400, 401, 403, 405, 421) or gone:
                yield f"{told(operation)} was answered {each.status}."


def replays_agree(evidence: Evidence) -> Iterator[str]:
    """Whoever sends a key again gets the first answer again, byte for byte."""
    for operation in evidence.history.operations.values():
        if operation.key:
            answers = {(each.status, each.digest) for each in operation.tries if each.is_definite}
            if len(answers) > 1:
                statuses = ", ".join(str(status) for status, _ in sorted(answers))
                yield f"{told(operation)} was answered in {len(answers)} ways under one key: {statuses}."


def keys_are_used_once(evidence: Evidence) -> Iterator[str]:
    """A key that was used is refused with another body."""
    for operation in evidence.history.of("misuse"):
        each = operation.final
        if each and (each.status, each.answer.get("type")) != (422, "/problems/key_reused"):
            yield f"{told(operation)} used a key again with another body and was answered {each.status}."


def nobody_is_puzzled(evidence: Evidence) -> Iterator[str]:
    """Every answer has the shape that the documents promise."""
    for each in evidence.history.remarks:
        if each["remark"] == "puzzled":
            yield f"Client {each['client']} did not understand an answer in {each['deed']}: {each['error']}."


_LONG = 8.0
"""Seconds that nothing takes, on a machine however busy, that waits for nobody."""


def nobody_waits_for_valkey(evidence: Evidence) -> Iterator[str]:
    """While Valkey hangs, and all else is well, callers are answered."""
    periods = [*_alone(evidence, "freeze-valkey")]
    for operation in evidence.history.operations.values():
        for each in operation.tries:
            took = (each.answered or each.sent) - each.sent
            if took > _LONG and any(begun <= each.sent < ended for begun, ended in periods):
                yield f"{told(operation)} took {took:.0f} s while nothing but Valkey was away."


def _alone(evidence: Evidence, fault: str) -> Iterator[tuple[float, float]]:
    """When a fault was at work, from beginning to end, and no other was."""
    at_work: list[str] = []
    began = None
    for each in evidence.history.remarks:
        if each["remark"] not in ("fault begins", "fault ends"):
            continue
        if began is not None:
            yield began, each["clock"]
        if each["remark"] == "fault begins":
            at_work.append(each["fault"])
        else:
            at_work.remove(each["fault"])
        began = each["clock"] if at_work == [fault] else None


@dataclass(frozen=True, slots=True)
class _Seen:
    """How a request stood at some moment between `sent` and `answered`."""

    sent: float
    answered: float
    status: str
    appointment: str | None
    by: Operation


def polls_go_forward(evidence: Evidence) -> Iterator[str]:
    """What was decided stays decided, the same way, but for what somebody asks for."""
    seen: dict[str, list[_Seen]] = defaultdict(list)
    asked: dict[str, set[str]] = defaultdict(set)
    for operation in evidence.history.of("poll", "cancel_request", "accept", "replace"):
        request = operation.path.split("/")[2]
        if operation.kind != "poll" and operation.may_be_done:
            asked[request].add(operation.kind)
        if operation.kind == "replace" or not operation.path.startswith("/booking-requests/"):
            continue
        for each in operation.tries:
            if each.is_done and each.answered is not None:
                appointment = (each.answer["appointment"] or {}).get("id")
                seen[request].append(_Seen(each.sent, each.answered, each.answer["status"], appointment, operation))
    for request, looks in seen.items():
        yield from _backward(request, looks, asked[request])


def _backward(request: str, looks: list[_Seen], asked: set[str]) -> Iterator[str]:
    may_follow = {"conflict": {"conflict"}}
    if "accept" in asked:
        may_follow["conflict"].add("booked")
    if asked & {"cancel_request", "replace"}:
        may_follow["conflict"].add("cancelled")
    for later in looks:
        for earlier in looks:
            if earlier.answered >= later.sent or earlier.status in UNDECIDED:
                continue
            if later.status not in may_follow.get(earlier.status, {earlier.status}):
                yield (
                    f"Request {request} was {earlier.status} (operation {earlier.by.number}) and then {later.status}"
                    f" (operation {later.by.number})."
                )
            elif earlier.appointment and earlier.appointment != later.appointment:
                yield (
                    f"Request {request} was booked by appointment {earlier.appointment} and then by"
                    f" {later.appointment} (operation {later.by.number})."
                )


def batches_go_forward(evidence: Evidence) -> Iterator[str]:
    """What is decided of a batch never becomes less."""
    most: dict[str, float] = {}
    polls = (
        (each, operation)
        for operation in evidence.history.of("poll")
        if operation.path.startswith("/booking-batches/")
        for each in operation.tries
        if each.is_done
    )
    for each, operation in sorted(polls, key=lambda poll: poll[0].sent):  # one caller polls, one after the other
        before = most.get(operation.path, 0)
        if each.answer["progress"] < before:
            yield f"{told(operation)} was at {each.answer['progress']} after it had been at {before}."
        most[operation.path] = max(before, each.answer["progress"])


RULES = (
    server_errors_say_when,
    nobody_is_turned_away,
    replays_agree,
    keys_are_used_once,
    nobody_is_puzzled,
    nobody_waits_for_valkey,
    polls_go_forward,
    batches_go_forward,
)
