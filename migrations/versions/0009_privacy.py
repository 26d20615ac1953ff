"""Let a patient be erased for good, and nobody else's words be deleted from the audit."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

DETAIL_KEPT = """
CREATE FUNCTION audit_detail_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM patient WHERE id = OLD.patient_id AND erased_at IS NULL) THEN
        RAISE EXCEPTION 'The audit keeps the words of a patient who is not erased.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$
"""


def upgrade() -> None:
    op.add_column("patient", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        "erased_for_good",
        "patient",
        "erased_at IS NULL OR NOT active AND email IS NULL AND name = 'Erased patient'"
        " AND external_id = 'erased-' || id::text",
    )
    op.execute(DETAIL_KEPT)
    op.execute(
        "CREATE TRIGGER audit_detail_kept BEFORE DELETE ON audit_detail"
        " FOR EACH ROW EXECUTE FUNCTION audit_detail_kept()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER audit_detail_kept ON audit_detail")
    op.execute("DROP FUNCTION audit_detail_kept()")
    op.drop_constraint("patient_erased_for_good", "patient")
    op.drop_column("patient", "erased_at")
