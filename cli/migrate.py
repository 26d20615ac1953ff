"""`slotwise migrate`: the schema brought up to this version, once per upgrade and before anything else starts."""

from cli.options import examples
from cli.output import Exit, Stop, notes

EXAMPLES = examples("""
    DATABASE_URL=postgresql+psycopg://slotwise:secret@db/slotwise slotwise migrate

    `slotwise up` and `slotwise demo` do it themselves. Doing it twice does
    nothing; two at once take turns. A migration that cannot get its locks
    within 5 s gives up (exit code 3): run it again at a quieter moment.
    """)


def migrate() -> None:
    """Bring the schema of the database that DATABASE_URL names up to this version."""
    import os  # noqa: PLC0415  # see cli/main.py

    from pydantic import ValidationError  # noqa: PLC0415
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    from models.migrate import upgrade  # noqa: PLC0415
    from models.settings import settings  # noqa: PLC0415

    os.environ.setdefault("REDIS_URL", "")  # nobody is rung
    try:
        upgrade(settings().database_url)
    except ValidationError as error:
        told = "; ".join(f"{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
        raise Stop(f"The settings will not do: {told}.", Exit.USAGE) from error
    except OperationalError as error:
        reason = " ".join(str(error.orig).split())
        raise Stop(f"The database could not be migrated: {reason}", Exit.UNREACHABLE) from error
    notes().print("The schema is that of this version.")
