"""Rules for booking requests: each that was acknowledged is there, once, and decided once."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.chaos.history import Operation
from tests.chaos.rules import UNDECIDED, Evidence, counted, done, instant, told

MAX_ATTEMPTS = 50
"""How many lost runs make a request fail; the stage is set so."""


def acknowledged_requests_are_there(evidence: Evidence) -> Iterator[str]:
    """What was queued is there, as it was sent."""
    for operation, each in done(evidence.history.of("queue", "replace")):
        row = evidence.requests.get(each.answer["id"])
        if row is None:
            yield f"{told(operation)} was acknowledged as request {each.answer['id']}, which is not there."
        elif operation.kind == "queue" and (other := _otherwise(operation, row)):
            yield f"{told(operation)} was acknowledged as request {row.id}, which has another {', '.join(other)}."


def _otherwise(operation: Operation, row: object) -> list[str]:
    """What a request has that was sent otherwise."""
    sent = operation.body
    found = {name: getattr(row, name) for name in ("priority", "specialty", "moves")}
    wanted = {name: sent.get(name) for name in found}
    for name in ("earliest", "latest"):
        found[name], wanted[name] = getattr(row, name), instant(sent[name])
    found["doctors"], wanted["doctors"] = getattr(row, "doctors", []), sent.get("doctors") or []
    other = [name for name in found if found[name] != wanted[name]]
    if sent["patient"] not in (getattr(row, "patient", ""), getattr(row, "patient_name", "")):
        other.append("patient")
    return other


def no_request_is_there_twice(evidence: Evidence) -> Iterator[str]:
    """As many requests of a patient as were asked for."""
    rows, names = Counter[str](), {}
    for row in evidence.requests.values():
        if row.batch is None:
            rows[row.patient] += 1
        names[row.patient_name] = row.patient
    acknowledged, lost = Counter[str](), Counter[str]()
    for operation in evidence.history.of("queue", "replace"):
        if operation.kind == "queue":
            patient = operation.body["patient"]
        else:
            replaced = evidence.requests.get(operation.about["request"])
            patient = replaced.patient if replaced else "nobody"
        patient = names.get(patient, patient)
        acknowledged[patient] += operation.is_done
        lost[patient] += operation.may_be_done and not operation.is_done
    for patient in rows.keys() | acknowledged.keys():
        if wrong := counted(rows[patient], acknowledged[patient], lost[patient]):
            yield f"Requests of patient {patient} are {wrong}."


def batches_are_whole(evidence: Evidence) -> Iterator[str]:
    """A batch is there with all of its lines, once; one that was not acknowledged is so or not at all."""
    batches = evidence.rows("SELECT id::text, label, size FROM booking_batch")
    lines: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in evidence.requests.values():
        if row.batch is not None:
            lines[row.batch][row.batch_line].append(row.patient_name)
    labelled = Counter(batch.label for batch in batches)
    sent = {operation.body["label"]: operation for operation in evidence.history.of("batch")}
    for label, operation in sent.items():
        lost = operation.may_be_done and not operation.is_done
        if wrong := counted(labelled[label], operation.is_done, lost):
            yield f"{told(operation)}: the batch {label} is {wrong}."
    for batch in batches:
        operation = sent.get(batch.label)
        people = [each["patient"] for each in operation.body["requests"]] if operation else None
        there = [each for _, each in sorted(lines[batch.id].items())]
        if sorted(lines[batch.id]) != list(range(1, batch.size + 1)):
            yield f"Batch {batch.id} of {batch.size} requests has {len(there)} lines."
        elif people is not None and there != [[each] for each in people]:
            yield f"Batch {batch.id} has other requests than were sent, or some of them twice."


def everything_is_decided(evidence: Evidence) -> Iterator[str]:
    """Nothing waits once things have settled."""
    for row in evidence.requests.values():
        if row.status in UNDECIDED:
            yield f"Request {row.id} is {row.status}."


def decided_requests_say_how(evidence: Evidence) -> Iterator[str]:
    """Booked ones have one appointment, those in conflict a reason, failed ones a failure; the others have none."""
    appointments: dict[str, list[str]] = defaultdict(list)
    for row in evidence.appointments.values():
        if row.request:
            appointments[row.request].append(row.id)
    moved = {
        (message.payload.get("booking_request"), message.payload["appointment"])
        for message in evidence.messages
        if message.topic == "appointment.moved"
    }
    reasons = {row.id for row in evidence.rows("SELECT booking_request_id::text AS id FROM conflict")}
    for row in evidence.requests.values():
        has = len(appointments[row.id]) + ((row.id, row.moves) in moved)
        if has > 1:
            yield f"Request {row.id} has {has} appointments."
        elif row.status == "booked" and not has and not _stands(evidence, row):
            yield f"Request {row.id} is booked and has no appointment."
        elif row.status != "booked" and has:
            yield f"Request {row.id} is {row.status} and has an appointment."
        if row.status == "conflict" and row.id not in reasons:
            yield f"Request {row.id} is in conflict for no reason."


def _stands(evidence: Evidence, row: object) -> bool:
    """Whether a request to move an appointment found it best where it was."""
    return getattr(row, "moves", None) in evidence.appointments


def attempts_are_bounded(evidence: Evidence) -> Iterator[str]:
    """No request is in more lost runs than make it fail."""
    for row in evidence.requests.values():
        if row.attempts > MAX_ATTEMPTS:
            yield f"Request {row.id} has been in {row.attempts} lost runs."


_SUCCESSIONS = (
    *((), ("booked",), ("cancelled",), ("conflict",), ("failed",)),
    *(("booked", "conflict"), ("cancelled", "conflict")),
)
"""How a request may be decided, in the order of the alphabet: once, or, in conflict, once more by somebody."""


def requests_are_decided_once(evidence: Evidence) -> Iterator[str]:
    """The events of a request tell one decision, or a conflict and what somebody made of it; the last is what it is."""
    decisions: dict[str, list[str]] = defaultdict(list)
    for message in evidence.messages:
        if message.topic == "booking_request.decided":
            decisions[message.payload["booking_request"]].append(message.payload["status"])
    for request, statuses in decisions.items():
        if tuple(sorted(statuses)) not in _SUCCESSIONS:
            yield f"Request {request} was decided {len(statuses)} times: {', '.join(statuses)}."
        elif request not in evidence.requests:
            yield f"Request {request} was decided and is not there."
    for row in evidence.requests.values():
        if row.status not in UNDECIDED and row.status not in decisions[row.id]:
            yield f"Request {row.id} is {row.status}, and no event tells so."


def cancels_of_requests_hold(evidence: Evidence) -> Iterator[str]:
    """A request that was taken back, or replaced, is cancelled."""
    for operation, _ in done(evidence.history.of("cancel_request", "replace")):
        row = evidence.requests.get(operation.about["request"])
        if row is None or row.status != "cancelled":
            yield f"{told(operation)} was acknowledged, and the request is {row.status if row else 'not there'}."


def acknowledged_decisions_hold(evidence: Evidence) -> Iterator[str]:
    """Whoever accepted another hour for a request in conflict has it booked."""
    for operation, each in done(evidence.history.of("accept")):
        row = evidence.requests.get(operation.about["request"])
        appointment = each.answer["appointment"]["id"]
        if row is None or row.status != "booked" or appointment not in evidence.appointments:
            yield f"{told(operation)} was acknowledged, and the request is {row.status if row else 'not there'}."


RULES = (
    acknowledged_requests_are_there,
    no_request_is_there_twice,
    batches_are_whole,
    everything_is_decided,
    decided_requests_say_how,
    attempts_are_bounded,
    requests_are_decided_once,
    cancels_of_requests_hold,
    acknowledged_decisions_hold,
)
