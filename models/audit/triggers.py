"""The triggers that write the audit: one entry for every row that a statement changes, in its transaction.

They are the database's, so that no path leaves them out, not even a statement by hand; and of the statement, so that a
thousand bookings cost one call. Their functions run as the owner of the audit (SECURITY DEFINER), since the
application may not write it, with settings of their own, since a caller's could have names and instants mean something
else. Source: PostgreSQL 18 manual, CREATE TRIGGER (transition tables), CREATE FUNCTION (Writing SECURITY DEFINER
Functions Safely).
"""

# ruff: noqa: S608  # built of names that stand in `models.audit.told`
from collections.abc import Iterator

from models.audit.told import EVERY, FORGOTTEN, ROWS, TOGETHER, Told, ToldTogether

AS_OWNER = "SECURITY DEFINER SET search_path TO public, pg_temp SET timezone TO 'UTC' SET datestyle TO 'ISO'"

WHO = "nullif(current_setting('slotwise.actor', true), '')::jsonb"
"""Who acts, as `models.access.acting.Actor.setting` has it; NULL: nobody has said."""

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
"""Of a row what is otherwise in another one, and its key."""


def function(name: str, insert: str, update: str, delete: str) -> str:
    """The statement that makes a trigger's function of what it does on each change."""
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
    """The statement that writes an entry for each of some rows."""
    return f"""
        INSERT INTO audit_entry ({COLUMNS})
        SELECT {ACTOR.strip()},
            lower(TG_OP), TG_TABLE_NAME, {subjects}, {before}, {after}
        FROM {rows};"""


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
        SELECT {ACTOR.strip()},
            'forget', TG_TABLE_NAME, '{{}}', NULL, jsonb_build_object('rows', gone);
    END IF;
    RETURN NULL;
END
$$
"""
"""Writes of deleted rows only how many they were, where the trigger's argument holds of all of them."""

_FORGETS = "current_setting('slotwise.forgetting', true) = 'on'"


def triggers(table: str, changes: tuple[str, ...]) -> Iterator[str]:
    """The statements that have a table's function called for its changes; `FORGET` for rows that are forgotten."""
    seen = {
        "insert": "NEW TABLE AS after_rows",
        "update": "OLD TABLE AS before_rows NEW TABLE AS after_rows",
        "delete": "OLD TABLE AS before_rows",
    }
    for change in changes:
        forgets = change == "delete" and table in FORGOTTEN
        yield (
            f"CREATE TRIGGER {table}_audited_{change} AFTER {change.upper()} ON {table}"
            f" REFERENCING {seen[change]} FOR EACH STATEMENT{f' WHEN (({_FORGETS}) IS NOT TRUE)' if forgets else ''}"
            f" EXECUTE FUNCTION audit_{table}()"
        )
        if forgets:
            over = FORGOTTEN[table].replace("'", "''")
            yield (
                f"CREATE TRIGGER {table}_audited_forgotten AFTER DELETE ON {table} REFERENCING {seen[change]}"
                f" FOR EACH STATEMENT WHEN ({_FORGETS}) EXECUTE FUNCTION audit_forgotten('{over}')"
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
    FORGET,
    *(_of_rows(told) for told in ROWS),
    *(_of_parts(told) for told in TOGETHER),
    *(each for told in ROWS for each in triggers(told.table, told.changes)),
    *(each for parts in TOGETHER for each in triggers(parts.table, EVERY)),
)
