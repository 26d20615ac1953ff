"""Keep an audit: what changes, who was shown what of patients, and a chain over it all.

What is told of each table, and how, is a frozen copy of `models.audit` as it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

APPLICATION = "slotwise_app"

TABLES = ("audit_entry", "audit_detail", "audit_unsealed", "audit_seal")


class TransactionId(sa.types.UserDefinedType[int]):
    """PostgreSQL's `xid8`."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


EVERY = ("insert", "update", "delete")

_LOOKED_AT = "CASE status WHEN 'planning' THEN 'queued' ELSE status END AS status"


@dataclass(frozen=True, slots=True)
class Told:
    table: str
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    id_lists: tuple[str, ...] = ()
    key: tuple[str, ...] = ("id",)
    changes: tuple[str, ...] = EVERY


@dataclass(frozen=True, slots=True)
class ToldTogether:
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


AS_OWNER = "SECURITY DEFINER SET search_path TO public, pg_temp SET timezone TO 'UTC' SET datestyle TO 'ISO'"

WHO = "nullif(current_setting('slotwise.actor', true), '')::jsonb"

COLUMNS = "actor_kind, actor_id, actor_name, request_id, address, action, kind, subjects, before, after"
ACTOR = """
            coalesce(who ->> 'kind', 'database'), (who ->> 'id')::uuid, coalesce(who ->> 'name', session_user),
            who ->> 'request_id', who ->> 'address'"""

CHANGED = """
CREATE FUNCTION audit_changed(one jsonb, other jsonb, key text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT jsonb_object_agg(each.key, each.value) FROM jsonb_each(one) AS each
    WHERE each.key = ANY (audit_changed.key) OR each.value IS DISTINCT FROM other -> each.key
)
"""


def function(name: str, insert: str, update: str, delete: str) -> str:
    branches = [("INSERT", insert), ("UPDATE", update), ("DELETE", delete)]
    body = "".join(f"\n    IF TG_OP = '{change}' THEN{does}\n    END IF;" for change, does in branches if does)
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql {AS_OWNER} AS $$
DECLARE
    who jsonb := {WHO};
BEGIN{body}
    RETURN NULL;
END
$$
"""


def entries(subjects: str, before: str, after: str, rows: str) -> str:
    return f"""
        INSERT INTO audit_entry ({COLUMNS})
        SELECT {ACTOR.strip()},
            lower(TG_OP), TG_TABLE_NAME, {subjects}, {before}, {after}
        FROM {rows};"""


def triggers(table: str, changes: tuple[str, ...]) -> Iterator[str]:
    seen = {
        "insert": "NEW TABLE AS after_rows",
        "update": "OLD TABLE AS before_rows NEW TABLE AS after_rows",
        "delete": "OLD TABLE AS before_rows",
    }
    for change in changes:
        yield (
            f"CREATE TRIGGER {table}_audited_{change} AFTER {change.upper()} ON {table}"
            f" REFERENCING {seen[change]} FOR EACH STATEMENT EXECUTE FUNCTION audit_{table}()"
        )


def _of_rows(told: Told) -> str:
    def ids(row: str) -> str:
        lists = "".join(f" || {row}.{each}" for each in told.id_lists)
        return f"array_remove(ARRAY[{', '.join(f'{row}.{each}' for each in told.ids)}]{lists}, NULL)"

    old, new = (f"(SELECT {', '.join(told.columns)} FROM {side}_rows)" for side in ("before", "after"))
    key = "{" + ",".join(told.key) + "}"
    same = " AND ".join(f"o.{each} = n.{each}" for each in told.key)
    return function(
        f"audit_{told.table}",
        insert=entries(ids("n"), "NULL", "to_jsonb(n)", f"{new} AS n"),
        update=entries(
            f"ARRAY(SELECT DISTINCT unnest({ids('o')} || {ids('n')}))",
            f"audit_changed(to_jsonb(o), to_jsonb(n), '{key}')",
            f"audit_changed(to_jsonb(n), to_jsonb(o), '{key}')",
            f"{old} AS o\n        FULL JOIN {new} AS n ON {same}\n        WHERE o IS DISTINCT FROM n",
        ),
        delete=entries(ids("o"), "to_jsonb(o)", "NULL", f"{old} AS o"),
    )


def _of_parts(told: ToldTogether) -> str:
    def together(side: str) -> str:
        columns = ", ".join((told.whole, *told.columns))
        others = f"array_agg(part.{told.ids[0]})" if told.ids else "'{}'::uuid[]"
        return (
            f"(\n            SELECT part.{told.whole} AS whole, {others} AS others,"
            f"\n                jsonb_build_object('{told.whole}', part.{told.whole}, 'parts',"
            f" jsonb_agg(to_jsonb(part) - '{told.whole}' ORDER BY part.{told.columns[0]})) AS told"
            f"\n            FROM (SELECT {columns} FROM {side}_rows) AS part GROUP BY part.{told.whole}\n        )"
        )

    old, new = together("before"), together("after")
    return function(
        f"audit_{told.table}",
        insert=entries("n.whole || n.others", "NULL", "n.told", f"{new} AS n"),
        update=entries(
            "ARRAY(SELECT DISTINCT unnest(array_remove(o.whole || o.others || n.whole || n.others, NULL)))",
            "o.told",
            "n.told",
            f"{old} AS o\n        FULL JOIN {new} AS n ON o.whole = n.whole WHERE o.told IS DISTINCT FROM n.told",
        ),
        delete=entries("o.whole || o.others", "o.told", "NULL", f"{old} AS o"),
    )


STATEMENTS = (
    CHANGED,
    *(_of_rows(told) for told in ROWS),
    *(_of_parts(told) for told in TOGETHER),
    *(each for told in ROWS for each in triggers(told.table, told.changes)),
    *(each for parts in TOGETHER for each in triggers(parts.table, EVERY)),
)

_WORDS = "jsonb_build_object('external_id', {0}.external_id, 'name', {0}.name, 'email', {0}.email)"
_DIGEST = "encode(sha256(convert_to(salt::text || {0}::text, 'UTF8')), 'hex')"
_ROW = "jsonb_build_object('id', {0}.id, 'active', {0}.active)"


def _patients(row: str, before: str, after: str, words_before: str, words_after: str, rows: str) -> str:
    return f"""
        WITH changed AS MATERIALIZED (
            SELECT nextval('audit_entry_id_seq') AS entry, gen_random_uuid() AS salt, {row}.id AS patient,
                {before} AS before, {after} AS after, {words_before} AS words_before, {words_after} AS words_after
            FROM {rows}
        ), entered AS (
            INSERT INTO audit_entry (id, {COLUMNS}) OVERRIDING SYSTEM VALUE
            SELECT entry,{ACTOR}, lower(TG_OP), TG_TABLE_NAME, ARRAY[patient],
                before || CASE WHEN words_before IS NULL THEN '{{}}'
                    ELSE jsonb_build_object('words', {_DIGEST.format("words_before")}) END,
                after || CASE WHEN words_after IS NULL THEN '{{}}'
                    ELSE jsonb_build_object('words', {_DIGEST.format("words_after")}) END
            FROM changed
        )
        INSERT INTO audit_detail (entry_id, patient_id, salt, before, after)
        SELECT entry, patient, salt, words_before, words_after FROM changed
        WHERE words_before IS NOT NULL OR words_after IS NOT NULL;"""


def _if_other(words: str) -> str:
    one, other = _WORDS.format("o"), _WORDS.format("n")
    return f"CASE WHEN {one} IS DISTINCT FROM {other} THEN {words} END"


PATIENTS = function(
    "audit_patient",
    insert=_patients("n", "NULL::jsonb", _ROW.format("n"), "NULL::jsonb", _WORDS.format("n"), "after_rows AS n"),
    update=_patients(
        "n",
        _ROW.format("o"),
        _ROW.format("n"),
        _if_other(_WORDS.format("o")),
        _if_other(_WORDS.format("n")),
        "before_rows AS o JOIN after_rows AS n ON o.id = n.id"
        f"\n            WHERE ({_WORDS.format('o')}, o.active) IS DISTINCT FROM ({_WORDS.format('n')}, n.active)",
    ),
    delete=_patients("o", _ROW.format("o"), "NULL::jsonb", _WORDS.format("o"), "NULL::jsonb", "before_rows AS o"),
)

_SIGN_IN = "jsonb_build_object('id', n.id, 'user_id', n.user_id, 'method', n.method, 'browser', n.browser)"
SIGN_INS = function(
    "audit_sign_in",
    insert=entries("ARRAY[n.id, n.user_id]", "NULL", _SIGN_IN, "after_rows AS n").replace("lower(TG_OP)", "'sign_in'"),
    update=entries(
        "ARRAY[n.id, n.user_id]",
        "NULL",
        _SIGN_IN,
        "before_rows AS o JOIN after_rows AS n ON o.id = n.id WHERE o.ended_at IS NULL AND n.ended_at IS NOT NULL",
    ).replace("lower(TG_OP)", "'sign_out'"),
    delete="",
)

# Nobody is known to act: who is meant is found by the digest of what they may have typed, which is not kept here.
ATTEMPTS = f"""
CREATE FUNCTION audit_sign_in_failure() RETURNS trigger LANGUAGE plpgsql {AS_OWNER} AS $$
BEGIN
    INSERT INTO audit_entry (actor_kind, actor_name, address, action, kind, subjects)
    SELECT 'nobody', 'nobody', n.address, 'sign_in_attempt', 'sign_in', ARRAY(
        SELECT id FROM app_user WHERE n.account_sha256 IN (
            sha256(convert_to(lower(external_id), 'UTF8')), sha256(convert_to(lower(email), 'UTF8'))
        )
    )
    FROM after_rows AS n;
    RETURN NULL;
END
$$
"""

UNSEALED = f"""
CREATE FUNCTION audit_unsealed() RETURNS trigger LANGUAGE plpgsql {AS_OWNER} AS $$
BEGIN
    INSERT INTO audit_unsealed SELECT id FROM written;
    RETURN NULL;
END
$$
"""
UNSEALED_NOTED = (
    "CREATE TRIGGER audit_entry_unsealed AFTER INSERT ON audit_entry REFERENCING NEW TABLE AS written"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_unsealed()"
)

# The application may not anyway. This is for the owner, in whose name somebody may sign in by mistake.
KEPT = """
CREATE FUNCTION audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit is only added to: % of % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$
"""
KEPT_AS_WRITTEN = tuple(
    f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_kept()"
    for table in ("audit_entry", "audit_seal")
)

READ = f"""
CREATE FUNCTION audit_read(patients uuid[], told jsonb) RETURNS void LANGUAGE plpgsql {AS_OWNER} AS $$
DECLARE
    who jsonb := {WHO};
BEGIN
    INSERT INTO audit_entry ({COLUMNS})
    SELECT {ACTOR.strip()},
        'read', 'patient', patients, NULL, told;
END
$$
"""

ERASE = f"""
CREATE FUNCTION audit_erase(patient uuid) RETURNS bigint LANGUAGE plpgsql {AS_OWNER} AS $$
DECLARE
    who jsonb := {WHO};
    erased bigint;
BEGIN
    DELETE FROM audit_detail WHERE patient_id = patient;
    GET DIAGNOSTICS erased = ROW_COUNT;
    INSERT INTO audit_entry ({COLUMNS})
    SELECT {ACTOR.strip()},
        'erase', 'audit_detail', ARRAY[patient], NULL, jsonb_build_object('details', erased);
    RETURN erased;
END
$$
"""

SEALER = 7_305_402

ENTRY_TEXT = (
    "jsonb_build_array(id, extract(epoch FROM at), transaction_id::text, database_role, actor_kind, actor_id,"
    " actor_name, action, kind, subjects, before, after, request_id, address)::text"
)


SEAL = f"""
CREATE FUNCTION seal_audit(most integer) RETURNS bigint LANGUAGE plpgsql {AS_OWNER} AS $$
DECLARE
    taken bigint[];
    newest audit_seal;
    made audit_seal;
BEGIN
    PERFORM pg_advisory_xact_lock({SEALER});
    WITH sealed AS (
        DELETE FROM audit_unsealed
        WHERE entry_id IN (SELECT entry_id FROM audit_unsealed ORDER BY entry_id LIMIT most) RETURNING entry_id
    ) SELECT array_agg(entry_id) INTO taken FROM sealed;
    IF taken IS NULL THEN
        RETURN 0;
    END IF;
    SELECT * INTO newest FROM audit_seal ORDER BY number DESC LIMIT 1;
    made.number := coalesce(newest.number, 0) + 1;
    made.entries := (SELECT range_agg(int8range(id, id, '[]')) FROM unnest(taken) AS id);
    made.previous := coalesce(newest.hash, '');
    made.sealed_at := clock_timestamp();
    SELECT sha256(
        made.previous
        || convert_to(format('%s %s %s', made.number, made.entries, extract(epoch FROM made.sealed_at)), 'UTF8')
        || string_agg(sha256(convert_to({ENTRY_TEXT}, 'UTF8')), '' ORDER BY id)
    ) INTO made.hash FROM audit_entry WHERE id = ANY (taken);
    INSERT INTO audit_seal SELECT made.*;
    RETURN cardinality(taken);
END
$$
"""

_CALLED = ("audit_read(uuid[], jsonb)", "audit_erase(uuid)", "seal_audit(integer)")

DEFINITIONS = (
    *STATEMENTS,
    PATIENTS,
    SIGN_INS,
    ATTEMPTS,
    *(each for table, changes in BY_THEMSELVES.items() for each in triggers(table, changes)),
    UNSEALED,
    UNSEALED_NOTED,
    KEPT,
    *KEPT_AS_WRITTEN,
    READ,
    ERASE,
    SEAL,
    *(f"REVOKE ALL ON FUNCTION {called} FROM PUBLIC" for called in _CALLED),
    *(f"GRANT EXECUTE ON FUNCTION {called} TO {APPLICATION}" for called in _CALLED),
)


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("transaction_id", TransactionId(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("database_role", sa.String(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subjects", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="audit_entry_key"),
    )
    op.create_index("audit_entry_subjects_index", "audit_entry", ["subjects"], unique=False, postgresql_using="gin")
    op.create_index(
        "audit_entry_actor_id_actor_name_at_index", "audit_entry", ["actor_id", "actor_name", "at"], unique=False
    )
    op.create_index("audit_entry_at_index", "audit_entry", ["at"], unique=False)
    op.create_table(
        "audit_seal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entries", postgresql.INT8MULTIRANGE(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("number", name="audit_seal_key"),
    )
    op.create_table(
        "audit_unsealed",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="audit_unsealed_key"),
    )
    op.create_table(
        "audit_detail",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("salt", sa.Uuid(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entry.id"], name="audit_detail_entry_id_exists"),
        sa.PrimaryKeyConstraint("entry_id", name="audit_detail_key"),
    )
    op.create_index("audit_detail_patient_id_index", "audit_detail", ["patient_id"], unique=False)
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON {', '.join(TABLES)} FROM {APPLICATION}")
    for statement in DEFINITIONS:
        op.execute(statement.replace(":", r"\:"))  # no parameters


def downgrade() -> None:
    for table in (*(told.table for told in (*ROWS, *TOGETHER)), *BY_THEMSELVES):
        op.execute(f"DROP FUNCTION audit_{table} CASCADE")  # with its triggers
    for called in ("audit_read", "audit_erase", "seal_audit", "audit_changed"):
        op.execute(f"DROP FUNCTION {called}")
    for table in ("audit_detail", "audit_unsealed", "audit_seal", "audit_entry"):
        op.drop_table(table)
    op.execute("DROP FUNCTION audit_unsealed, audit_kept")
