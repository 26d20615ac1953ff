"""Who may do what: accounts, sign-ins, tokens, who asked for what, and the role that owns nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPLICATION = "slotwise_app"

MADE_BY = "((nullif(current_setting('slotwise.actor', true), ''))::jsonb ->> 'id')::uuid"

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
    f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {APPLICATION}",
)
TAKEN_BACK = (
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM {APPLICATION}",
    f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {APPLICATION}",
)
"""The role itself stays: another database of the server may need it."""


def upgrade() -> None:
    op.create_table(
        "access_token",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("everywhere", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("name <> ''", name="named"),
        sa.CheckConstraint("cardinality(scopes) > 0", name="allows_something"),
        sa.CheckConstraint("octet_length(secret_sha256) = 32", name="secret_hashed"),
        sa.CheckConstraint("revoked_at >= created_at", name="revoked_once_made"),
        sa.PrimaryKeyConstraint("id", name="access_token_key"),
        sa.UniqueConstraint("secret_sha256", name="access_token_secret_sha256_unique"),
    )
    op.create_table(
        "oidc_attempt",
        sa.Column("state_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("code_verifier", sa.String(), nullable=False),
        sa.Column("next", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("state_sha256", name="oidc_attempt_key"),
    )
    op.create_index("oidc_attempt_created_at_index", "oidc_attempt", ["created_at"], unique=False)
    op.create_table(
        "sign_in_failure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="sign_in_failure_key"),
    )
    op.create_index(
        "sign_in_failure_account_sha256_at_index", "sign_in_failure", ["account_sha256", "at"], unique=False
    )
    op.create_index("sign_in_failure_address_at_index", "sign_in_failure", ["address", "at"], unique=False)
    op.create_index("sign_in_failure_at_index", "sign_in_failure", ["at"], unique=False)
    op.create_table(
        "access_token_hospital",
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name="access_token_hospital_hospital_id_exists", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["token_id"], ["access_token.id"], name="access_token_hospital_token_id_exists", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_id", "hospital_id", name="access_token_hospital_key"),
    )
    op.create_index("access_token_hospital_hospital_id_index", "access_token_hospital", ["hospital_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("password_set_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name="account_user_id_exists", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name="account_key"),
    )
    op.create_table(
        "oidc_identity",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name="oidc_identity_user_id_exists", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("issuer", "subject", name="oidc_identity_key"),
        sa.UniqueConstraint("user_id", "issuer", name="oidc_identity_user_id_issuer_unique"),
    )
    op.create_table(
        "one_time_code",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sets_password", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("octet_length(code_sha256) = 32", name="code_hashed"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name="one_time_code_user_id_exists", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name="one_time_code_key"),
        sa.UniqueConstraint("code_sha256", name="one_time_code_code_sha256_unique"),
    )
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "password", "code", "oidc", name="method_known", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("must_set_password", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("browser", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(secret_sha256) = 32", name="secret_hashed"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name="sign_in_user_id_exists", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="sign_in_key"),
        sa.UniqueConstraint("secret_sha256", name="sign_in_secret_sha256_unique"),
    )
    op.create_index("sign_in_expires_at_index", "sign_in", ["expires_at"], unique=False)
    op.create_index("sign_in_user_id_id_index", "sign_in", ["user_id", "id"], unique=False)
    op.create_table(
        "user_hospital",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name="user_hospital_hospital_id_exists", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name="user_hospital_user_id_exists", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "hospital_id", name="user_hospital_key"),
    )
    op.create_index("user_hospital_hospital_id_index", "user_hospital", ["hospital_id"], unique=False)
    op.add_column("booking_batch", sa.Column("created_by", sa.Uuid(), server_default=sa.text(MADE_BY), nullable=True))
    op.add_column("booking_request", sa.Column("created_by", sa.Uuid(), server_default=sa.text(MADE_BY), nullable=True))
    op.create_index("booking_request_created_by_id_index", "booking_request", ["created_by", "id"], unique=False)
    op.add_column("calendar_feed", sa.Column("hospitals", sa.ARRAY(sa.Uuid()), nullable=True))
    op.add_column(
        "idempotency_key",
        sa.Column(
            "caller", sa.Uuid(), server_default=sa.text("'00000000-0000-0000-0000-000000000000'::uuid"), nullable=False
        ),
    )
    op.add_column("reschedule", sa.Column("hospitals", sa.ARRAY(sa.Uuid()), nullable=True))
    op.add_column("reschedule", sa.Column("created_by", sa.Uuid(), server_default=sa.text(MADE_BY), nullable=True))
    op.drop_constraint("idempotency_key_key", "idempotency_key")
    op.create_primary_key("idempotency_key_key", "idempotency_key", ["route", "key", "caller"])
    for statement in (MAKE_ROLE, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    for statement in TAKEN_BACK:
        op.execute(statement)
    op.drop_constraint("idempotency_key_key", "idempotency_key")
    op.execute(  # of the same key of two callers, the newer answer
        "DELETE FROM idempotency_key AS older USING idempotency_key AS newer"
        " WHERE older.route = newer.route AND older.key = newer.key"
        " AND (older.created_at, older.caller) < (newer.created_at, newer.caller)"
    )
    op.create_primary_key("idempotency_key_key", "idempotency_key", ["route", "key"])
    op.drop_column("reschedule", "created_by")
    op.drop_column("reschedule", "hospitals")
    op.drop_column("idempotency_key", "caller")
    op.drop_column("calendar_feed", "hospitals")
    op.drop_index("booking_request_created_by_id_index", table_name="booking_request")
    op.drop_column("booking_request", "created_by")
    op.drop_column("booking_batch", "created_by")
    op.drop_index("user_hospital_hospital_id_index", table_name="user_hospital")
    op.drop_table("user_hospital")
    op.drop_index("sign_in_user_id_id_index", table_name="sign_in")
    op.drop_index("sign_in_expires_at_index", table_name="sign_in")
    op.drop_table("sign_in")
    op.drop_table("one_time_code")
    op.drop_table("oidc_identity")
    op.drop_table("account")
    op.drop_index("access_token_hospital_hospital_id_index", table_name="access_token_hospital")
    op.drop_table("access_token_hospital")
    op.drop_index("sign_in_failure_at_index", table_name="sign_in_failure")
    op.drop_index("sign_in_failure_address_at_index", table_name="sign_in_failure")
    op.drop_index("sign_in_failure_account_sha256_at_index", table_name="sign_in_failure")
    op.drop_table("sign_in_failure")
    op.drop_index("oidc_attempt_created_at_index", table_name="oidc_attempt")
    op.drop_table("oidc_attempt")
    op.drop_table("access_token")
