"""The migration of a release to come, as ours are: it only adds."""

import sqlalchemy as sa
from alembic import op

from tests.upgrade.releases import after, newest

down_revision = newest()
revision = after(down_revision)
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking_request", sa.Column("interpreter", sa.Text(), nullable=True))
    op.add_column("appointment", sa.Column("room", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "room",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), primary_key=True),
        sa.Column("hospital_id", sa.Uuid(), sa.ForeignKey("hospital.id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
    )
    op.create_index("room_of_hospital", "room", ["hospital_id"])
    op.execute("ALTER TABLE booking_request ADD CONSTRAINT interpreter_named CHECK (interpreter <> '') NOT VALID")
