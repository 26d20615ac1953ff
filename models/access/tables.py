"""Who can sign in or has a token, and what is kept of that. Secrets are stored as digests only."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Now, one_of


class SignInMethod(StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105
    CODE = "code"  # a one-time code
    OIDC = "oidc"


class UserHospital(Base):
    """A hospital where a member of staff acts. An admin acts at all of them; a doctor's follow from the schedule."""

    __tablename__ = "user_hospital"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    hospital_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("hospital.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Account(Base):
    """A user who can sign in with a password. No row: by OpenID Connect only, or not at all."""

    __tablename__ = "account"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    password_hash: Mapped[str | None]  # argon2id, with its parameters and salt
    password_set_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[Now]


class OneTimeCode(Base):
    """A code that lets a user sign in once, until it expires; a new one takes the place of the one before."""

    __tablename__ = "one_time_code"
    __table_args__ = (CheckConstraint("octet_length(code_sha256) = 32", name="code_hashed"),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    code_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    # Whether the user has to choose a password before anything else.
    sets_password: Mapped[bool]
    expires_at: Mapped[Instant]
    created_at: Mapped[Now]


class SignIn(Base):
    """Somebody who is signed in, in one browser, until they sign out, are signed out, or it expires."""

    __tablename__ = "sign_in"
    __table_args__ = (
        CheckConstraint("octet_length(secret_sha256) = 32", name="secret_hashed"),
        Index(None, "user_id", "id"),
        Index(None, "expires_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    method: Mapped[SignInMethod] = mapped_column(one_of(SignInMethod, "method_known"))
    # Until then nothing can be done but choosing a password.
    must_set_password: Mapped[bool]
    address: Mapped[str | None]
    browser: Mapped[str | None]
    created_at: Mapped[Now]
    last_seen_at: Mapped[Now]
    expires_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SignInFailure(Base):
    """An attempt to sign in that failed: what throttles the next ones. `account_sha256` is of the name as typed."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index(None, "account_sha256", "at"), Index(None, "address", "at"), Index(None, "at"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    account_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    address: Mapped[str]
    at: Mapped[Now]


class OidcIdentity(Base):
    """Whom a provider of OpenID Connect means by a subject; one subject for each user."""

    __tablename__ = "oidc_identity"
    __table_args__ = (UniqueConstraint("user_id", "issuer"),)

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    created_at: Mapped[Now]


class OidcAttempt(Base):
    """Somebody who was sent to the provider and has not come back yet. Used once."""

    __tablename__ = "oidc_attempt"
    __table_args__ = (Index(None, "created_at"),)

    state_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    nonce: Mapped[str]
    code_verifier: Mapped[str]
    next: Mapped[str]
    created_at: Mapped[Now]


class AccessToken(Base):
    """A system's way in: what it may do, where, and until when."""

    __tablename__ = "access_token"
    __table_args__ = (
        CheckConstraint("name <> ''", name="named"),
        CheckConstraint("octet_length(secret_sha256) = 32", name="secret_hashed"),
        CheckConstraint("cardinality(scopes) > 0", name="allows_something"),
        CheckConstraint("revoked_at >= created_at", name="revoked_once_made"),
    )

    id: Mapped[Id]
    name: Mapped[str]
    # Its first letters, by which people tell it from others.
    prefix: Mapped[str]
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    # True: at every hospital, those to come among them; False: at those of `access_token_hospital`.
    everywhere: Mapped[bool]
    created_at: Mapped[Now]
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AccessTokenHospital(Base):
    """A hospital where a token acts."""

    __tablename__ = "access_token_hospital"

    token_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_token.id", ondelete="CASCADE"), primary_key=True)
    hospital_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("hospital.id", ondelete="CASCADE"), primary_key=True, index=True
    )
