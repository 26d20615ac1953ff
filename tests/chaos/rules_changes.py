"""Rules for what was done at once: what was acknowledged holds, what was refused is not there."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.chaos.history import Operation
from tests.chaos.rules import Evidence, counted, done, instant, told


def direct_bookings_are_there_once(evidence: Evidence) -> Iterator[str]:
    """An appointment that was acknowledged is there, once; one that was refused is not."""
    names = {row.patient_name: row.patient for row in evidence.appointments.values()}
    rows = Counter(row.patient for row in evidence.appointments.values() if row.request is None)
    acknowledged, lost = Counter[str](), Counter[str]()
    for operation in evidence.history.of("book"):
        patient = names.get(operation.body["patient"], operation.body["patient"])
        acknowledged[patient] += operation.is_done
        lost[patient] += operation.may_be_done and not operation.is_done
    for patient in rows.keys() | acknowledged.keys():
        if wrong := counted(rows[patient], acknowledged[patient], lost[patient]):
            yield f"Appointments of patient {patient} that no request asked for are {wrong}."
    for operation, each in done(evidence.history.of("book")):
        if each.answer["id"] not in evidence.appointments:
            yield f"{told(operation)} was acknowledged as appointment {each.answer['id']}, which is not there."


def changes_of_appointments_hold(evidence: Evidence) -> Iterator[str]:
    """What whoever booked, moved or cancelled was shown is what that version of the appointment was, and is, where no
    later one is.
    """
    versions = {
        (message.payload["appointment"], message.payload["version"]): message
        for message in evidence.messages
        if message.topic.startswith("appointment.")
    }
    for operation, each in done(evidence.history.of("book", "change")):
        shown = each.answer
        message = versions.get((shown["id"], shown["version"]))
        if message is None:
            yield f"{told(operation)} was shown version {shown['version']}, of which no event tells."
        elif _hour(shown) != _told_hour(message.payload) or _status(message.topic) != shown["status"]:
            yield f"{told(operation)} was shown another version {shown['version']} than its event tells."
        row = evidence.appointments.get(shown["id"])
        if row is None or row.version < shown["version"]:
            yield f"{told(operation)} was acknowledged, and appointment {shown['id']} is older, or not there."
        elif row.version == shown["version"] and (
            row.status != shown["status"] or (row.doctor, row.hospital, row.start) != _hour(shown)
        ):
            yield f"{told(operation)} was acknowledged, and appointment {row.id} is otherwise."


def _hour(shown: Mapping[str, Any]) -> tuple[Any, ...]:
    return shown["doctor"]["id"], shown["hospital"]["id"], instant(shown["start"])


def _told_hour(payload: Mapping[str, Any]) -> tuple[Any, ...]:
    return payload["doctor"], payload["hospital"], instant(payload["start"])


def _status(topic: str) -> str:
    return {"appointment.moved": "booked"}.get(topic, topic.partition(".")[2])


def changes_of_availabilities_hold(evidence: Evidence) -> Iterator[str]:
    """What was acknowledged of an availability was so, and the last that its one writer did is so still, unless a
    reschedule had a hand in it.
    """
    was: dict[str, list[str | None]] = defaultdict(list)
    for entry in evidence.entries:
        if entry.kind == "availability":
            id_ = (entry.after or entry.before)["id"]
            was[id_].append((entry.after or {}).get("during"))
    now = {
        row.id: row
        for row in evidence.rows(
            """SELECT id::text, version, to_jsonb(during) #>> '{}' AS during, lower(during) AS start,
               upper(during) AS "end" FROM availability"""
        )
    }
    kinds = ("add_availability", "change_availability", "withdraw_availability")
    for operation, each in done(evidence.history.of(*kinds)):
        if operation.kind == "withdraw_availability":
            id_ = operation.about["availability"]
            if id_ in now or was[id_][-1:] != [None]:
                yield f"{told(operation)} was acknowledged, and the availability is still there."
            continue
        shown = each.answer
        row = now.get(shown["id"])
        ends = instant(shown["start"]), instant(shown["end"])
        if not any(during and _ends(during) == ends for during in was[shown["id"]]):
            yield f"{told(operation)} was acknowledged, and the availability never was so."
        elif row and row.version < shown["version"]:
            yield f"{told(operation)} was acknowledged, and the availability is older."
        elif row and row.version == shown["version"] and (row.start, row.end) != ends:
            yield f"{told(operation)} was acknowledged, and the availability is otherwise."


def _ends(during: str) -> tuple[Any, Any]:
    start, end = during.strip('[")').replace('"', "").split(",")
    return instant(start), instant(end)


def reschedules_are_whole(evidence: Evidence) -> Iterator[str]:
    """An applied reschedule has done all that it proposed, one that is undone has taken all of it back, and the others
    have done nothing.
    """
    jobs = {row.id: row for row in evidence.rows("SELECT id::text, label, status FROM reschedule")}
    items: dict[str, list[Any]] = defaultdict(list)
    for row in evidence.rows("""
        SELECT reschedule_id::text AS job, appointment_id::text AS id, fate, to_doctor_id::text AS doctor,
            to_hospital_id::text AS hospital, lower(to_during) AS start, held FROM rescheduled_appointment"""):
        items[row.job].append(row)
    did: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for message in evidence.messages:
        if message.topic.startswith("appointment.") and "reschedule" in message.payload:
            did[message.payload["reschedule"]][message.topic, message.payload["appointment"]] += 1
    for job in jobs.values():
        expected = Counter[tuple[str, str]]()
        for item in items[job.id] if job.status in ("applied", "undone") else ():
            if item.fate is None or (item.fate == "moved") != (item.start is not None):
                yield f"Reschedule {job.id} is {job.status}, and nobody knows what it did to appointment {item.id}."
            back = job.status == "undone"
            expected["appointment.moved", item.id] += (item.fate == "moved") * (1 + back)
            expected["appointment.cancelled", item.id] += item.fate == "cancelled"
            expected["appointment.booked", item.id] += (item.fate == "cancelled") * back
        if +expected != did[job.id]:
            yield (
                f"Reschedule {job.id} is {job.status}; it was to change {expected.total()} appointments, and"
                f" {did[job.id].total()} were told of, or others."
            )
        if job.status not in ("queued", "planning", "proposed") and any(item.held for item in items[job.id]):
            yield f"Reschedule {job.id} is {job.status} and holds appointments still."


def reschedules_are_there_once(evidence: Evidence) -> Iterator[str]:
    """A reschedule that was asked for is there, once, and stands as whoever decided it was told."""
    jobs = {row.id: row for row in evidence.rows("SELECT id::text, label, status, replaces::text FROM reschedule")}
    labels = Counter(row.label for row in jobs.values())
    for operation in evidence.history.of("reschedule"):
        lost = operation.may_be_done and not operation.is_done
        if wrong := counted(labels[operation.body["label"]], operation.is_done, lost):
            yield f"{told(operation)}: the reschedule is {wrong}."
    may_undo = {
        operation.about["reschedule"]
        for operation in evidence.history.of("decide_reschedule")
        if operation.path.endswith("/undo") and operation.may_be_done
    }
    for operation, each in done(evidence.history.of("decide_reschedule")):
        id_ = operation.about["reschedule"]
        status = jobs[id_].status if id_ in jobs else "not there"
        if status != each.answer["status"] and not (status == "undone" and id_ in may_undo):
            yield f"{told(operation)} was acknowledged as {each.answer['status']}, and it is {status}."


def directory_holds_the_last_writing(evidence: Evidence) -> Iterator[str]:
    """A patient and a user have a name that the last who wrote it gave: of writers at the same moment, any of them."""
    for kind, table in (("patient", "patient"), ("user", "app_user")):
        names = {row.external_id: row.name for row in evidence.rows(f"SELECT external_id, name FROM {table}")}
        writings: dict[str, list[Operation]] = defaultdict(list)
        for operation in evidence.history.of(kind):
            if operation.may_be_done:
                writings[operation.about[kind]].append(operation)
        for id_, operations in writings.items():
            acknowledged = [each for operation, each in done(operations)]
            if not acknowledged:
                continue
            possible = {
                operation.body["name"]
                for operation in operations
                if any(each.status is None for each in operation.tries)
                or not any(each.sent > max(t.answered or 0 for t in operation.tries) for each in acknowledged)
            }
            if id_ not in names:
                yield f"The {kind} {id_} was acknowledged and is not there."
            elif names[id_] not in possible:
                yield f"The {kind} {id_} is called {names[id_]!r}, which was not the last that was written."


RULES = (
    direct_bookings_are_there_once,
    changes_of_appointments_hold,
    changes_of_availabilities_hold,
    reschedules_are_whole,
    reschedules_are_there_once,
    directory_holds_the_last_writing,
)
