"""Tell patients and other systems: addresses, and deliveries of the outbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import UserDefinedType

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


class TransactionId(UserDefinedType[int]):
    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def channel() -> sa.Enum:
    return sa.Enum("webhook", "email", name="channel_known", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.add_column("patient", sa.Column("email", sa.String(), nullable=True))
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", channel(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "delivered",
                "dead",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="pending",
            nullable=False,
        ),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", name="delivered_once_delivered"),
        sa.CheckConstraint("status <> 'dead' OR last_error IS NOT NULL", name="dead_with_a_reason"),
        sa.ForeignKeyConstraint(["message_id"], ["outbox_message.id"], name="delivery_message_id_exists"),
        sa.PrimaryKeyConstraint("id", name="delivery_key"),
        sa.UniqueConstraint("message_id", "channel", name="delivery_message_id_channel_unique"),
    )
    op.create_index(
        "delivery_channel_appointment_id_message_id_index",
        "delivery",
        ["channel", "appointment_id", "message_id"],
        unique=False,
    )
    op.create_index(
        "delivery_due_index",
        "delivery",
        ["channel", "next_attempt_at", "message_id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("delivery_status_id_index", "delivery", ["status", "id"], unique=False)
    op.create_table(
        "delivery_cursor",
        sa.Column("channel", channel(), nullable=False),
        sa.Column("transaction_id", TransactionId(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name="delivery_cursor_key"),
    )


def downgrade() -> None:
    op.drop_table("delivery_cursor")
    op.drop_table("delivery")
    op.drop_column("patient", "email")
