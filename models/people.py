"""The directory: read-only copies of users and patients that another system keeps."""

import uuid
from enum import StrEnum

from sqlalchemy import CheckConstraint, Computed, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Now, one_of


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


class Patient(Base):
    """Someone who is seen. Patients are not users: they cannot sign in."""

    __tablename__ = "patient"

    id: Mapped[Id]
    external_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    updated_at: Mapped[Now]
