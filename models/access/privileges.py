"""What the application's role may do: read and write rows. It owns nothing, so it can change no rule and no trigger.

The role that migrates owns the tables. What only it may do with rows (see `models.audit`) is taken from the application
where the table is declared.
"""

from sqlalchemy import DDL, event

from models.base import Base

APPLICATION = "slotwise_app"
"""The role that the API, the workers and the commands sign in as."""

MAKE_ROLE = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION}') THEN
        CREATE ROLE {APPLICATION} NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
GRANTS = (
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APPLICATION}",
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APPLICATION}",
)

for _statement in (MAKE_ROLE, *GRANTS):
    event.listen(Base.metadata, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
