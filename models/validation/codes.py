"""What a validation can find, and how bad that is."""

from enum import StrEnum


class Severity(StrEnum):
    """The worst first."""

    ERROR = "error"  # a rule is broken: somebody may come and not be seen
    WARNING = "warning"  # somebody has to see to it before it breaks a rule or disappoints somebody
    NOTICE = "notice"  # something could be better


class Code(StrEnum):
    """What is wrong, or could be better. docs/validation.md tells what each means."""

    # The rules of the schedule, which the database holds. Whoever restores a dump or edits by hand can break them.
    DOCTOR_DOUBLE_BOOKED = "doctor_double_booked"
    PATIENT_DOUBLE_BOOKED = "patient_double_booked"
    OUTSIDE_AVAILABILITY = "outside_availability"
    OFF_THE_HOUR = "off_the_hour"
    NOT_ONE_HOUR = "not_one_hour"
    HOUR_NOT_OCCUPIED = "hour_not_occupied"
    AVAILABILITIES_OVERLAP = "availabilities_overlap"
    AVAILABILITY_OUTSIDE_OPENINGS = "availability_outside_openings"
    OPENINGS_OVERLAP = "openings_overlap"
    PERIOD_MALFORMED = "period_malformed"
    TIMEZONE_CONTRADICTED = "timezone_contradicted"

    # All other rules that the database holds.
    RULE_MISSING = "rule_missing"
    RULE_ALTERED = "rule_altered"
    RULE_NOT_ENFORCED = "rule_not_enforced"
    ROW_BREAKS_RULE = "row_breaks_rule"
    SCHEMA_OUTDATED = "schema_outdated"
    OUTBOX_FROM_ELSEWHERE = "outbox_from_elsewhere"

    # Clocks and hours.
    HOUR_SHIFTED = "hour_shifted"
    AVAILABILITY_SHIFTED = "availability_shifted"
    CLOCKS_DISAGREE = "clocks_disagree"
    TIMEZONE_UNKNOWN = "timezone_unknown"
    OPENINGS_DIFFER = "openings_differ"
    HOURS_CHANGED = "hours_changed"
    OPENINGS_RUN_OUT = "openings_run_out"

    # People, requests and messages.
    DOCTOR_DEPARTED = "doctor_departed"
    PATIENT_DEPARTED = "patient_departed"
    REQUEST_STUCK = "request_stuck"
    REQUEST_EXPIRED = "request_expired"
    REQUEST_CONTRADICTED = "request_contradicted"
    RESCHEDULE_STUCK = "reschedule_stuck"
    MESSAGE_UNDELIVERED = "message_undelivered"
    CONFLICT_BOOKABLE = "conflict_bookable"

    # The validation itself.
    CHECK_FAILED = "check_failed"

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return _MILDER.get(self, Severity.ERROR)


_MILDER = {
    Code.OPENINGS_RUN_OUT: Severity.WARNING,
    Code.DOCTOR_DEPARTED: Severity.WARNING,
    Code.PATIENT_DEPARTED: Severity.WARNING,
    Code.REQUEST_STUCK: Severity.WARNING,
    Code.REQUEST_EXPIRED: Severity.WARNING,
    Code.REQUEST_CONTRADICTED: Severity.WARNING,
    Code.RESCHEDULE_STUCK: Severity.WARNING,
    Code.MESSAGE_UNDELIVERED: Severity.WARNING,
    Code.CONFLICT_BOOKABLE: Severity.NOTICE,
}
"""All others are errors."""
