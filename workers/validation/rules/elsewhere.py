"""The rules whose rows other steps look at, since they can say more of them than that they break a rule."""

from collections.abc import Mapping

from models.validation.codes import Code

ELSEWHERE: Mapping[str, frozenset[Code]] = {
    "hospital.hospital_timezone_known": frozenset({Code.TIMEZONE_UNKNOWN}),
    "opening.opening_period_whole": frozenset({Code.PERIOD_MALFORMED}),
    "opening.opening_no_overlap": frozenset({Code.OPENINGS_OVERLAP}),
    "availability.availability_period_whole": frozenset({Code.PERIOD_MALFORMED}),
    "availability.availability_one_place_at_a_time": frozenset({Code.AVAILABILITIES_OVERLAP}),
    "availability.availability_by_hospital": frozenset({Code.AVAILABILITIES_OVERLAP}),
    "availability.availability_within_openings": frozenset({Code.AVAILABILITY_OUTSIDE_OPENINGS}),
    "appointment.appointment_lasts_one_hour": frozenset({Code.NOT_ONE_HOUR, Code.PERIOD_MALFORMED}),
    "appointment.appointment_starts_on_the_hour": frozenset({Code.OFF_THE_HOUR, Code.HOUR_SHIFTED}),
    "appointment.appointment_doctor_free": frozenset({Code.DOCTOR_DOUBLE_BOOKED}),
    "appointment.appointment_patient_free": frozenset({Code.PATIENT_DOUBLE_BOOKED}),
    "appointment.appointment_within_availability": frozenset({Code.OUTSIDE_AVAILABILITY}),
    "appointment.occupies": frozenset({Code.HOUR_NOT_OCCUPIED}),
    # That there is such a hospital at all is looked at here (`workers.validation.rules.parents`).
    "appointment.appointment_hospital_id_timezone_exists": frozenset({Code.TIMEZONE_CONTRADICTED}),
}
"""By the rule's id: the findings that its rows are told by."""
