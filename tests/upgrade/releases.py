"""The releases to come, as far as their migrations go: one that adds, and one that then takes away."""

from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from models.migrate import alembic_config

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
LATER = Path(__file__).with_name("later")


def newest() -> str:
    """This release's newest migration."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None
    return head


def after(revision: str) -> str:
    """The migration after one: they are numbered."""
    return f"{int(revision) + 1:04}"


ADDED = after(newest())
TAKEN_AWAY = after(ADDED)


def migrate_to(database_url: str, revision: str) -> None:
    """Do what `slotwise migrate` of a later release does, with its migrations up to one."""
    config = alembic_config(database_url)
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{MIGRATIONS / 'versions'}\n{LATER}")
    command.upgrade(config, revision)
