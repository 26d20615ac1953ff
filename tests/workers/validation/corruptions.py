"""Ways to corrupt the schedule, each with what a validation has to find then: that and nothing else."""

from collections.abc import Callable

from models.validation.codes import Code
from models.validation.found import Kind
from tests.workers.validation.corrupting import Corrupting

Corruption = Callable[[Corrupting], None]
CORRUPTIONS: list[Corruption] = []

ABSENT = "01990000-0000-7000-8000-000000000000"
"""The id of nothing."""

DOCTOR_FREE, PATIENT_FREE = "appointment.appointment_doctor_free", "appointment.appointment_patient_free"
WITHIN_AVAILABILITY = "appointment.appointment_within_availability"
WITHIN_OPENINGS = "availability.availability_within_openings"
ONE_HOUR, ON_THE_HOUR = "appointment.appointment_lasts_one_hour", "appointment.appointment_starts_on_the_hour"
ONE_PLACE, BY_HOSPITAL = "availability.availability_one_place_at_a_time", "availability.availability_by_hospital"
REQUEST_ONCE = "appointment.appointment_booking_request_id_unique"


def corruption(corrupt: Corruption) -> Corruption:
    CORRUPTIONS.append(corrupt)
    return corrupt


def appointment(c: Corrupting, patient: str = "p10", place: int = 0) -> str:
    """An appointment to come of one of `tests.workers.validation.lived_in`'s patients, who asked for it themselves."""
    return c.one(
        "SELECT id FROM appointment WHERE status = 'booked' AND patient_id ="
        " (SELECT id FROM patient WHERE external_id = :patient) ORDER BY during OFFSET :place LIMIT 1",
        patient=patient,
        place=place,
    )


def availability(c: Corrupting, doctor: str = "d0", place: int = 2) -> str:
    """A doctor's availability, by default on the day of those appointments."""
    return c.one(
        "SELECT availability.id FROM availability JOIN app_user ON app_user.id = doctor_id"
        " WHERE external_id = :doctor ORDER BY during OFFSET :place LIMIT 1",
        doctor=doctor,
        place=place,
    )


def hospital(c: Corrupting, name: str = "lisbon") -> str:
    return c.one("SELECT id FROM hospital WHERE external_id = :name", name=name)


def user(c: Corrupting, name: str = "d0") -> str:
    return c.one("SELECT id FROM app_user WHERE external_id = :name", name=name)


def patient(c: Corrupting, name: str = "p10") -> str:
    return c.one("SELECT id FROM patient WHERE external_id = :name", name=name)


def request(c: Corrupting, status: str) -> str:
    return c.one("SELECT id FROM booking_request WHERE status = :status ORDER BY id", status=status)


# Two at once


@corruption
def patient_has_two_appointments_at_once(c: Corrupting) -> None:
    first, second = appointment(c), appointment(c, "p11")
    c.without(PATIENT_FREE)
    c.edit("UPDATE appointment SET patient_id = :patient WHERE id = :id", patient=patient(c), id=second)
    c.expect(Code.PATIENT_DOUBLE_BOOKED, Kind.APPOINTMENT, first, second)


@corruption
def doctor_has_two_appointments_at_once(c: Corrupting) -> None:
    first, second = appointment(c), appointment(c, "p11")
    c.without(DOCTOR_FREE)
    c.edit("UPDATE appointment SET doctor_id = :doctor WHERE id = :id", doctor=user(c), id=second)
    c.expect(Code.DOCTOR_DOUBLE_BOOKED, Kind.APPOINTMENT, first, second)


@corruption
def doctor_is_in_two_places_at_once(c: Corrupting) -> None:
    first = availability(c)
    c.without(ONE_PLACE)
    second = c.one(
        "INSERT INTO availability (doctor_id, hospital_id, during) SELECT doctor_id, :hospital,"
        " tstzrange(lower(during), lower(during) + interval '1 hour') FROM availability WHERE id = :id RETURNING id",
        hospital=hospital(c, "kolkata"),
        id=first,
    )
    c.expect(Code.AVAILABILITIES_OVERLAP, Kind.AVAILABILITY, first, second)


@corruption
def doctor_is_available_twice_at_once_in_one_place(c: Corrupting) -> None:
    first = availability(c)
    c.without(ONE_PLACE, BY_HOSPITAL)
    second = c.one(
        "INSERT INTO availability (doctor_id, hospital_id, during) SELECT doctor_id, hospital_id,"
        " during FROM availability WHERE id = :id RETURNING id",
        id=first,
    )
    c.expect(Code.AVAILABILITIES_OVERLAP, Kind.AVAILABILITY, first, second)


@corruption
def openings_overlap(c: Corrupting) -> None:
    first = c.one("SELECT id FROM opening WHERE hospital_id = :id ORDER BY during OFFSET 9", id=hospital(c))
    c.without("opening.opening_no_overlap")
    second = c.one(
        "INSERT INTO opening (hospital_id, during) SELECT hospital_id,"
        " tstzrange(lower(during), upper(during) - interval '1 hour') FROM opening WHERE id = :id RETURNING id",
        id=first,
    )
    c.expect(Code.OPENINGS_OVERLAP, Kind.OPENING, first, second)


# Outside of what should hold them


@corruption
def availability_under_appointments_is_deleted(c: Corrupting) -> None:
    c.run("DELETE FROM availability WHERE id = :id", id=availability(c))
    for place in range(2):
        c.expect(Code.OUTSIDE_AVAILABILITY, Kind.APPOINTMENT, appointment(c, place=place))


@corruption
def appointment_is_moved_to_the_evening(c: Corrupting) -> None:
    c.without(WITHIN_AVAILABILITY)
    c.edit(
        "UPDATE appointment SET during ="
        " tstzrange(lower(during) + interval '9 hours', upper(during) + interval '9 hours') WHERE id = :id",
        id=(moved := appointment(c)),
    )
    c.expect(Code.OUTSIDE_AVAILABILITY, Kind.APPOINTMENT, moved)


@corruption
def availability_outlasts_the_opening(c: Corrupting) -> None:
    c.without(WITHIN_OPENINGS)
    c.edit(
        "UPDATE availability SET during = tstzrange(lower(during), upper(during) + interval '9 hours') WHERE id = :id",
        id=(longer := availability(c)),
    )
    c.expect(Code.AVAILABILITY_OUTSIDE_OPENINGS, Kind.AVAILABILITY, longer)


@corruption
def rule_is_put_back_over_rows_that_break_it(c: Corrupting) -> None:
    c.without(WITHIN_OPENINGS)
    c.edit(
        "UPDATE availability SET during = tstzrange(lower(during), upper(during) + interval '9 hours') WHERE id = :id",
        id=(longer := availability(c)),
    )
    c.put_back_unseen(WITHIN_OPENINGS)
    c.expect(Code.AVAILABILITY_OUTSIDE_OPENINGS, Kind.AVAILABILITY, longer)


# Periods that are none, or not as they should be


@corruption
def appointment_begins_at_half_past(c: Corrupting) -> None:
    c.without(ON_THE_HOUR)
    c.edit(
        "UPDATE appointment SET during ="
        " tstzrange(lower(during) + interval '30 minutes', upper(during) + interval '30 minutes') WHERE id = :id",
        id=(shifted := appointment(c)),
    )
    c.expect(Code.OFF_THE_HOUR, Kind.APPOINTMENT, shifted)


@corruption
def appointment_lasts_ninety_minutes(c: Corrupting) -> None:
    c.without(ONE_HOUR)
    c.edit(
        "UPDATE appointment SET during = tstzrange(lower(during), upper(during) + interval '30 minutes')"
        " WHERE id = :id",
        id=(longer := appointment(c)),
    )
    c.expect(Code.NOT_ONE_HOUR, Kind.APPOINTMENT, longer)


@corruption
def appointment_has_an_empty_period(c: Corrupting) -> None:
    c.without(ONE_HOUR, PATIENT_FREE, DOCTOR_FREE)
    c.run("UPDATE appointment SET during = 'empty' WHERE id = :id", id=(emptied := appointment(c)))
    c.expect(Code.PERIOD_MALFORMED, Kind.APPOINTMENT, emptied)


@corruption
def appointment_has_no_end(c: Corrupting) -> None:
    c.without(ONE_HOUR, PATIENT_FREE, DOCTOR_FREE)
    c.run(
        "UPDATE appointment SET during = tstzrange(lower(during), NULL) WHERE id = :id",
        id=(endless := appointment(c)),
    )
    c.expect(Code.PERIOD_MALFORMED, Kind.APPOINTMENT, endless)


@corruption
def appointment_counts_its_last_instant(c: Corrupting) -> None:
    c.without(ONE_HOUR)
    c.run(
        "UPDATE appointment SET during = tstzrange(lower(during), upper(during), '[]') WHERE id = :id",
        id=(closed := appointment(c)),
    )
    c.expect(Code.PERIOD_MALFORMED, Kind.APPOINTMENT, closed)


@corruption
def availability_lasts_until_infinity(c: Corrupting) -> None:
    c.without("availability.availability_period_whole")
    c.run(
        "UPDATE availability SET during = tstzrange(lower(during), 'infinity') WHERE id = :id",
        id=(endless := availability(c, "d1", 3)),
    )
    c.expect(Code.PERIOD_MALFORMED, Kind.AVAILABILITY, endless)


@corruption
def empty_opening(c: Corrupting) -> None:
    c.without("opening.opening_period_whole", "opening.opening_no_overlap")
    empty = c.one("INSERT INTO opening (hospital_id, during) VALUES (:id, 'empty') RETURNING id", id=hospital(c))
    c.expect(Code.PERIOD_MALFORMED, Kind.OPENING, empty)


@corruption
def booked_appointment_leaves_its_hour_free(c: Corrupting) -> None:
    c.run("ALTER TABLE appointment ALTER COLUMN occupies DROP EXPRESSION")
    c.expect(Code.RULE_MISSING, Kind.RULE, "appointment.occupies")
    c.run("UPDATE appointment SET occupies = NULL WHERE id = :id", id=(freed := appointment(c)))
    c.expect(Code.HOUR_NOT_OCCUPIED, Kind.APPOINTMENT, freed)


@corruption
def cancelled_appointment_keeps_its_hour(c: Corrupting) -> None:
    c.run("ALTER TABLE appointment ALTER COLUMN occupies DROP EXPRESSION")
    c.expect(Code.RULE_MISSING, Kind.RULE, "appointment.occupies")
    c.run("UPDATE appointment SET status = 'cancelled' WHERE id = :id", id=(kept := appointment(c)))
    c.expect(Code.HOUR_NOT_OCCUPIED, Kind.APPOINTMENT, kept)


# Clocks and hours


@corruption
def appointment_keeps_another_time_zone(c: Corrupting) -> None:
    c.run("UPDATE appointment SET timezone = 'Europe/Paris' WHERE id = :id", id=(other := appointment(c)))
    c.expect(Code.TIMEZONE_CONTRADICTED, Kind.APPOINTMENT, other)


@corruption
def hospital_in_no_time_zone(c: Corrupting) -> None:
    """Of a hospital without a schedule."""
    c.without("hospital.hospital_timezone_known")
    lost = c.one(
        "INSERT INTO hospital (name, timezone, projected_until) VALUES ('Mons', 'Mars/Olympus', '2200-01-01')"
        " RETURNING id"
    )
    c.expect(Code.TIMEZONE_UNKNOWN, Kind.HOSPITAL, lost)


@corruption
def people_were_told_another_hour(c: Corrupting) -> None:
    c.edit(
        "UPDATE appointment SET local_start = local_start + interval '1 hour' WHERE id = :id",
        id=(shifted := appointment(c)),
    )
    c.expect(Code.HOUR_SHIFTED, Kind.APPOINTMENT, shifted)


@corruption
def doctor_was_told_other_hours(c: Corrupting) -> None:
    c.edit(
        "UPDATE availability SET local_end = local_end + interval '1 hour' WHERE id = :id",
        id=(shifted := availability(c)),
    )
    c.expect(Code.AVAILABILITY_SHIFTED, Kind.AVAILABILITY, shifted)


@corruption
def opening_is_deleted(c: Corrupting) -> None:
    c.run(
        "DELETE FROM opening WHERE id ="
        " (SELECT id FROM opening WHERE hospital_id = :id ORDER BY during OFFSET 12 LIMIT 1)",
        id=(there := hospital(c)),
    )
    c.expect(Code.OPENINGS_DIFFER, Kind.HOSPITAL, there)


@corruption
def opening_under_availabilities_is_deleted(c: Corrupting) -> None:
    c.run(
        "DELETE FROM opening WHERE hospital_id = :hospital AND during @>"
        " (SELECT during FROM availability WHERE id = :id)",
        hospital=(there := hospital(c)),
        id=availability(c),
    )
    c.expect(Code.OPENINGS_DIFFER, Kind.HOSPITAL, there)


@corruption
def hours_kept_are_edited_under_availabilities(c: Corrupting) -> None:
    c.edit("UPDATE operating_hours SET hours = '{[840,1200)}' WHERE hospital_id = :id", id=(there := hospital(c)))
    c.expect(Code.HOURS_CHANGED, Kind.HOSPITAL, there)


@corruption
def openings_are_not_projected_any_more(c: Corrupting) -> None:
    c.edit(
        "DELETE FROM opening WHERE hospital_id = :id AND lower(during) > now() + interval '15 days'",
        "UPDATE hospital SET projected_until = (SELECT max(upper(during))::date + 1 FROM opening"
        " WHERE hospital_id = :id) WHERE id = :id",
        id=(there := hospital(c)),
    )
    c.expect(Code.OPENINGS_RUN_OUT, Kind.HOSPITAL, there)


# People, requests, messages


@corruption
def doctor_is_gone_upstream(c: Corrupting) -> None:
    c.edit("UPDATE app_user SET active = false WHERE id = :id", id=(gone := user(c)))
    c.expect(Code.DOCTOR_DEPARTED, Kind.DOCTOR, gone)


@corruption
def doctor_is_one_of_the_staff_now(c: Corrupting) -> None:
    c.run("UPDATE app_user SET role = 'staff' WHERE id = :id", id=(other := user(c)))
    c.expect(Code.DOCTOR_DEPARTED, Kind.DOCTOR, other)


@corruption
def patient_is_gone_upstream(c: Corrupting) -> None:
    c.edit("UPDATE patient SET active = false WHERE id = :id", id=patient(c, "p11"))
    c.expect(Code.PATIENT_DEPARTED, Kind.APPOINTMENT, appointment(c, "p11"))


@corruption
def request_is_planned_by_a_run_that_is_over(c: Corrupting) -> None:
    c.edit(
        "UPDATE booking_request SET status = 'planning', decided_at = NULL, planning_run_id ="
        " (SELECT id FROM planning_run WHERE status = 'committed' LIMIT 1) WHERE id = :id",
        id=(stuck := request(c, "queued")),
    )
    c.expect(Code.REQUEST_STUCK, Kind.BOOKING_REQUEST, stuck)


@corruption
def request_waits_since_last_week(c: Corrupting) -> None:
    c.edit(
        "UPDATE booking_request SET queued_at = now() - interval '7 days' WHERE id = :id",
        id=(waits := request(c, "queued")),
    )
    c.expect(Code.REQUEST_STUCK, Kind.BOOKING_REQUEST, waits)


@corruption
def request_waits_for_what_is_over(c: Corrupting) -> None:
    c.edit(
        "UPDATE booking_request SET earliest = now() - interval '3 days', latest = now() - interval '1 day'"
        " WHERE id = :id",
        id=(late := request(c, "queued")),
    )
    c.expect(Code.REQUEST_EXPIRED, Kind.BOOKING_REQUEST, late)


@corruption
def request_is_booked_and_has_no_appointment(c: Corrupting) -> None:
    c.edit(
        "UPDATE appointment SET booking_request_id = NULL WHERE booking_request_id = :id",
        id=(alone := request(c, "booked")),
    )
    c.expect(Code.REQUEST_CONTRADICTED, Kind.BOOKING_REQUEST, alone)


@corruption
def request_in_conflict_has_an_appointment(c: Corrupting) -> None:
    c.edit("UPDATE booking_request SET status = 'cancelled' WHERE id = :id", id=(other := request(c, "booked")))
    c.expect(Code.REQUEST_CONTRADICTED, Kind.BOOKING_REQUEST, other)


@corruption
def reschedule_is_planned_by_a_worker_that_was_lost(c: Corrupting) -> None:
    stuck = c.one("SELECT id FROM reschedule WHERE status = 'proposed' ORDER BY id DESC")
    c.edit(
        "UPDATE reschedule SET status = 'planning', lease_expires_at = now() - interval '1 day' WHERE id = :id",
        id=stuck,
    )
    c.expect(Code.RESCHEDULE_STUCK, Kind.RESCHEDULE, stuck)


@corruption
def message_was_given_up(c: Corrupting) -> None:
    c.edit(
        "UPDATE delivery SET status = 'dead', last_error = 'refused' WHERE id ="
        " (SELECT id FROM delivery WHERE channel = 'webhook' ORDER BY message_id LIMIT 1)"
    )
    c.expect(Code.MESSAGE_UNDELIVERED, Kind.CHANNEL, "webhook")


@corruption
def hour_came_free_for_a_conflict(c: Corrupting) -> None:
    freed = c.one("SELECT id FROM appointment WHERE booking_request_id IS NOT NULL AND status = 'booked' ORDER BY id")
    c.edit("UPDATE appointment SET status = 'cancelled' WHERE id = :id", id=freed)
    c.expect(Code.CONFLICT_BOOKABLE, Kind.BOOKING_REQUEST, request(c, "conflict"))


@corruption
def outbox_was_written_by_another_cluster(c: Corrupting) -> None:
    c.edit("UPDATE outbox_message SET transaction_id = '999999999999'")
    c.expect(Code.OUTBOX_FROM_ELSEWHERE, Kind.RULE, "outbox_message.transaction_id")


# Rows of the schedule that break other rules


@corruption
def appointment_with_a_doctor_who_is_not_there(c: Corrupting) -> None:
    c.run("UPDATE appointment SET doctor_id = :absent WHERE id = :id", absent=ABSENT, id=appointment(c))
    c.expect(Code.ROW_BREAKS_RULE, Kind.ROW, f"doctor:{ABSENT}")


@corruption
def patient_with_appointments_is_deleted(c: Corrupting) -> None:
    gone = patient(c)
    c.run("DELETE FROM patient WHERE id = :id", id=gone)
    c.expect(Code.ROW_BREAKS_RULE, Kind.ROW, f"patient:{gone}")


@corruption
def appointment_has_no_period(c: Corrupting) -> None:
    c.without("appointment.appointment_during_not_null")
    c.run("UPDATE appointment SET during = NULL WHERE id = :id", id=(lost := appointment(c)))
    c.expect(Code.ROW_BREAKS_RULE, Kind.ROW, f"appointment:{lost}")


@corruption
def appointment_of_no_known_status(c: Corrupting) -> None:
    c.without("appointment.appointment_status_known")
    c.run("UPDATE appointment SET status = 'lost' WHERE id = :id", id=(lost := appointment(c)))
    c.expect(Code.ROW_BREAKS_RULE, Kind.ROW, f"appointment:{lost}")


@corruption
def appointment_is_there_twice(c: Corrupting) -> None:
    c.without("appointment.appointment_key", DOCTOR_FREE, PATIENT_FREE)
    columns = "id, patient_id, doctor_id, hospital_id, timezone, during, status, local_start"
    twice = appointment(c)
    c.run(f"INSERT INTO appointment ({columns}) SELECT {columns} FROM appointment WHERE id = :id", id=twice)
    c.expect(Code.ROW_BREAKS_RULE, Kind.ROW, f"appointment:{twice}")
