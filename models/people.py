"""The directory: read-only copies of users and patients that another system keeps."""

import uuid
from enum import StrEnum

from sqlalchemy import (
    DDL,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Now, one_of


class Role(StrEnum):
    """What a user is."""

    DOCTOR = "doctor"
    STAFF = "staff"
    ADMIN = "admin"
    SERVICE = "service"


class User(Base):
    """A doctor or another member of staff, as the hospital system knows them. (`user` is a reserved word in SQL.)"""

    __tablename__ = "app_user"
    # A doctor's row refers to both, so that only a user with that role can be one.
    __table_args__ = (UniqueConstraint("id", "role"),)

    id: Mapped[Id]
    external_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    email: Mapped[str | None]
    role: Mapped[Role] = mapped_column(one_of(Role, "role_known"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    updated_at: Mapped[Now]


class Doctor(Base):
    """A user who sees patients. Shares the user's id."""

    __tablename__ = "doctor"
    __table_args__ = (ForeignKeyConstraint(["id", "role"], ["app_user.id", "app_user.role"]),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(32), Computed("'doctor'", persisted=True))


class DoctorSpecialty(Base):
    """One specialty of a doctor, in lower case."""

    __tablename__ = "doctor_specialty"
    __table_args__ = (CheckConstraint("specialty <> '' AND specialty = lower(specialty)", name="in_lower_case"),)

    doctor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("doctor.id", ondelete="CASCADE"), primary_key=True)
    specialty: Mapped[str] = mapped_column(primary_key=True, index=True)


SEARCH_WORDS = r"""
CREATE FUNCTION search_words(value text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT coalesce(array_to_tsvector(array_agg(DISTINCT "left"(word, 100))), ''::tsvector)
    FROM regexp_split_to_table(
        translate(
            replace(replace(replace(replace(
                regexp_replace(normalize(lower(value), NFD), U&'[\0300-\036F]', '', 'g'),
                'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
            'øłđðħŧı', 'olddhti'),
        U&'[\0001-\002F\003A-\0060\007B-\00BF\2000-\206F\3000]+') AS word
    WHERE word <> ''
)
"""
"""The words of a text, without accents and in lower case; `Ana-Maria` is two.

PostgreSQL's own `unaccent` is not used: it is not immutable, so no index may rest on it, and it is one more extension
to install and restore. Unicode takes a letter and its accent apart (NFD), the accents are dropped, and the few letters
that have none to drop are written out. Source: PostgreSQL 18 manual, String Functions (normalize); Unicode Annex 15.
"""

event.listen(Base.metadata, "before_create", DDL(SEARCH_WORDS))  # type: ignore[no-untyped-call]


ERASED_NAME = "Erased patient"


class Patient(Base):
    """Someone who is seen. Patients are not users: they cannot sign in."""

    __tablename__ = "patient"
    __table_args__ = (
        # As PostgreSQL writes it, since `alembic check` compares the text.
        Index(
            "patient_search_index",
            text("search_words((name::text || ' '::text) || external_id::text)"),
            postgresql_using="gin",
        ),
        CheckConstraint(
            f"erased_at IS NULL OR NOT active AND email IS NULL AND name = '{ERASED_NAME}'"
            " AND external_id = 'erased-' || id::text",
            name="erased_for_good",
        ),
    )

    id: Mapped[Id]
    external_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    updated_at: Mapped[Now]
    email: Mapped[str | None]
    # Since then nothing tells who it was (`models.privacy.erasing`).
    erased_at: Mapped[Instant | None]
