"""The words of patients in the audit: deleted of those who are erased and of what is archived, and of nothing else."""

from sqlalchemy import DDL, event

from models.base import Base

DETAIL_KEPT = """
CREATE FUNCTION audit_detail_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM patient WHERE id = OLD.patient_id AND erased_at IS NULL)
        AND NOT EXISTS (SELECT FROM audit_archive WHERE entries @> OLD.entry_id) THEN
        RAISE EXCEPTION 'The audit keeps the words of a patient who is not erased.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$
"""
DETAIL_KEPT_BEFORE_DELETE = (
    "CREATE TRIGGER audit_detail_kept BEFORE DELETE ON audit_detail FOR EACH ROW EXECUTE FUNCTION audit_detail_kept()"
)

for _statement in (DETAIL_KEPT, DETAIL_KEPT_BEFORE_DELETE):
    event.listen(Base.metadata, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
