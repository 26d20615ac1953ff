"""Bound what grows: let the audit be archived, let records be forgotten, and find what is over by an index.

What the audit's functions do is a frozen copy of `models.audit` as it was.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

APPLICATION = "slotwise_app"

AS_OWNER = "SECURITY DEFINER SET search_path TO public, pg_temp SET timezone TO 'UTC' SET datestyle TO 'ISO'"
WHO = "nullif(current_setting('slotwise.actor', true), '')::jsonb"
COLUMNS = "actor_kind, actor_id, actor_name, request_id, address, action, kind, subjects, before, after"
ACTOR = """coalesce(who ->> 'kind', 'database'), (who ->> 'id')::uuid, coalesce(who ->> 'name', session_user),
            who ->> 'request_id', who ->> 'address'"""

FORGET = f"""
CREATE FUNCTION audit_forgotten() RETURNS trigger LANGUAGE plpgsql {AS_OWNER} AS $$
DECLARE
    who jsonb := {WHO};
    gone bigint;
    over bigint;
BEGIN
    EXECUTE format('SELECT count(*), count(*) FILTER (WHERE %s) FROM before_rows AS o', TG_ARGV[0]) INTO gone, over;
    IF gone > over THEN
        RAISE EXCEPTION 'Only what has been over for long is forgotten: % of % rows of % have not.',
            gone - over, gone, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF gone > 0 THEN
        INSERT INTO audit_entry ({COLUMNS})
        SELECT {ACTOR},
            'forget', TG_TABLE_NAME, '{{}}', NULL, jsonb_build_object('rows', gone);
    END IF;
    RETURN NULL;
END
$$
"""
ARCHIVE = f"""
CREATE FUNCTION archive_audit(last bigint, head bytea) RETURNS bigint LANGUAGE plpgsql
SET search_path TO public, pg_temp AS $$
DECLARE
    who jsonb := {WHO};
    held int8multirange;
    gone bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7305402);
    IF NOT EXISTS (SELECT FROM audit_seal WHERE number = last AND hash = head) THEN
        RAISE EXCEPTION 'There is no seal % with the hash that was archived.', last;
    END IF;
    IF NOT EXISTS (SELECT FROM audit_seal WHERE number > last) THEN
        RAISE EXCEPTION 'The newest seal stays: the next one follows from it.';
    END IF;
    SELECT range_agg(entries) INTO held FROM audit_seal WHERE number <= last;
    INSERT INTO audit_archive (number, hash, entries) VALUES (last, head, held);
    PERFORM set_config('slotwise.archiving', 'on', true);
    DELETE FROM audit_detail USING unnest(held) AS each WHERE entry_id >= lower(each) AND entry_id < upper(each);
    DELETE FROM audit_entry USING unnest(held) AS each WHERE id >= lower(each) AND id < upper(each);
    GET DIAGNOSTICS gone = ROW_COUNT;
    DELETE FROM audit_seal WHERE number <= last;
    PERFORM set_config('slotwise.archiving', 'off', true);
    INSERT INTO audit_entry ({COLUMNS})
    SELECT {ACTOR},
        'archive', 'audit_entry', '{{}}', NULL,
        jsonb_build_object('entries', gone, 'seal', last, 'head', encode(head, 'hex'));
    RETURN gone;
END
$$
"""
KEPT = """
CREATE OR REPLACE FUNCTION audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('slotwise.archiving', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'The audit is only added to: % of % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$
"""
DETAIL_KEPT = """
CREATE OR REPLACE FUNCTION audit_detail_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM patient WHERE id = OLD.patient_id AND erased_at IS NULL)
        AND NOT EXISTS (SELECT FROM audit_archive WHERE entries @> OLD.entry_id) THEN
        RAISE EXCEPTION 'The audit keeps the words of a patient who is not erased.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$
"""
KEPT_BEFORE = """
CREATE OR REPLACE FUNCTION audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit is only added to: % of % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$
"""
DETAIL_KEPT_BEFORE = """
CREATE OR REPLACE FUNCTION audit_detail_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM patient WHERE id = OLD.patient_id AND erased_at IS NULL) THEN
        RAISE EXCEPTION 'The audit keeps the words of a patient who is not erased.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$
"""

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


def forgetting() -> Iterator[str]:
    forgets = "current_setting('slotwise.forgetting', true) = 'on'"
    for table, over in FORGOTTEN.items():
        after = f"AFTER DELETE ON {table} REFERENCING OLD TABLE AS before_rows FOR EACH STATEMENT"
        yield (
            f"CREATE OR REPLACE TRIGGER {table}_audited_delete {after} WHEN (({forgets}) IS NOT TRUE)"
            f" EXECUTE FUNCTION audit_{table}()"
        )
        condition = over.replace("'", "''")
        yield (
            f"CREATE TRIGGER {table}_audited_forgotten {after} WHEN ({forgets})"
            f" EXECUTE FUNCTION audit_forgotten('{condition}')"
        )


def upgrade() -> None:
    op.create_table(
        "audit_archive",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("entries", postgresql.INT8MULTIRANGE(), nullable=False),
        sa.Column(
            "archived_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("number", name="audit_archive_key"),
    )
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON audit_archive FROM {APPLICATION}")
    for statement in (KEPT, DETAIL_KEPT, ARCHIVE, FORGET, *forgetting()):
        op.execute(statement)
    op.execute(
        "CREATE TRIGGER audit_archive_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_archive"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_kept()"
    )
    op.execute("REVOKE ALL ON FUNCTION archive_audit(bigint, bytea) FROM PUBLIC")
    op.create_index(
        "booking_request_decided_at_index",
        "booking_request",
        ["decided_at"],
        postgresql_where=sa.text("decided_at IS NOT NULL"),
    )
    op.create_index(
        "booking_request_moves_index", "booking_request", ["moves"], postgresql_where=sa.text("moves IS NOT NULL")
    )
    op.create_index(
        "planning_run_with_outcome_index",
        "planning_run",
        ["finished_at"],
        postgresql_where=sa.text("outcome IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("planning_run_with_outcome_index", "planning_run")
    op.drop_index("booking_request_moves_index", "booking_request")
    op.drop_index("booking_request_decided_at_index", "booking_request")
    for table in FORGOTTEN:
        op.execute(f"DROP TRIGGER {table}_audited_forgotten ON {table}")
        op.execute(
            f"CREATE OR REPLACE TRIGGER {table}_audited_delete AFTER DELETE ON {table}"
            f" REFERENCING OLD TABLE AS before_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_{table}()"
        )
    op.execute("DROP FUNCTION audit_forgotten()")
    op.execute("DROP FUNCTION archive_audit(bigint, bytea)")
    op.execute(KEPT_BEFORE)
    op.execute(DETAIL_KEPT_BEFORE)
    op.drop_table("audit_archive")
