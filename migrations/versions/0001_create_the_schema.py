"""Create the schema: tables, keys, checks, and the scheduling rules as temporal constraints."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


WHOLE_PERIOD = (
    "NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)"
    " AND isfinite(lower(during)) AND isfinite(upper(during))"
)
AFTER_MIDNIGHT = "(hours * '{[1440,2880)}'::int4multirange)"
START_ON_THEIR_DAY = (
    f"isempty{AFTER_MIDNIGHT} OR (hours @> 1439 AND lower{AFTER_MIDNIGHT} = 1440"
    f" AND int4multirange(range_merge{AFTER_MIDNIGHT}) = {AFTER_MIDNIGHT})"
)


RULES = (
    ("opening", "opening_no_overlap", "UNIQUE (hospital_id, during WITHOUT OVERLAPS)"),
    ("availability", "availability_one_place_at_a_time", "UNIQUE (doctor_id, during WITHOUT OVERLAPS)"),
    ("availability", "availability_by_hospital", "UNIQUE (doctor_id, hospital_id, during WITHOUT OVERLAPS)"),
    (
        "availability",
        "availability_within_openings",
        "FOREIGN KEY (hospital_id, PERIOD during) REFERENCES opening (hospital_id, PERIOD during) DEFERRABLE",
    ),
    ("appointment", "appointment_doctor_free", "UNIQUE (doctor_id, occupies WITHOUT OVERLAPS)"),
    ("appointment", "appointment_patient_free", "UNIQUE (patient_id, occupies WITHOUT OVERLAPS)"),
    (
        "appointment",
        "appointment_within_availability",
        (
            "FOREIGN KEY (doctor_id, hospital_id, PERIOD occupies)"
            " REFERENCES availability (doctor_id, hospital_id, PERIOD during) DEFERRABLE"
        ),
    ),
)

TABLES = (
    "conflict",
    "booking_request_hospital",
    "booking_request_doctor",
    "booking_request",
    "appointment",
    "availability",
    "doctor_specialty",
    "doctor",
    "app_user",
    "patient",
    "opening",
    "operating_exception",
    "operating_hours",
    "hospital",
    "planning_run",
    "booking_batch",
    "outbox_message",
    "idempotency_key",
)


class TransactionId(UserDefinedType[int]):
    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "app_user",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "doctor",
                "staff",
                "admin",
                "service",
                name="role_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="app_user_key"),
        sa.UniqueConstraint("external_id", name="app_user_external_id_unique"),
        sa.UniqueConstraint("id", "role", name="app_user_id_role_unique"),
    )
    op.create_table(
        "booking_batch",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="booking_batch_key"),
    )
    op.create_table(
        "hospital",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("external_id", sa.String(), server_default=sa.text("(uuidv7())::text"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("projected_until", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "('2000-01-01 00:00+00'::timestamptz AT TIME ZONE timezone) IS NOT NULL", name="timezone_known"
        ),
        sa.PrimaryKeyConstraint("id", name="hospital_key"),
        sa.UniqueConstraint("external_id", name="hospital_external_id_unique"),
        sa.UniqueConstraint("id", "timezone", name="hospital_id_timezone_unique"),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("route", "key", name="idempotency_key_key"),
    )
    op.create_index("idempotency_key_created_at_index", "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction_id", TransactionId(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="outbox_message_key"),
    )
    op.create_index("outbox_message_created_at_index", "outbox_message", ["created_at"], unique=False)
    op.create_index("outbox_message_transaction_id_id_index", "outbox_message", ["transaction_id", "id"], unique=False)
    op.create_table(
        "patient",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="patient_key"),
        sa.UniqueConstraint("external_id", name="patient_external_id_unique"),
    )
    op.create_table(
        "planning_run",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("fencing_token", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "planning",
                "committed",
                "expired",
                "failed",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="planning",
            nullable=False,
        ),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("booked", sa.Integer(), nullable=True),
        sa.Column("conflicts", sa.Integer(), nullable=True),
        sa.Column("requeued", sa.Integer(), nullable=True),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint("(status = 'planning') = (finished_at IS NULL)", name="finished_once_let_go"),
        sa.PrimaryKeyConstraint("id", name="planning_run_key"),
        sa.UniqueConstraint("fencing_token", name="planning_run_fencing_token_unique"),
    )
    op.create_index(
        "planning_run_lease_expires_at_index",
        "planning_run",
        ["lease_expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'planning'"),
    )
    op.create_table(
        "doctor",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=32), sa.Computed("'doctor'", persisted=True), nullable=False),
        sa.ForeignKeyConstraint(["id", "role"], ["app_user.id", "app_user.role"], name="doctor_id_role_exists"),
        sa.PrimaryKeyConstraint("id", name="doctor_key"),
    )
    op.create_table(
        "opening",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint(
            WHOLE_PERIOD,
            name="period_whole",
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name="opening_hospital_id_exists", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="opening_key"),
    )
    op.create_table(
        "operating_exception",
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("hours", postgresql.INT4MULTIRANGE(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint("hours <@ '{[0,2880)}'::int4multirange", name="within_two_days"),
        sa.CheckConstraint(
            START_ON_THEIR_DAY,
            name="start_on_their_day",
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name="operating_exception_hospital_id_exists", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hospital_id", "date", name="operating_exception_key"),
    )
    op.create_table(
        "operating_hours",
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("hours", postgresql.INT4MULTIRANGE(), nullable=False),
        sa.CheckConstraint("hours <@ '{[0,2880)}'::int4multirange", name="within_two_days"),
        sa.CheckConstraint(
            START_ON_THEIR_DAY,
            name="start_on_their_day",
        ),
        sa.CheckConstraint("NOT isempty(hours)", name="not_empty"),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_known"),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name="operating_hours_hospital_id_exists", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hospital_id", "weekday", name="operating_hours_key"),
    )
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "booked",
                "cancelled",
                "completed",
                "no_show",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="booked",
            nullable=False,
        ),
        sa.Column(
            "occupies",
            postgresql.TSTZRANGE(),
            sa.Computed("CASE WHEN status = 'booked' THEN during END", persisted=True),
            nullable=True,
        ),
        sa.Column("booking_request_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            f"{WHOLE_PERIOD} AND upper(during) - lower(during) = interval '60 minutes'",
            name="lasts_one_hour",
        ),
        sa.CheckConstraint(
            "date_trunc('hour', lower(during) AT TIME ZONE timezone) = lower(during) AT TIME ZONE timezone",
            name="starts_on_the_hour",
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.id"], name="appointment_doctor_id_exists"),
        sa.ForeignKeyConstraint(
            ["hospital_id", "timezone"],
            ["hospital.id", "hospital.timezone"],
            name="appointment_hospital_id_timezone_exists",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="appointment_patient_id_exists"),
        sa.PrimaryKeyConstraint("id", name="appointment_key"),
        sa.UniqueConstraint("booking_request_id", name="appointment_booking_request_id_unique"),
    )
    op.create_index(
        "appointment_doctor_id_during_index",
        "appointment",
        ["doctor_id", "during"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index(
        "appointment_hospital_id_during_index",
        "appointment",
        ["hospital_id", "during"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index("appointment_patient_id_index", "appointment", ["patient_id"], unique=False)
    op.create_table(
        "availability",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            WHOLE_PERIOD,
            name="period_whole",
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.id"], name="availability_doctor_id_exists"),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name="availability_hospital_id_exists"),
        sa.PrimaryKeyConstraint("id", name="availability_key"),
    )
    op.create_index(
        "availability_hospital_id_during_index",
        "availability",
        ["hospital_id", "during"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_table(
        "doctor_specialty",
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("specialty", sa.String(), nullable=False),
        sa.CheckConstraint("specialty <> '' AND specialty = lower(specialty)", name="in_lower_case"),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctor.id"], name="doctor_specialty_doctor_id_exists", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("doctor_id", "specialty", name="doctor_specialty_key"),
    )
    op.create_index("doctor_specialty_specialty_index", "doctor_specialty", ["specialty"], unique=False)
    op.create_table(
        "booking_request",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column(
            "priority",
            sa.Enum(
                "urgent", "soon", "routine", name="priority_known", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("specialty", sa.String(), nullable=True),
        sa.Column("earliest", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latest", sa.DateTime(timezone=True), nullable=False),
        sa.Column("preferred", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moves", sa.Uuid(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("batch_line", sa.Integer(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "planning",
                "booked",
                "conflict",
                "cancelled",
                "failed",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="queued",
            nullable=False,
        ),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("planning_run_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.CheckConstraint("(status = 'failed') = (failure IS NOT NULL)", name="failed_with_a_reason"),
        sa.CheckConstraint("(status IN ('queued', 'planning')) = (decided_at IS NULL)", name="decided_once_decided"),
        sa.CheckConstraint("status <> 'planning' OR planning_run_id IS NOT NULL", name="planned_by_a_run"),
        sa.CheckConstraint("status <> 'queued' OR planning_run_id IS NULL", name="queued_for_any_run"),
        sa.CheckConstraint("earliest <= latest", name="window_runs_forward"),
        sa.ForeignKeyConstraint(["batch_id"], ["booking_batch.id"], name="booking_request_batch_id_exists"),
        sa.ForeignKeyConstraint(["moves"], ["appointment.id"], name="booking_request_moves_exists"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="booking_request_patient_id_exists"),
        sa.ForeignKeyConstraint(
            ["planning_run_id"], ["planning_run.id"], name="booking_request_planning_run_id_exists"
        ),
        sa.PrimaryKeyConstraint("id", name="booking_request_key"),
    )
    op.create_index(
        "booking_request_batch_id_batch_line_index", "booking_request", ["batch_id", "batch_line"], unique=False
    )
    op.create_index(
        "booking_request_moves_one_at_a_time",
        "booking_request",
        ["moves"],
        unique=True,
        postgresql_where=sa.text("status IN ('queued', 'planning')"),
    )
    op.create_index("booking_request_patient_id_index", "booking_request", ["patient_id"], unique=False)
    op.create_index("booking_request_planning_run_id_index", "booking_request", ["planning_run_id"], unique=False)
    op.create_index(
        "booking_request_queue_index",
        "booking_request",
        ["attempts", "queued_at"],
        unique=False,
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index("booking_request_status_id_index", "booking_request", ["status", "id"], unique=False)
    op.create_table(
        "booking_request_doctor",
        sa.Column("booking_request_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_request_id"],
            ["booking_request.id"],
            name="booking_request_doctor_booking_request_id_exists",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.id"], name="booking_request_doctor_doctor_id_exists"),
        sa.PrimaryKeyConstraint("booking_request_id", "doctor_id", name="booking_request_doctor_key"),
    )
    op.create_index("booking_request_doctor_doctor_id_index", "booking_request_doctor", ["doctor_id"], unique=False)
    op.create_table(
        "booking_request_hospital",
        sa.Column("booking_request_id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_request_id"],
            ["booking_request.id"],
            name="booking_request_hospital_booking_request_id_exists",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name="booking_request_hospital_hospital_id_exists"),
        sa.PrimaryKeyConstraint("booking_request_id", "hospital_id", name="booking_request_hospital_key"),
    )
    op.create_index(
        "booking_request_hospital_hospital_id_index", "booking_request_hospital", ["hospital_id"], unique=False
    )
    op.create_table(
        "conflict",
        sa.Column("booking_request_id", sa.Uuid(), nullable=False),
        sa.Column("planning_run_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "hospital_closed",
                "no_availability",
                "hours_taken",
                "patient_busy",
                "outcompeted",
                name="kind_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("certificate", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("alternatives", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_request_id"],
            ["booking_request.id"],
            name="conflict_booking_request_id_exists",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["planning_run_id"], ["planning_run.id"], name="conflict_planning_run_id_exists"),
        sa.PrimaryKeyConstraint("booking_request_id", name="conflict_key"),
    )
    op.create_index("conflict_kind_index", "conflict", ["kind"], unique=False)
    op.create_index("conflict_planning_run_id_index", "conflict", ["planning_run_id"], unique=False)
    op.create_foreign_key(
        "appointment_booking_request_id_exists",
        "appointment",
        "booking_request",
        ["booking_request_id"],
        ["id"],
        ondelete="SET NULL",
    )
    for table, name, definition in RULES:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def downgrade() -> None:
    op.execute("ALTER TABLE appointment DROP CONSTRAINT appointment_booking_request_id_exists")
    for table in TABLES:
        op.drop_table(table)
