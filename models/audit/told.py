"""What the audit tells of each table: of which changes, and with which columns.

Left out are digests of secrets, what planners and workers note for themselves (leases, attempts, blobs), and what
follows from other columns. `tests/models/test_audit_tables.py` names every table and column that is left out.
"""

from dataclasses import dataclass

EVERY = ("insert", "update", "delete")

_LOOKED_AT = "CASE status WHEN 'planning' THEN 'queued' ELSE status END AS status"
"""That a worker is looking at something just now is nothing that happened to it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a table's rows, one entry for each.

    `columns` are SQL expressions, the first of them the `key`; `ids` those columns that hold ids, and `id_lists` those
    that hold lists of them.
    """

    table: str
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    id_lists: tuple[str, ...] = ()
    key: tuple[str, ...] = ("id",)
    changes: tuple[str, ...] = EVERY


@dataclass(frozen=True, slots=True)
class ToldTogether:
    """What is told of rows that are parts of something: one entry for each `whole` that a statement changes."""

    table: str
    whole: str
    columns: tuple[str, ...]
    ids: tuple[str, ...] = ()


ROWS = (
    Told("hospital", ("id", "external_id", "name", "timezone"), ("id",)),
    Told(
        "operating_exception",
        ("hospital_id", "date", "hours", "reason"),
        ("hospital_id",),
        key=("hospital_id", "date"),
    ),
    Told("app_user", ("id", "external_id", "name", "email", "role", "active"), ("id",)),
    Told("doctor", ("id",), ("id",)),
    Told(
        "availability",
        ("id", "doctor_id", "hospital_id", "during"),
        ("id", "doctor_id", "hospital_id"),
    ),
    Told(
        "appointment",
        ("id", "patient_id", "doctor_id", "hospital_id", "during", "status", "booking_request_id"),
        ("id", "patient_id", "doctor_id", "hospital_id", "booking_request_id"),
    ),
    Told(
        "booking_request",
        (
            *("id", "patient_id", "priority", "specialty", "earliest", "latest", "preferred", "moves"),
            *("batch_id", "batch_line", _LOOKED_AT, "failure"),
        ),
        ("id", "patient_id", "moves", "batch_id"),
    ),
    Told("booking_batch", ("id", "label", "size"), ("id",)),
    Told(
        "reschedule",
        (
            *("id", "cause", "label", "what_if", "dry_run", "scope", "policy", "replaces"),
            *(_LOOKED_AT, "failure", "hospitals"),
        ),
        ("id", "replaces"),
        id_lists=("hospitals",),
    ),
    Told(
        "calendar_feed",
        ("id", "doctor_id", "label", "revoked_at", "hospitals"),
        ("id", "doctor_id"),
        id_lists=("hospitals",),
    ),
    Told(  # that it was acknowledged or remedied: what the nights find is theirs
        "finding",
        ("id", "hospitals", "acknowledged_until", "acknowledged_because", "remedied_at"),
        ("id",),
        id_lists=("hospitals",),
        changes=("update",),
    ),
    Told(  # that it was given up, or taken up again
        "delivery",
        ("id", "channel", "appointment_id", "CASE status WHEN 'dead' THEN 'dead' ELSE 'pending' END AS status"),
        ("id", "appointment_id"),
        changes=("update",),
    ),
    Told("account", ("user_id", "password_set_at"), ("user_id",), key=("user_id",)),
    Told(
        "one_time_code",
        ("user_id", "sets_password", "expires_at", "created_at"),
        ("user_id",),
        key=("user_id",),
        changes=("insert", "update"),
    ),
    Told("oidc_identity", ("issuer", "subject", "user_id"), ("user_id",), key=("issuer", "subject")),
    Told("access_token", ("id", "name", "prefix", "scopes", "everywhere", "expires_at", "revoked_at"), ("id",)),
)

TOGETHER = (
    ToldTogether("operating_hours", "hospital_id", ("weekday", "hours")),
    ToldTogether("doctor_specialty", "doctor_id", ("specialty",)),
    ToldTogether("booking_request_doctor", "booking_request_id", ("doctor_id", "position"), ("doctor_id",)),
    ToldTogether("booking_request_hospital", "booking_request_id", ("hospital_id",), ("hospital_id",)),
    ToldTogether("user_hospital", "user_id", ("hospital_id",), ("hospital_id",)),
    ToldTogether("access_token_hospital", "token_id", ("hospital_id",), ("hospital_id",)),
)

BY_THEMSELVES = {
    "patient": EVERY,
    "sign_in": ("insert", "update"),
    "sign_in_failure": ("insert",),
}
"""Tables of which functions of their own tell (`models.audit.functions`), and of which of their changes."""

_LONG = "interval '30 days'"
FORGOTTEN = {
    "appointment": f"upper(o.during) < now() - {_LONG}",
    "availability": f"upper(o.during) < now() - {_LONG}",
    "booking_request": f"o.decided_at < now() - {_LONG}",
    "booking_request_doctor": f"uuid_extract_timestamp(o.booking_request_id) < now() - {_LONG}",
    "booking_request_hospital": f"uuid_extract_timestamp(o.booking_request_id) < now() - {_LONG}",
    "booking_batch": f"o.created_at < now() - {_LONG}",
    "reschedule": f"o.created_at < now() - {_LONG} AND o.status NOT IN ('queued', 'planning')",
    "calendar_feed": f"o.revoked_at < now() - {_LONG}",
    "access_token": f"least(o.revoked_at, o.expires_at) < now() - {_LONG}",
    "access_token_hospital": f"uuid_extract_timestamp(o.token_id) < now() - {_LONG}",
}
"""By table: which of its rows `o` may be forgotten (`models.privacy`): they are told of together, by their number.

What is older goes without a word about each, so nobody who is let in as the application can make what they did just now
disappear by it.
"""
