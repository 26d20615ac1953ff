"""PostgreSQL: what it is, how it is set, and who we are to it. Each check takes a connection of the application's."""

import time
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection, text

from cli.doctor.checked import Checked, clock, fail, ok, unknown, warn
from models.migrate import Schema, Standing

POOL = 40
"""Connections that an API process may hold (`models.session.engine`)."""

_OLDEST = 18
_OURS = {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "1min", "TimeZone": "UTC"}
"""What every connection of ours asks for (`models.session.make_engine`), as PostgreSQL shows it."""

_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


def setting(connection: Connection, name: str) -> str:
    """A setting of the server, as it is in force for this connection."""
    return str(connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one())


def check_version(connection: Connection) -> Checked:
    """Whether it is PostgreSQL 18: the scheduling rules are constraints that older ones do not have."""
    found = setting(connection, "server_version")
    if int(setting(connection, "server_version_num")) // 10_000 < _OLDEST:
        return fail("PostgreSQL", found, "Upgrade it to PostgreSQL 18: Slotwise's rules are temporal constraints.")
    return ok("PostgreSQL", found)


def check_extension(connection: Connection) -> Checked:
    """Whether `btree_gist` is there."""
    found = connection.scalar(text("SELECT extversion FROM pg_extension WHERE extname = 'btree_gist'"))
    if found is None:
        remedy = "Run `slotwise migrate` as the owner of the database, who may create it."
        return fail("extensions", "btree_gist is not installed in this database", remedy)
    return ok("extensions", f"btree_gist {found}")


def check_encoding(connection: Connection) -> Checked:
    """Whether every name can be written, and sorts tomorrow as it does today."""
    encoding, provider, stored, actual = connection.execute(
        text("""
            SELECT pg_encoding_to_char(encoding), datlocprovider, datcollversion,
                pg_database_collation_actual_version(oid)
            FROM pg_database WHERE datname = current_database()
        """)
    ).one()
    if encoding != "UTF8":
        remedy = "Dump it, create the database with ENCODING 'UTF8' and restore it there: other names cannot be kept."
        return fail("encoding", f"the database is written in {encoding}", remedy)
    if stored != actual:
        remedy = (
            "REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION: indexes of text may be out of order."
        )
        return fail(
            "encoding", f"its texts were sorted by version {stored} of the locale, which is now {actual}", remedy
        )
    kinds = {"b": "PostgreSQL's own", "i": "ICU's", "c": "the operating system's"}
    return ok("encoding", f"UTF8, sorted by {kinds.get(provider, provider)} locale")


def check_schema(schema: Schema) -> Checked:
    """Whether the schema is this version's, or serves it."""
    says = schema.told.rstrip(".")
    match schema.standing:
        case Standing.SAME:
            return ok("schema", f"{says}, {schema.found}")
        case Standing.OLDER:
            return fail("schema", says, "Run `slotwise migrate` as the owner of the tables.")
        case Standing.NEWER:
            return warn("schema", says, "While upgrading that is as it should be; then upgrade this Slotwise, too.")
    return fail("schema", says, "Upgrade this Slotwise, or restore a backup from before the migration.")


_NEEDED = (
    ("read", "SELECT", "NOT has_table_privilege(oid, 'SELECT')"),
    (
        "write",
        "INSERT, UPDATE, DELETE",
        """
        relname NOT LIKE 'audit\\_%' AND relname <> 'alembic_version' AND NOT
        (SELECT bool_and(has_table_privilege(oid, each)) FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE']) AS each)
        """,
    ),
)
"""What the application's role does with tables, the privileges for it, and whether a table is one that lacks them."""


def check_role(connection: Connection) -> Checked:
    """Whether we own nothing here and may do nothing but read and write rows."""
    role, is_super, may_more = connection.execute(
        text("""
            SELECT rolname, rolsuper, rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication
            FROM pg_roles WHERE rolname = current_user
        """)
    ).one()
    remedy = "Set DATABASE_URL to slotwise_app and OWNER_DATABASE_URL to the owner, then run `slotwise migrate`."
    if is_super:
        return fail("role", f"{role} is a superuser, whom no rule and no audit binds", remedy)
    owned = _tables(connection, "pg_has_role(current_user, relowner, 'USAGE')")
    if owned:
        says = f"{role} owns {len(owned)} tables, so it can undo every rule and rewrite the audit"
        return warn("role", says, remedy)
    forging = _tables(connection, "relname LIKE 'audit\\_%' AND has_table_privilege(oid, 'INSERT, UPDATE, DELETE')")
    if forging:
        revoke = f"As the owner: REVOKE INSERT, UPDATE, DELETE ON {', '.join(forging)} FROM {role}."
        return fail("role", f"{role} can write {', '.join(forging)}: the audit proves nothing", revoke)
    for does, privileges, condition in _NEEDED:
        if lacking := ", ".join(_tables(connection, condition)):
            grant = f"As the owner: GRANT {privileges} ON {lacking} TO {role}."
            return fail("role", f"{role} may not {does} {lacking}", grant)
    if may_more:
        less = f"As a superuser: ALTER ROLE {role} NOCREATEROLE NOCREATEDB NOBYPASSRLS NOREPLICATION."
        return warn("role", f"{role} may more than read and write rows", less)
    return ok("role", f"{role} reads and writes rows, owns nothing, and cannot touch the audit")


def check_owner(connection: Connection) -> Checked:
    """Whether the role of OWNER_DATABASE_URL can migrate."""
    owner = connection.execute(text("SELECT current_user")).scalar_one()
    foreign = _tables(connection, "NOT pg_has_role(current_user, relowner, 'USAGE')")
    may_create = connection.scalar(text("SELECT has_schema_privilege('public', 'CREATE')"))
    if foreign or not may_create:
        lacks = f"does not own {', '.join(foreign[:3])}" if foreign else "may not create tables"
        remedy = f"ALTER DATABASE … OWNER TO {owner}, and REASSIGN OWNED of whoever owns the tables."
        return fail("owner", f"{owner} {lacks}, so it cannot migrate", remedy)
    return ok("owner", f"{owner} owns the tables and can migrate")


def _tables(connection: Connection, condition: str) -> Sequence[str]:
    """The tables for which a condition of our own holds."""
    return connection.scalars(
        text(f"""
            SELECT relname FROM pg_class
            WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND {condition} ORDER BY relname
        """)  # noqa: S608  # nothing in it comes from outside
    ).all()


def check_clock(connection: Connection) -> Checked:
    """How the server's clock stands to this machine's."""
    connection.execute(text("SELECT 1"))  # so that what is measured is one round trip
    before = time.time()
    theirs = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    return clock("database's clock", "PostgreSQL's clock", theirs - (before + time.time()) / 2)


def check_connections(connection: Connection) -> Checked:
    """Whether PostgreSQL has connections enough."""
    most, reserved = (int(setting(connection, name)) for name in ("max_connections", "superuser_reserved_connections"))
    used = int(
        connection.execute(
            text("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        ).scalar_one()
    )
    says = f"{used} of {most - reserved} are in use"
    remedy = f"Raise max_connections above {POOL} for each API process and one for each worker process."
    if most - reserved - used < 5:
        return fail("connections", says, remedy)
    if used > 0.8 * (most - reserved) or most - reserved < POOL:
        return warn("connections", f"{says}, and one API process may take {POOL}", remedy)
    return ok("connections", says)


def check_timeouts(connection: Connection) -> Checked:
    """Whether what our connections ask for is in force: a pooler between may drop it."""
    found = {name: setting(connection, name) for name in _OURS}
    lost = [f"{name} is {found[name]} and not {wanted}" for name, wanted in _OURS.items() if found[name] != wanted]
    if lost:
        remedy = "Let the pooler between pass `options` on, or set them: ALTER ROLE … SET lock_timeout = '10s' …"
        return fail("timeouts", f"asked for and not in force: {', '.join(lost)}", remedy)
    return ok("timeouts", "nobody waits for a lock for longer than 10 s, or holds one idly for longer than a minute")


def check_durability(connection: Connection) -> Checked:
    """Whether what was acknowledged outlives a power cut."""
    off = [name for name in _DURABLE if setting(connection, name) in {"off", "local"}]
    if off:
        remedy = f"Turn on {', '.join(off)} (ALTER SYSTEM SET … = on, then SELECT pg_reload_conf())."
        return fail("durability", f"{', '.join(off)} off: a power cut loses what was acknowledged", remedy)
    return ok("durability", "what was acknowledged is on the disk")


def check_upkeep(connection: Connection) -> Iterator[Checked]:
    """Whether rotten blocks are noticed, and whether dead rows are cleared away."""
    if setting(connection, "data_checksums") == "on":
        yield ok("checksums", "blocks that rot on the disk are noticed")
    else:
        remedy = "Stop the server and run `pg_checksums --enable`: else backups copy rotten blocks for years."
        yield warn("checksums", "data_checksums is off", remedy)
    if setting(connection, "autovacuum") == "on":
        yield ok("vacuum", "autovacuum is on")
    else:
        yield fail(
            "vacuum", "autovacuum is off: tables grow without end", "Turn it on: ALTER SYSTEM SET autovacuum = on."
        )


def check_size(connection: Connection) -> Checked:
    """How large the database is; how much room its disk has, SQL cannot ask."""
    size = connection.execute(text("SELECT pg_size_pretty(pg_database_size(current_database()))")).scalar_one()
    return unknown("disk", f"the database takes {size}; the room left cannot be asked for from here", "Watch it there.")


CHECKS: tuple[Callable[[Connection], Checked | Iterator[Checked]], ...] = (
    check_version,
    check_extension,
    check_encoding,
    check_role,
    check_clock,
    check_connections,
    check_timeouts,
    check_durability,
    check_upkeep,
)
