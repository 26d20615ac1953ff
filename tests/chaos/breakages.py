"""Ways to break the story (`tests.chaos.story`), by the rule that each of them breaks."""

from collections.abc import Callable
from typing import Any

from tests.chaos.history import Recorded

PATIENT = "patient_id = (SELECT id FROM patient WHERE external_id = '{}')"
SOLO, MOVER, GONER = (PATIENT.format(name) for name in ("solo", "mover", "goner"))
LATER = "during = tstzrange(lower(during) + '{0}'::interval, upper(during) + '{0}'::interval)"
AGAIN = "INSERT INTO {0} ({1}) SELECT {1} FROM {0} WHERE {2}"
COPY = AGAIN.format("outbox_message", "topic, payload", "topic = '{}' LIMIT 1")

IN_THE_DATABASE = {
    "acknowledged_requests_are_there": [
        f"DELETE FROM booking_request WHERE {SOLO}",
        f"UPDATE booking_request SET priority = 'urgent' WHERE {SOLO}",
        f"UPDATE booking_request SET latest = latest + interval '1 hour' WHERE {SOLO}",
        "UPDATE patient SET external_id = 'other' WHERE external_id = 'solo'",
    ],
    "no_request_is_there_twice": [
        AGAIN.format("booking_request", "patient_id, priority, earliest, latest", SOLO),
        f"DELETE FROM booking_request WHERE {SOLO}",
    ],
    "batches_are_whole": [
        "DELETE FROM booking_request WHERE batch_line = 2",
        "UPDATE booking_request SET batch_line = 1 WHERE batch_line = 3",
        f"UPDATE booking_request SET {SOLO} WHERE batch_line = 3",
        AGAIN.format("booking_batch", "label, size", "true"),
        "DELETE FROM booking_batch",
    ],
    "everything_is_decided": [
        f"UPDATE booking_request SET status = 'queued', decided_at = NULL, planning_run_id = NULL WHERE {SOLO}"
    ],
    "decided_requests_say_how": [
        "DELETE FROM appointment WHERE booking_request_id IS NOT NULL",
        f"UPDATE booking_request SET status = 'conflict' WHERE {SOLO}",
        (
            f"ALTER TABLE appointment DROP CONSTRAINT appointment_booking_request_id_unique;"
            "UPDATE appointment SET booking_request_id ="
            f" (SELECT id FROM booking_request WHERE {SOLO}) WHERE {GONER}"
        ),
        "DELETE FROM conflict; UPDATE booking_request SET status = 'conflict'",
    ],
    "attempts_are_bounded": ["UPDATE booking_request SET attempts = 51"],
    "requests_are_decided_once": [
        COPY.format("booking_request.decided"),
        "DELETE FROM outbox_message WHERE topic = 'booking_request.decided'",
        "UPDATE booking_request SET status = 'failed', failure = 'lost'",
    ],
    "cancels_of_requests_hold": [
        "UPDATE booking_request SET status = 'conflict' WHERE status = 'cancelled'",
        "DELETE FROM booking_request WHERE status = 'cancelled'",
    ],
    "acknowledged_decisions_hold": ["UPDATE booking_request SET status = 'conflict'", "DELETE FROM appointment"],
    "appointments_are_hours": [
        (
            "ALTER TABLE appointment DROP CONSTRAINT appointment_lasts_one_hour;"
            f"UPDATE appointment SET during = tstzrange(lower(during), upper(during) + '1 s'::interval) WHERE {GONER}"
        ),
        (
            "ALTER TABLE appointment DROP CONSTRAINT appointment_starts_on_the_hour;"
            f"UPDATE appointment SET {LATER.format('30 minutes')} WHERE {GONER}"
        ),
    ],
    "nobody_is_in_two_appointments": [
        f"ALTER TABLE appointment DROP CONSTRAINT appointment_{who}_free; UPDATE appointment SET"
        f" {who}_id = other.{who}_id, during = other.during, status = 'booked'"
        f" FROM (SELECT * FROM appointment WHERE status = 'booked' LIMIT 1) AS other WHERE appointment.{GONER}"
        for who in ("doctor", "patient")
    ],
    "no_doctor_is_in_two_places": [
        (
            "ALTER TABLE availability DROP CONSTRAINT availability_one_place_at_a_time;"
            "ALTER TABLE availability DROP CONSTRAINT availability_by_hospital CASCADE;"
            "UPDATE availability SET during = tstzrange(lower(during) - interval '5 hours', upper(during))"
        )
    ],
    "appointments_are_within_availabilities": ["DELETE FROM availability"],
    "availabilities_are_within_openings": ["DELETE FROM opening"],
    "direct_bookings_are_there_once": [
        f"INSERT INTO appointment (patient_id, doctor_id, hospital_id, timezone, during, status)"
        f" SELECT (SELECT id FROM patient WHERE external_id = '{who}'), doctor_id, hospital_id, timezone, during,"
        f" 'cancelled' FROM appointment WHERE {GONER}"
        for who in ("mover", "loser")
    ]
    + [f"DELETE FROM appointment WHERE {MOVER}"],
    "changes_of_appointments_hold": [
        f"UPDATE appointment SET {LATER.format('1 day')} WHERE {GONER}",
        f"UPDATE appointment SET status = 'completed' WHERE {GONER}",
        f"UPDATE appointment SET version = 1 WHERE {GONER}",
        "DELETE FROM outbox_message WHERE topic = 'appointment.moved'",
        (
            "UPDATE outbox_message SET payload = payload || jsonb_build_object('start', '2020-01-01T00:00:00+00:00')"
            " WHERE topic = 'appointment.cancelled'"
        ),
    ],
    "changes_of_availabilities_hold": [
        (
            "UPDATE availability SET during = tstzrange(lower(during), upper(during) + interval '1 hour')"
            " WHERE version > 1 OR lower(during)::time = '14:00'"
        ),
        "UPDATE availability SET version = 0",
        "DELETE FROM audit_entry WHERE kind = 'availability' AND action = 'update'",
        "DELETE FROM audit_entry WHERE kind = 'availability' AND action = 'delete'",
    ],
    "reschedules_are_whole": [
        "UPDATE rescheduled_appointment SET fate = NULL",
        "UPDATE rescheduled_appointment SET fate = 'left' WHERE fate = 'cancelled'",
        "UPDATE rescheduled_appointment SET held = true",
        "DELETE FROM outbox_message WHERE payload ? 'reschedule' AND topic = 'appointment.cancelled'",
        "UPDATE reschedule SET status = 'discarded', changes = NULL",
    ],
    "reschedules_are_there_once": [
        "UPDATE reschedule SET label = 'ill'",
        "UPDATE reschedule SET status = 'proposed', changes = NULL",
        "DELETE FROM reschedule",
    ],
    "directory_holds_the_last_writing": [
        "UPDATE patient SET name = 'Somebody else' WHERE external_id = 'solo'",
        "DELETE FROM patient WHERE external_id = 'solo'",
    ],
    "rows_follow_from_the_audit": [
        "UPDATE patient SET active = false WHERE external_id = 'solo'",
        f"UPDATE appointment SET {LATER.format('1 day')} WHERE {GONER}",
        f"DELETE FROM appointment WHERE {GONER}",
        AGAIN.format("booking_batch", "label, size", "true"),
        "DELETE FROM audit_entry WHERE kind = 'appointment' AND action = 'update'",
        "DELETE FROM audit_entry WHERE kind = 'appointment' AND action = 'insert'",
    ],
    "parts_follow_from_the_audit": [
        "DELETE FROM doctor_specialty",
        "DELETE FROM audit_entry WHERE kind = 'operating_hours'",
    ],
    "words_are_what_was_digested": [
        "DELETE FROM audit_detail",
        """UPDATE audit_detail SET after = after || '{"name": "Somebody else"}'""",
    ],
    "every_entry_is_sealed_once": [
        AGAIN.format("audit_entry", "actor_kind, actor_name, action, kind, subjects", "id = 1"),
        "INSERT INTO audit_seal SELECT number + 10, entries, previous, hash FROM audit_seal",
    ],
    "the_chain_holds": [
        "UPDATE audit_entry SET actor_name = 'somebody else' WHERE id = 3",
        "DELETE FROM audit_seal WHERE number = 1",
        "UPDATE audit_seal SET sealed_at = sealed_at + interval '1 second' WHERE number = 2",
    ],
    "changes_are_told": [
        *(
            f"DELETE FROM outbox_message WHERE topic = '{topic}'"
            for topic in ("appointment.moved", "availability.added")
        ),
        *(COPY.format(topic) for topic in ("appointment.booked", "availability.withdrawn", "booking_request.decided")),
        "UPDATE outbox_message SET transaction_id = '7' WHERE topic = 'appointment.booked'",
    ],
    "versions_are_told_in_a_row": [
        COPY.format("appointment.moved"),
        "DELETE FROM outbox_message WHERE topic = 'appointment.booked'",
        f"UPDATE appointment SET version = 9 WHERE {GONER}",
    ],
    "requests_are_told_to_be_queued": [
        COPY.format("booking_request.queued"),
        "DELETE FROM outbox_message WHERE topic = 'booking_request.queued' AND payload ? 'batch'",
    ],
    "no_message_is_stepped_over": [
        "INSERT INTO outbox_message (transaction_id, topic, payload) VALUES ('3', 'late', '{}')",
        "DELETE FROM outbox_message WHERE id = (SELECT max(id) FROM outbox_message)",
    ],
    "no_lease_is_held": [
        "INSERT INTO planning_run (worker, lease_expires_at, requests) VALUES ('a dead one', now(), 1)",
        "UPDATE reschedule SET status = 'queued' WHERE status = 'discarded'",
    ],
}
"""Statements that break one rule each, done as nobody may but whoever owns the database."""


def _answer(kind: str, change: Callable[[Any], None], which: int = 0, path: str = "") -> Callable[[Recorded], None]:
    """Let the answer to the first operation of a kind (or another) be otherwise."""

    def break_it(history: Recorded) -> None:
        operations = [each for each in history.of(kind) if each.path.startswith(path)]
        change(operations[which].tries[-1])

    return break_it


def _set(**values: Any) -> Callable[[Any], None]:
    def change(each: Any) -> None:
        for name, value in values.items():
            setattr(each, name, value)

    return change


def _told(**values: Any) -> Callable[[Any], None]:
    return lambda each: each.answer.update(values)


def _puzzled(history: Recorded) -> None:
    history.remarks[:] = [{"remark": "puzzled", "client": 1, "deed": "poll", "error": "KeyError: 'status'"}]


def _waited(history: Recorded) -> None:
    look = next(history.of("poll")).tries[0]
    look.answered = look.sent + 9
    remarks = ("fault begins", look.sent - 1), ("fault ends", look.sent + 5)
    history.remarks[:] = [{"remark": what, "fault": "freeze-valkey", "clock": clock} for what, clock in remarks]


NOBODY = "00000000-0000-0000-0000-000000000000"
IN_THE_HISTORY = [
    *(
        ("server_errors_say_when", _answer("queue", _set(status=status, retry_after=None)))
        for status in (500, 502, 503, 504, 429)
    ),
    ("nobody_is_turned_away", _answer("patient", _set(status=401))),
    ("nobody_is_turned_away", _answer("poll", _set(status=404))),
    ("replays_agree", _answer("queue", _set(digest="another"))),
    ("replays_agree", _answer("queue", _set(status=409, answer={"type": "/problems/invalid"}))),
    ("keys_are_used_once", _answer("misuse", _set(status=202))),
    ("keys_are_used_once", _answer("misuse", _told(type="/problems/invalid"))),
    ("nobody_is_puzzled", _puzzled),
    ("nobody_waits_for_valkey", _waited),
    ("polls_go_forward", _answer("poll", _told(status="queued", appointment=None), 1, "/booking-requests")),
    ("polls_go_forward", _answer("poll", _told(status="conflict"), 0, "/booking-requests")),
    ("polls_go_forward", _answer("poll", _told(appointment={"id": NOBODY}), 0, "/booking-requests")),
    ("batches_go_forward", _answer("poll", _told(progress=0.3), 1, "/booking-batches")),
    ("acknowledged_requests_are_there", _answer("queue", _told(id=NOBODY), 1)),
    ("direct_bookings_are_there_once", _answer("book", _told(id=NOBODY))),
    ("direct_bookings_are_there_once", _answer("book", _set(status=409, answer={"type": "/problems/clash"}))),
    ("changes_of_appointments_hold", _answer("change", _told(version=7))),
    ("changes_of_availabilities_hold", _answer("change_availability", _told(start="2020-01-01T00:00:00+00:00"))),
    ("reschedules_are_there_once", _answer("decide_reschedule", _told(status="undone"))),
    ("no_message_is_stepped_over", lambda history: next(history.of("events")).final.answer["items"].pop(3)),
    ("no_message_is_stepped_over", lambda history: next(history.of("events")).final.answer["items"].insert(3, 1)),
]
