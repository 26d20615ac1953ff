"""The audit's functions that are of one table alone, or that the application calls: the only ways to write it."""

# ruff: noqa: S608  # built of names that stand here, and of nothing that anybody sends
from sqlalchemy import DDL, event

from models.access.privileges import APPLICATION
from models.audit.told import BY_THEMSELVES
from models.audit.triggers import ACTOR, AS_OWNER, COLUMNS, STATEMENTS, WHO, entries, function, triggers
from models.base import Base
from models.locks import AdvisoryLock

_WORDS = "jsonb_build_object('external_id', {0}.external_id, 'name', {0}.name, 'email', {0}.email)"
_DIGEST = "encode(sha256(convert_to(salt::text || {0}::text, 'UTF8')), 'hex')"
_ROW = "jsonb_build_object('id', {0}.id, 'active', {0}.active)"


def _patients(row: str, before: str, after: str, words_before: str, words_after: str, rows: str) -> str:
    """The statement that writes of patients: their words aside, where they can be erased."""
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
    IF TG_OP = 'DELETE' AND current_setting('slotwise.archiving', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'The audit is only added to: % of % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$
"""
KEPT_AS_WRITTEN = tuple(
    f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_kept()"
    for table in ("audit_entry", "audit_seal", "audit_archive")
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
"""Write that whoever acts was shown something of patients."""

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
"""Delete what the audit has of a patient's words, and write that it was done. Returns of how many entries."""

ENTRY_TEXT = (
    "jsonb_build_array(id, extract(epoch FROM at), transaction_id::text, database_role, actor_kind, actor_id,"
    " actor_name, action, kind, subjects, before, after, request_id, address)::text"
)
"""An entry as the chain has it: PostgreSQL writes jsonb in one way only."""

SEAL_TEXT = "format('%s %s %s', number, entries, extract(epoch FROM sealed_at))"

SEAL = f"""
CREATE FUNCTION seal_audit(most integer) RETURNS bigint LANGUAGE plpgsql {AS_OWNER} AS $$
DECLARE
    taken bigint[];
    newest audit_seal;
    made audit_seal;
BEGIN
    PERFORM pg_advisory_xact_lock({AdvisoryLock.SEALING.value});
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
"""Chain what is written and not sealed, at most so many entries, the oldest first. Returns how many."""

ARCHIVE = f"""
CREATE FUNCTION archive_audit(last bigint, head bytea) RETURNS bigint LANGUAGE plpgsql
SET search_path TO public, pg_temp AS $$
DECLARE
    who jsonb := {WHO};
    held int8multirange;
    gone bigint;
BEGIN
    PERFORM pg_advisory_xact_lock({AdvisoryLock.SEALING.value});
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
    SELECT {ACTOR.strip()},
        'archive', 'audit_entry', '{{}}', NULL,
        jsonb_build_object('entries', gone, 'seal', last, 'head', encode(head, 'hex'));
    RETURN gone;
END
$$
"""
"""Delete everything up to a seal, which an archive has with this hash; the chain goes on from there. Returns how many
entries. As its caller, the owner: nobody else may call it, or delete of these tables.
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
    ARCHIVE,
    *(f"REVOKE ALL ON FUNCTION {called} FROM PUBLIC" for called in (*_CALLED, "archive_audit(bigint, bytea)")),
    *(f"GRANT EXECUTE ON FUNCTION {called} TO {APPLICATION}" for called in _CALLED),
)

for _statement in DEFINITIONS:
    # DDL fills in what stands after a percent sign.
    event.listen(
        Base.metadata,
        "after_create",
        DDL(_statement.replace("%", "%%")),  # type: ignore[no-untyped-call]
    )
