"""Reschedule in bulk, and keep the hours that appointments had before."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEEP_FORMER_HOUR = """
CREATE FUNCTION keep_former_hour() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO former_hour (appointment_id, doctor_id, hospital_id, during, reschedule_id)
    VALUES (OLD.id, OLD.doctor_id, OLD.hospital_id, OLD.during,
            nullif(current_setting('slotwise.reschedule', true), '')::uuid);
    RETURN NULL;
END
$$
"""
FORMER_HOUR_KEPT = """
CREATE TRIGGER former_hour_kept AFTER UPDATE ON appointment FOR EACH ROW
WHEN ((OLD.doctor_id, OLD.hospital_id, OLD.during) IS DISTINCT FROM (NEW.doctor_id, NEW.hospital_id, NEW.during))
EXECUTE FUNCTION keep_former_hour()
"""


def upgrade() -> None:
    op.create_table(
        "reschedule",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "doctor_unavailable",
                "hospital_closed",
                "hours_changed",
                "room",
                "appointments",
                name="cause_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("what_if", sa.Boolean(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("scope", postgresql.JSONB(), nullable=False),
        sa.Column("policy", postgresql.JSONB(), nullable=False),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "planning",
                "proposed",
                "applied",
                "discarded",
                "failed",
                "undone",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="queued",
            nullable=False,
        ),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fencing_token", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("plan", postgresql.JSONB(), nullable=True),
        sa.Column("extra_hours", postgresql.JSONB(), nullable=True),
        sa.Column("problem_json", sa.LargeBinary(), nullable=True),
        sa.Column("plan_json", sa.LargeBinary(), nullable=True),
        sa.Column("changes", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("(status = 'failed') = (failure IS NOT NULL)", name=op.f("reschedule_failed_with_a_reason")),
        sa.CheckConstraint(
            "(status = 'planning') = (lease_expires_at IS NOT NULL)", name=op.f("reschedule_leased_while_planning")
        ),
        sa.CheckConstraint(
            "(status IN ('applied', 'undone')) = (changes IS NOT NULL)",
            name=op.f("reschedule_applied_with_its_changes"),
        ),
        sa.CheckConstraint(
            "NOT what_if OR status NOT IN ('applied', 'undone')", name=op.f("reschedule_what_if_changes_nothing")
        ),
        sa.ForeignKeyConstraint(["replaces"], ["reschedule.id"], name=op.f("reschedule_replaces_exists")),
        sa.PrimaryKeyConstraint("id", name=op.f("reschedule_key")),
    )
    op.create_index(op.f("reschedule_status_id_index"), "reschedule", ["status", "id"], unique=False)
    op.create_table(
        "reschedule_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("reschedule_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "planning",
                "proposed",
                "applied",
                "discarded",
                "failed",
                "undone",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("detail", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reschedule_id"], ["reschedule.id"], name=op.f("reschedule_event_reschedule_id_exists"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("reschedule_event_key")),
    )
    op.create_index(
        op.f("reschedule_event_reschedule_id_id_index"), "reschedule_event", ["reschedule_id", "id"], unique=False
    )
    op.create_table(
        "former_hour",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reschedule_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("former_hour_appointment_id_exists"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.id"], name=op.f("former_hour_doctor_id_exists")),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("former_hour_hospital_id_exists")),
        sa.ForeignKeyConstraint(["reschedule_id"], ["reschedule.id"], name=op.f("former_hour_reschedule_id_exists")),
        sa.PrimaryKeyConstraint("id", name=op.f("former_hour_key")),
    )
    op.create_index(op.f("former_hour_appointment_id_id_index"), "former_hour", ["appointment_id", "id"], unique=False)
    op.create_index(
        op.f("former_hour_reschedule_id_index"),
        "former_hour",
        ["reschedule_id"],
        unique=False,
        postgresql_where=sa.text("reschedule_id IS NOT NULL"),
    )
    op.create_table(
        "rescheduled_appointment",
        sa.Column("reschedule_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("displaced", sa.Boolean(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column(
            "priority",
            sa.Enum(
                "urgent", "soon", "routine", name="priority_known", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("moved_before", sa.Boolean(), nullable=False),
        sa.Column("appointment_version", sa.Integer(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("to_doctor_id", sa.Uuid(), nullable=True),
        sa.Column("to_hospital_id", sa.Uuid(), nullable=True),
        sa.Column("to_during", postgresql.TSTZRANGE(), nullable=True),
        sa.Column(
            "conflict_kind",
            sa.Enum(
                "hospital_closed",
                "no_availability",
                "hours_taken",
                "patient_busy",
                "outcompeted",
                name="conflict_kind_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("conflict", postgresql.JSONB(), nullable=True),
        sa.Column(
            "fate",
            sa.Enum(
                "moved", "cancelled", "left", name="fate_known", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.CheckConstraint(
            "fate <> 'moved' OR to_during IS NOT NULL", name=op.f("rescheduled_appointment_moved_somewhere")
        ),
        sa.CheckConstraint(
            "(to_doctor_id IS NULL) = (to_hospital_id IS NULL) AND (to_doctor_id IS NULL) = (to_during IS NULL)",
            name=op.f("rescheduled_appointment_goes_somewhere_or_nowhere"),
        ),
        sa.CheckConstraint(
            "NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)"
            " AND isfinite(lower(during)) AND isfinite(upper(during))",
            name=op.f("rescheduled_appointment_period_whole"),
        ),
        sa.CheckConstraint(
            "displaced OR to_during IS NOT NULL", name=op.f("rescheduled_appointment_makes_room_by_moving")
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
            name=op.f("rescheduled_appointment_appointment_id_exists"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.id"], name=op.f("rescheduled_appointment_doctor_id_exists")),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name=op.f("rescheduled_appointment_hospital_id_exists")
        ),
        sa.ForeignKeyConstraint(
            ["reschedule_id"],
            ["reschedule.id"],
            name=op.f("rescheduled_appointment_reschedule_id_exists"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["to_doctor_id"], ["doctor.id"], name=op.f("rescheduled_appointment_to_doctor_id_exists")
        ),
        sa.ForeignKeyConstraint(
            ["to_hospital_id"], ["hospital.id"], name=op.f("rescheduled_appointment_to_hospital_id_exists")
        ),
        sa.PrimaryKeyConstraint("reschedule_id", "appointment_id", name=op.f("rescheduled_appointment_key")),
    )
    op.create_index(
        op.f("rescheduled_appointment_appointment_id_index"),
        "rescheduled_appointment",
        ["appointment_id"],
        unique=False,
    )
    op.create_index(
        "rescheduled_appointment_held_once",
        "rescheduled_appointment",
        ["appointment_id"],
        unique=True,
        postgresql_where=sa.text("held"),
    )
    op.execute(KEEP_FORMER_HOUR)
    op.execute(FORMER_HOUR_KEPT)


def downgrade() -> None:
    op.execute("DROP TRIGGER former_hour_kept ON appointment")
    op.execute("DROP FUNCTION keep_former_hour")
    for table in ("rescheduled_appointment", "former_hour", "reschedule_event", "reschedule"):
        op.drop_table(table)
