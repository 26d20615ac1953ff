"""What the audit leaves out, table by table and column by column: nothing is left out by forgetting it."""

from models.audit.told import BY_THEMSELVES, ROWS, TOGETHER
from models.tables import Base

NOT_TOLD = {
    # The audit itself
    *("audit_entry", "audit_detail", "audit_unsealed", "audit_seal", "audit_archive"),
    # What follows from something that is told
    *("opening", "former_hour", "rescheduled_appointment", "reschedule_event"),
    # What planners, workers and nights write for themselves
    *("planning_run", "turn", "conflict", "validation_report", "sighting", "fragility", "hour_value"),
    # What is kept for a while, for other systems and for people on their way in
    *("outbox_message", "delivery_cursor", "idempotency_key", "oidc_attempt"),
}
COLUMNS_NOT_TOLD = {
    "access_token": {"secret_sha256", "created_at", "last_used_at"},
    "account": {"password_hash", "created_at"},
    "app_user": {"updated_at"},
    "appointment": {"timezone", "occupies", "version", "created_at", "local_start"},
    "availability": {"version", "created_at", "local_start", "local_end"},
    "booking_batch": {"created_at", "created_by"},
    "booking_request": {
        *("attempts", "planning_run_id", "created_at", "queued_at", "decided_at", "created_by", "asked_in", "share")
    },
    "calendar_feed": {"token_sha256", "created_at", "last_read_at", "content_sha256", "content_since"},
    "delivery": {"message_id", "attempts", "next_attempt_at", "last_error", "delivered_at", "created_at"},
    "doctor": {"role"},
    "finding": {
        *("key", "code", "severity", "entities", "message", "facts", "remedy"),
        *("first_seen_at", "last_seen_at", "gone_at"),
    },
    "hospital": {"projected_until", "version", "created_at"},
    "oidc_identity": {"created_at"},
    "one_time_code": {"code_sha256"},
    "reschedule": {
        *("stage", "attempts", "fencing_token", "worker", "lease_expires_at", "plan", "extra_hours", "problem_json"),
        *("plan_json", "changes", "created_at", "planned_at", "version", "created_by"),
    },
}


def test_every_table_is_told_of_or_named_as_one_that_is_not():
    told = {each.table for each in (*ROWS, *TOGETHER)} | BY_THEMSELVES.keys()
    assert told | NOT_TOLD == set(Base.metadata.tables)
    assert not told & NOT_TOLD


def test_so_is_every_column():
    left_out = {}
    for told in (*ROWS, *TOGETHER):
        whole = {told.whole} if told in TOGETHER else set()
        columns = whole | {each.rpartition(" AS ")[2] for each in told.columns}
        if others := {column.name for column in Base.metadata.tables[told.table].columns} - columns:
            left_out[told.table] = others
    assert left_out == COLUMNS_NOT_TOLD
