"""What the audit keeps. The application's role may only read it: entries are written by functions of the owner's."""

import uuid
from datetime import datetime

from sqlalchemy import (
    ARRAY,
    DDL,
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Uuid,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, JSONB
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Mapped, mapped_column

from models.access.privileges import APPLICATION
from models.base import Base, TransactionId
from models.booking import JsonObject


class AuditEntry(Base):
    """One change of a row, or somebody who was shown something, or signed in or out. Never changed; deleted only once
    an archive has it (`models.audit.archiving`).

    Who the actor is their transaction has said (`models.access.acting`); `database_role` is the role it was signed in
    with, which it cannot say otherwise. Where nobody has said who acts, `actor_kind` is `database`.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index(None, "subjects", postgresql_using="gin"),
        Index(None, "actor_id", "actor_name", "at"),
        Index(None, "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("clock_timestamp()"))
    transaction_id: Mapped[int] = mapped_column(TransactionId, server_default=text("pg_current_xact_id()"))
    database_role: Mapped[str] = mapped_column(server_default=text("SESSION_USER"))
    actor_kind: Mapped[str]
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str]
    # `insert`, `update`, `delete`, `forget`, `read`, `sign_in`, `sign_in_attempt`, `sign_out`, `erase`, `archive`
    action: Mapped[str]
    # The table, or what was done to what is not one.
    kind: Mapped[str]
    # Every id that the row names: its own, and the patient's, the doctor's, the hospital's …
    subjects: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid))
    # The row, of an update what changed of it and its key. Of a patient's words only a digest (`AuditDetail`).
    before: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    request_id: Mapped[str | None]
    address: Mapped[str | None]


class AuditDetail(Base):
    """The words about a patient that an entry holds the digest of. Erasing a patient deletes it.

    The digest in the entry, `words`, is the SHA-256 in hexadecimal of the salt and the words (as jsonb writes them), so
    that without both nobody finds out what it was.
    """

    __tablename__ = "audit_detail"

    entry_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("audit_entry.id"), primary_key=True, autoincrement=False
    )
    patient_id: Mapped[uuid.UUID] = mapped_column(index=True)
    salt: Mapped[uuid.UUID]
    before: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))


class AuditUnsealed(Base):
    """An entry that no seal holds as yet."""

    __tablename__ = "audit_unsealed"

    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class AuditSeal(Base):
    """A link of the chain: entries, and a hash over them and over the seal before (`models.audit.functions`)."""

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entries: Mapped[MultiRange[int]] = mapped_column(INT8MULTIRANGE)
    previous: Mapped[bytes] = mapped_column(LargeBinary)  # the hash before; of the first: nothing
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("clock_timestamp()"))


class AuditArchive(Base):
    """A part of the chain that stands in files now: up to which seal, and its hash, from which the rest goes on."""

    __tablename__ = "audit_archive"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    # Those that it holds: their details, and nobody else's, may be deleted (`models.privacy.rules`).
    entries: Mapped[MultiRange[int]] = mapped_column(INT8MULTIRANGE)
    archived_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("clock_timestamp()"))


TABLES = ("audit_entry", "audit_detail", "audit_unsealed", "audit_seal", "audit_archive")

# After the grants of `models.access.privileges`.
event.listen(
    Base.metadata,
    "after_create",
    DDL(f"REVOKE INSERT, UPDATE, DELETE ON {', '.join(TABLES)} FROM {APPLICATION}"),  # type: ignore[no-untyped-call]
)
