"""Add calendar feeds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("content_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("label <> ''", name="labelled"),
        sa.CheckConstraint("octet_length(token_sha256) = 32", name="token_hashed"),
        sa.CheckConstraint("revoked_at >= created_at", name="revoked_once_made"),
        sa.CheckConstraint("(content_sha256 IS NULL) = (content_since IS NULL)", name="content_dated"),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctor.id"], name="calendar_feed_doctor_id_exists", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="calendar_feed_key"),
        sa.UniqueConstraint("token_sha256", name="calendar_feed_token_sha256_unique"),
    )
    op.create_index("calendar_feed_doctor_id_id_index", "calendar_feed", ["doctor_id", "id"], unique=False)
    op.create_index(
        "calendar_feed_label_free",
        "calendar_feed",
        ["doctor_id", "label"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("calendar_feed")
