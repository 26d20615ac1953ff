"""What a schema offers to whoever reads and writes it, and what a migration takes away of that."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from models.access.privileges import APPLICATION

_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = ''
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0
      AND NOT a.attisdropped
"""
_CONSTRAINTS = """
    SELECT c.relname, k.conname, ARRAY(
        SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.connamespace = 'public'::regnamespace AND k.contype IN ('c', 'f', 'u', 'p', 'x')
"""
_UNIQUE = """
    SELECT c.relname, i.relname, ARRAY(
        SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (x.indkey::int2[]))
    FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace AND x.indisunique
"""
_FUNCTIONS = """
    SELECT p.oid::regprocedure::text FROM pg_proc p LEFT JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
    WHERE p.pronamespace = 'public'::regnamespace AND d.objid IS NULL AND p.prorettype <> 'trigger'::regtype
"""
_PRIVILEGES = """
    SELECT table_name, privilege_type FROM information_schema.table_privileges
    WHERE grantee = :role AND table_schema = 'public'
"""


@dataclass(frozen=True)
class Catalog:
    """`columns`: the type of each, and whether rows have to say what is in it. `rules`: the columns of each constraint
    and each unique index, by table and name.
    """

    columns: dict[tuple[str, str], tuple[str, bool]]
    rules: dict[tuple[str, str], frozenset[str]]
    functions: frozenset[str]
    privileges: frozenset[tuple[str, str]]

    @property
    def tables(self) -> frozenset[str]:
        return frozenset(table for table, _ in self.columns)


def read_catalog(connection: Connection) -> Catalog:
    rules = [*connection.execute(text(_CONSTRAINTS)), *connection.execute(text(_UNIQUE))]
    return Catalog(
        {(table, name): (type_, wanted) for table, name, type_, wanted in connection.execute(text(_COLUMNS))},
        {(table, name): frozenset(columns) for table, name, columns in rules},
        frozenset(connection.scalars(text(_FUNCTIONS))),
        frozenset((table, what) for table, what in connection.execute(text(_PRIVILEGES), {"role": APPLICATION})),
    )


def broken_by(before: Catalog, after: Catalog) -> list[str]:
    """What whoever worked with the schema `before` can no longer do with the one `after`.

    A rule of the same name on the same columns counts as the same one: whether it asks for more is for people to see.
    """
    old = before.columns.items() & after.columns.items()
    gone = [f"{table}.{name} is gone" for table, name in before.columns.keys() - after.columns.keys()]
    changed = [
        f"{table}.{name} was {before.columns[table, name]}, is {after.columns[table, name]}"
        for table, name in before.columns.keys() & after.columns.keys() - dict(old).keys()
        if not _is_looser(before.columns[table, name], after.columns[table, name])
    ]
    wanted = [
        f"{table}.{name} has to be said"
        for (table, name), (_, has_to_be_said) in after.columns.items()
        if has_to_be_said and table in before.tables and (table, name) not in before.columns
    ]
    forbidden = [
        f"{name} is a new rule of {table}"
        for (table, name), columns in after.rules.items()
        if before.rules.get((table, name)) != columns and any((table, each) in before.columns for each in columns)
    ]
    functions = [f"{each} is gone" for each in before.functions - after.functions]
    privileges = [f"{what} of {table} is taken away" for table, what in before.privileges - after.privileges]
    return sorted(gone + changed + wanted + forbidden + functions + privileges)


def _is_looser(before: tuple[str, bool], after: tuple[str, bool]) -> bool:
    return before[0] == after[0] and before[1] and not after[1]
