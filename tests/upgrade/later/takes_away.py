"""The migration of the release after that: it takes away what only this release uses, and says so."""

from alembic import op

from tests.upgrade.releases import after, newest

down_revision = after(newest())
revision = after(down_revision)
branch_labels = None
depends_on = None
contracts = down_revision


def upgrade() -> None:
    op.drop_column("patient", "email")
