"""What is kept, and for how long: of every table, as docs/operations.md shows it. `python -m tests.privacy.growth`
writes it there.

`BYTES` are of a row with its indexes and what updates leave behind, measured in a network of four hospitals with 80,000
hours that were asked for, planned and booked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
BEGINS, ENDS = "<!-- kept -->\n", "<!-- end of kept -->"

REAL = "as long as there are these things"


@dataclass(frozen=True, slots=True)
class Kept:
    """Tables that grow for one reason, what that is, and until when their rows are kept."""

    tables: tuple[str, ...]
    grows: str
    until: str


KEPT = (
    Kept(
        ("hospital", "operating_hours", "operating_exception", "turn"),
        "with hospitals; ten dated exceptions a year for each",
        REAL,
    ),
    Kept(
        ("app_user", "doctor", "doctor_specialty", "user_hospital", "account", "oidc_identity"),
        "with members of staff",
        REAL,
    ),
    Kept(("patient",), "with patients", "for good, or `slotwise patient erase`: the row stays, of nobody"),
    Kept(
        ("appointment", "former_hour"),
        "with hours that are booked, and moved",
        "`APPOINTMENTS_KEPT_DAYS` after the hour",
    ),
    Kept(
        ("availability", "opening"),
        "two or three a day for each doctor, one or two for each hospital",
        "`APPOINTMENTS_KEPT_DAYS` after they ended, once no booked appointment stands in them",
    ),
    Kept(
        ("booking_request", "booking_request_doctor", "booking_request_hospital", "booking_batch"),
        "with what is asked for",
        "as long as the appointment that came of it; others `REQUESTS_KEPT_DAYS` after they were decided, once their"
        " time is over; a batch as long as the last of its requests",
    ),
    Kept(
        ("conflict",),
        "with requests that could not be booked",
        "`CONFLICTS_KEPT_DAYS` after they were decided, once their time is over",
    ),
    Kept(
        ("planning_run",),
        "one for one to a thousand requests",
        "its proof, most of the row, `RUNS_KEPT_DAYS`; the rest as long as a request that it decided",
    ),
    Kept(
        ("reschedule", "rescheduled_appointment", "reschedule_event"),
        "with days that are lost",
        "problems and plans as files `RUNS_KEPT_DAYS`; one that moved an appointment as long as that, others"
        " `REQUESTS_KEPT_DAYS`",
    ),
    Kept(
        ("outbox_message", "delivery", "delivery_cursor"),
        "with every change of an appointment or a request, once more for each channel",
        "`EVENTS_KEPT_DAYS`, and not before they are told",
    ),
    Kept(("idempotency_key",), "with every POST that has one", "2 days"),
    Kept(
        ("validation_report", "sighting", "fragility", "hour_value", "finding"),
        "every night, with hospitals, the days ahead and their doctors",
        "`REPORTS_KEPT_DAYS`; a finding until it is gone and in no report",
    ),
    Kept(("sign_in",), "with every sign-in", "30 days after it was over"),
    Kept(("sign_in_failure", "oidc_attempt"), "with attempts to sign in", "1 day"),
    Kept(("one_time_code",), "one for each user at most", "until it is used or expires"),
    Kept(
        ("access_token", "access_token_hospital", "calendar_feed"),
        "with systems and telephones that are let in",
        "400 days after they were revoked or expired",
    ),
    Kept(
        ("audit_entry", "audit_detail", "audit_seal", "audit_unsealed"),
        "with every change, and with every patient that somebody is shown: about ten entries for an appointment, and a"
        " seal every `SWEEP_EVERY` seconds at most",
        "until `slotwise audit archive` has it",
    ),
    Kept(("audit_archive",), "one row for 20,000 entries", "for good: the chain goes on from it"),
)

BYTES: Mapping[str, int] = {
    "patient": 380,
    "appointment": 630,
    "former_hour": 180,
    "availability": 560,
    "opening": 390,
    "booking_request": 1160,
    "booking_request_doctor": 125,
    "booking_request_hospital": 120,
    "conflict": 1080,
    "planning_run": 810,
    "outbox_message": 470,
    "delivery": 290,
    "idempotency_key": 1170,
    "audit_entry": 670,
    "audit_detail": 240,
    "audit_seal": 190,
}


def as_markdown() -> str:
    """One line for each kind."""
    lines = ["| tables (bytes a row) | grow | are kept |", "| --- | --- | --- |", *map(_line, KEPT)]
    return "\n".join(lines) + "\n"


def shown() -> str:
    """The table that the document has."""
    return OPERATIONS.read_text(encoding="utf-8").partition(BEGINS)[2].partition(ENDS)[0]


def _line(kept: Kept) -> str:
    tables = ", ".join(f"`{each}`" + (f" ({BYTES[each]:,})" if each in BYTES else "") for each in kept.tables)
    return f"| {tables} | {kept.grows} | {kept.until} |"


if __name__ == "__main__":
    text = OPERATIONS.read_text(encoding="utf-8")
    before, after = text.partition(BEGINS)[0], text.partition(ENDS)[2]
    OPERATIONS.write_text(f"{before}{BEGINS}{as_markdown()}{ENDS}{after}", encoding="utf-8")
