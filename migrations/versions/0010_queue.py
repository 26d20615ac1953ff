"""Let hospitals take turns in the queue, and remember which HTTP request asked for a booking.

Code that knows nothing of shares queues everything as of any hospital: one share more, which has its turn like others.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ASKED_IN = "(nullif(current_setting('slotwise.actor', true), ''))::jsonb ->> 'request_id'"

QUEUE = "booking_request_queue_index"
QUEUED = sa.text("status = 'queued'")

SHARE = """
UPDATE booking_request SET share = (
    SELECT hospital_id FROM booking_request_hospital
    WHERE booking_request_id = booking_request.id ORDER BY hospital_id LIMIT 1
)
WHERE status IN ('queued', 'planning')
"""
"""Decided ones wait for no turn any more; of their whole table not a row is written."""


def upgrade() -> None:
    op.add_column("booking_request", sa.Column("asked_in", sa.String(), server_default=sa.text(ASKED_IN)))
    op.add_column("booking_request", sa.Column("share", sa.Uuid()))
    op.execute(SHARE)
    op.create_foreign_key("booking_request_share_exists", "booking_request", "hospital", ["share"], ["id"])
    op.drop_index(QUEUE, "booking_request")
    op.create_index(QUEUE, "booking_request", ["priority", "share", "queued_at", "id"], postgresql_where=QUEUED)
    op.create_table(
        "turn",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("share", sa.Uuid(), nullable=True),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["share"], ["hospital.id"], name="turn_share_exists"),
        sa.PrimaryKeyConstraint("id", name="turn_key"),
        sa.UniqueConstraint("share", name="turn_share_unique", postgresql_nulls_not_distinct=True),
    )


def downgrade() -> None:
    op.drop_table("turn")
    op.drop_index(QUEUE, "booking_request")
    op.create_index(QUEUE, "booking_request", ["attempts", "queued_at"], postgresql_where=QUEUED)
    op.drop_column("booking_request", "share")
    op.drop_column("booking_request", "asked_in")
