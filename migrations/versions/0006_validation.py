"""Validate every night: reports and findings, and what the clock was going to show."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


NOTE_WALL_CLOCK = """
CREATE FUNCTION note_wall_clock() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    zone text;
BEGIN
    IF TG_TABLE_NAME = 'appointment' THEN
        NEW.local_start := lower(NEW.during) AT TIME ZONE NEW.timezone;
    ELSE
        SELECT timezone INTO zone FROM hospital WHERE id = NEW.hospital_id;
        NEW.local_start := lower(NEW.during) AT TIME ZONE zone;
        NEW.local_end := upper(NEW.during) AT TIME ZONE zone;
    END IF;
    RETURN NEW;
END
$$
"""
WHOLE_PERIOD = "NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)"
FINITE = " AND isfinite(lower(during)) AND isfinite(upper(during))"
WITH_AN_END = f" AND NOT upper_inf(during){FINITE}"
ONE_HOUR = " AND upper(during) - lower(during) = interval '60 minutes'"
PERIODS = (
    ("opening", "period_whole", ""),
    ("availability", "period_whole", ""),
    ("rescheduled_appointment", "period_whole", ""),
    ("appointment", "lasts_one_hour", ONE_HOUR),
)
NOTED = ("appointment", "availability")


def upgrade() -> None:
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column(
            "code",
            sa.Enum(
                "doctor_double_booked",
                "patient_double_booked",
                "outside_availability",
                "off_the_hour",
                "not_one_hour",
                "hour_not_occupied",
                "availabilities_overlap",
                "availability_outside_openings",
                "openings_overlap",
                "period_malformed",
                "timezone_contradicted",
                "rule_missing",
                "rule_altered",
                "rule_not_enforced",
                "row_breaks_rule",
                "schema_outdated",
                "outbox_from_elsewhere",
                "hour_shifted",
                "availability_shifted",
                "clocks_disagree",
                "timezone_unknown",
                "openings_differ",
                "hours_changed",
                "openings_run_out",
                "doctor_departed",
                "patient_departed",
                "request_stuck",
                "request_expired",
                "request_contradicted",
                "reschedule_stuck",
                "message_undelivered",
                "conflict_bookable",
                "check_failed",
                name="code_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "severity",
            sa.Enum(
                "error",
                "warning",
                "notice",
                name="severity_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("hospitals", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("entities", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("remedy", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("remedied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_because", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(acknowledged_until IS NULL) = (acknowledged_because IS NULL)",
            name=op.f("finding_acknowledged_with_a_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("finding_key")),
    )
    op.create_index(op.f("finding_hospitals_index"), "finding", ["hospitals"], unique=False, postgresql_using="gin")
    op.create_index(
        "finding_standing_index",
        "finding",
        ["severity", "id"],
        unique=False,
        postgresql_where=sa.text("gone_at IS NULL"),
    )
    op.create_index("finding_stands_once", "finding", ["key"], unique=True, postgresql_where=sa.text("gone_at IS NULL"))
    op.create_table(
        "validation_report",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=True),
        sa.Column("night", sa.Date(), nullable=True),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "running",
                "finished",
                "failed",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="queued",
            nullable=False,
        ),
        sa.Column("step", sa.String(), nullable=True),
        sa.Column("position", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("unchecked", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fencing_token", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'failed') = (failure IS NOT NULL)", name=op.f("validation_report_failed_with_a_reason")
        ),
        sa.CheckConstraint(
            "(status = 'running') = (lease_expires_at IS NOT NULL)", name=op.f("validation_report_leased_while_running")
        ),
        sa.CheckConstraint(
            "(status IN ('finished', 'failed')) = (finished_at IS NOT NULL)",
            name=op.f("validation_report_finished_once_finished"),
        ),
        sa.CheckConstraint(
            "night IS NULL OR hospital_id IS NOT NULL", name=op.f("validation_report_night_of_a_hospital")
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name=op.f("validation_report_hospital_id_exists"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("validation_report_key")),
    )
    op.create_index("validation_report_once_a_night", "validation_report", ["hospital_id", "night"], unique=True)
    op.create_index(op.f("validation_report_status_id_index"), "validation_report", ["status", "id"], unique=False)
    op.create_table(
        "fragility",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=True),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("appointments", sa.Integer(), nullable=False),
        sa.Column("replaceable", sa.Integer(), nullable=False),
        sa.Column("stranded", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("proved", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "NOT proved OR coalesce(array_length(stranded, 1), 0) = appointments - replaceable",
            name=op.f("fragility_others_stranded"),
        ),
        sa.CheckConstraint("replaceable BETWEEN 0 AND appointments", name=op.f("fragility_replaceable_of_them")),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctor.id"], name=op.f("fragility_doctor_id_exists"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name=op.f("fragility_hospital_id_exists"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["validation_report.id"], name=op.f("fragility_report_id_exists"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("fragility_key")),
    )
    op.create_index(
        "fragility_day_once",
        "fragility",
        ["report_id", "hospital_id", "date", "doctor_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "hour_value",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("specialty", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("books", sa.SmallInteger(), nullable=False),
        sa.Column(
            "priority",
            sa.Enum(
                "urgent", "soon", "routine", name="priority_known", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("doctor_id", sa.Uuid(), nullable=True),
        sa.Column("start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proved", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(books > 0) = (priority IS NOT NULL)", name=op.f("hour_value_books_of_a_priority")),
        sa.CheckConstraint("(doctor_id IS NULL) = (start IS NULL)", name=op.f("hour_value_hour_whole")),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctor.id"], name=op.f("hour_value_doctor_id_exists"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name=op.f("hour_value_hospital_id_exists"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["validation_report.id"], name=op.f("hour_value_report_id_exists"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("hour_value_key")),
    )
    op.create_index("hour_value_once", "hour_value", ["report_id", "hospital_id", "specialty", "date"], unique=True)
    op.create_table(
        "sighting",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column(
            "change",
            sa.Enum(
                "new", "standing", "gone", name="change_known", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["finding.id"], name=op.f("sighting_finding_id_exists"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["validation_report.id"], name=op.f("sighting_report_id_exists"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("report_id", "finding_id", name=op.f("sighting_key")),
    )
    op.create_index(op.f("sighting_finding_id_index"), "sighting", ["finding_id"], unique=False)
    op.add_column(
        "appointment", sa.Column("local_start", sa.DateTime(), server_default=sa.FetchedValue(), nullable=True)
    )
    op.add_column(
        "availability", sa.Column("local_start", sa.DateTime(), server_default=sa.FetchedValue(), nullable=True)
    )
    op.add_column(
        "availability", sa.Column("local_end", sa.DateTime(), server_default=sa.FetchedValue(), nullable=True)
    )
    check_periods(WITH_AN_END)
    # By today's time-zone database: what people were told before is not known any better.
    op.execute("UPDATE appointment SET local_start = lower(during) AT TIME ZONE timezone")
    op.execute(
        "UPDATE availability SET local_start = lower(during) AT TIME ZONE hospital.timezone,"
        " local_end = upper(during) AT TIME ZONE hospital.timezone"
        " FROM hospital WHERE hospital.id = availability.hospital_id"
    )
    op.execute(NOTE_WALL_CLOCK)
    for table in NOTED:
        op.execute(
            f"CREATE TRIGGER {table}_wall_clock_noted_insert BEFORE INSERT ON {table} FOR EACH ROW"
            " EXECUTE FUNCTION note_wall_clock()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_wall_clock_noted_update BEFORE UPDATE ON {table} FOR EACH ROW"
            " WHEN ((OLD.during, OLD.hospital_id) IS DISTINCT FROM (NEW.during, NEW.hospital_id))"
            " EXECUTE FUNCTION note_wall_clock()"
        )


def check_periods(finite: str) -> None:
    """A period without an end used to pass: whether that is finite is neither true nor false."""
    for table, name, more in PERIODS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_{name} CHECK ({WHOLE_PERIOD}{finite}{more})")


def downgrade() -> None:
    check_periods(FINITE)
    for table in NOTED:
        for when in ("insert", "update"):
            op.execute(f"DROP TRIGGER {table}_wall_clock_noted_{when} ON {table}")
    op.execute("DROP FUNCTION note_wall_clock")
    op.drop_column("availability", "local_end")
    op.drop_column("availability", "local_start")
    op.drop_column("appointment", "local_start")
    for table in ("sighting", "hour_value", "fragility", "validation_report", "finding"):
        op.drop_table(table)
