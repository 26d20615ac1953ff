"""What an operator sets: environment variables, or files of the same name below /run/secrets (secrets stay out of both
the image and the environment)."""

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from models.access.issuers import check_issuer
from models.outgoing import MailServer, Sender, check_webhook_secret, check_webhook_url

SECRETS = Path("/run/secrets")
"""Where containers find what is secret."""


def _secret_mail_server(url: SecretStr) -> SecretStr:
    MailServer.of(url.get_secret_value())
    return url


def _sender(text: str) -> str:
    Sender.of(text)
    return text


def _secret_key(secret: SecretStr) -> SecretStr:
    check_webhook_secret(secret.get_secret_value())
    return secret


_Unset = BeforeValidator(lambda value: value or None)
"""An empty variable is one that is not set."""


MOST_DAYS = 3660
"""The farthest that openings can be projected ahead."""


CONFLICTS_LAST_AT_LEAST = 30
"""Days that conflicts are kept at least: a younger one that is gone is a finding of the nightly validation."""

RECORDS_LAST_AT_LEAST = 30
"""Days that records are kept at least: the database forgets none that is younger (`models.audit.told`)."""


def _for_good_or_long(days: int) -> int:
    if 0 < days < RECORDS_LAST_AT_LEAST or days < 0:
        raise ValueError(f"has to be at least {RECORDS_LAST_AT_LEAST}, or 0 to keep them for good")
    return days


class Settings(BaseSettings):
    """Every setting, with its default. Durations are in seconds unless their names say otherwise."""

    model_config = SettingsConfigDict(
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
        frozen=True,
        hide_input_in_errors=True,  # what is refused may be a password
    )

    database_url: str = Field(description="SQLAlchemy URL of PostgreSQL 18, postgresql+psycopg://…")
    owner_database_url: Annotated[str | None, _Unset] = Field(
        None,
        description="The same database for the role that owns the tables, only to migrate it; unset: the one above",
    )
    redis_url: str = Field(description="URL of Redis or Valkey, redis://… or redis+socket://…")

    opening_horizon_days: int = Field(400, ge=1, le=MOST_DAYS, description="How far ahead openings are projected")
    plan_time_limit: float = Field(20.0, gt=0, description="The longest a planning run may solve")
    plan_batch_size: int = Field(1000, ge=1, le=10_000, description="The most requests one planning run takes")
    plan_reach_days: int = Field(14, ge=0, le=366, description="How far outside a window alternatives are looked for")
    reschedule_time_limit: float = Field(60.0, gt=0, description="The longest that a reschedule may solve")
    lease: float = Field(45.0, gt=0, description="How long a planning run holds its requests")
    max_queued: int = Field(100_000, ge=1, description="How many undecided requests there may be; more are put off")
    queue_age_alarm: float = Field(
        300.0, gt=0, description="How long a request may be undecided before that is an alarm"
    )
    max_attempts: int = Field(5, ge=1, le=100, description="How many lost runs make a request fail")
    night_hour: int = Field(2, ge=0, le=23, description="When a hospital's night is validated, by its own clock")
    promote_conflicts: Literal["confirm", "automatic"] = Field(
        "confirm", description="Whether staff confirm an hour that came free for a conflict, or it is booked at once"
    )
    reports_kept_days: int = Field(400, ge=7, description="How long validation reports are kept")
    conflicts_kept_days: int = Field(
        400, ge=CONFLICTS_LAST_AT_LEAST, description="How long the reasons of conflicts are kept whose time is over"
    )
    events_kept_days: int = Field(90, ge=1, description="How long events are kept, and what became of telling them")
    runs_kept_days: int = Field(
        90, ge=RECORDS_LAST_AT_LEAST, description="How long it is kept how planning runs and reschedules were solved"
    )
    requests_kept_days: int = Field(
        800, ge=RECORDS_LAST_AT_LEAST, description="How long requests and reschedules are kept without an appointment"
    )
    appointments_kept_days: Annotated[int, AfterValidator(_for_good_or_long)] = Field(
        3660, description="How long appointments are kept, and what belongs to them; 0: for good"
    )
    sign_in_idle_minutes: int = Field(60, ge=1, description="How long somebody who does nothing stays signed in")
    sign_in_hours: int = Field(12, ge=1, le=24 * 30, description="How long somebody stays signed in at most")
    oidc_issuer: Annotated[Annotated[str, AfterValidator(check_issuer)] | None, _Unset] = Field(
        None, description="The provider of OpenID Connect by which people may sign in; unset: with passwords only"
    )
    oidc_client_id: Annotated[str | None, _Unset] = Field(None, description="What it knows this server by")
    oidc_client_secret: Annotated[SecretStr | None, _Unset] = Field(
        None, description="What this server proves that with; unset: it is a public client"
    )
    oidc_name: str = Field("your hospital account", min_length=1, description="What people call it: Sign in with …")
    sweep_every: float = Field(5.0, gt=0, description="How often beat rings for what is left queued")
    heartbeat_file: Annotated[Path | None, _Unset] = Field(
        None, description="A file that beat touches as long as it goes on; unset: none"
    )
    drain_seconds: float = Field(30.0, ge=0, description="How long a worker that is told to end goes on with its work")
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="Where metrics are told to whoever asks; unset: nowhere"
    )
    metrics_host: str = Field("127.0.0.1", description="The address on which they are")
    log_json: bool = Field(default=False, description="Log lines as JSON (for machines) rather than text")

    webhook_url: Annotated[Annotated[str, AfterValidator(check_webhook_url)] | None, _Unset] = Field(
        None, description="Where every event is posted; unset: nowhere"
    )
    webhook_secret: Annotated[Annotated[SecretStr, AfterValidator(_secret_key)] | None, _Unset] = Field(
        None, description="What they are signed with, whsec_…"
    )
    smtp_url: Annotated[Annotated[SecretStr, AfterValidator(_secret_mail_server)] | None, _Unset] = Field(
        None, description="The server that takes mails to patients, smtp://… or smtps://…; unset: none are sent"
    )
    mail_from: Annotated[Annotated[str, AfterValidator(_sender)] | None, _Unset] = Field(
        None, description="Whom mails to patients come from"
    )
    delivery_attempts: int = Field(16, ge=1, le=100, description="How often a message is tried before it is dead")
    delivery_first_wait: float = Field(10.0, gt=0, description="How long the second attempt waits; then ever longer")
    delivery_longest_wait: float = Field(21_600.0, gt=0, description="The longest that an attempt waits")
    delivery_lease: float = Field(120.0, gt=0, description="How long an attempt may take before another is made")

    @property
    def sign_in_idle(self) -> timedelta:
        """How long somebody who does nothing stays signed in."""
        return timedelta(minutes=self.sign_in_idle_minutes)

    @field_validator("database_url", "owner_database_url")
    @classmethod
    def _is_postgresql(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parsed = make_url(url)
        except ArgumentError:
            parsed = None
        if parsed is None or parsed.drivername not in {"postgresql", "postgresql+psycopg"}:
            raise ValueError("has to be written like postgresql+psycopg://user:password@host/database")
        return url

    @model_validator(mode="after")
    def _lease_outlasts_planning(self) -> Self:
        """A run reads, explains, verifies and commits besides solving; one that always outlasted its lease would
        never commit, and its requests would end failed.
        """
        if self.lease < 2 * self.plan_time_limit:
            raise ValueError(
                f"lease ({self.lease:g} s) has to be at least twice plan_time_limit ({self.plan_time_limit:g} s)"
            )
        return self

    @model_validator(mode="after")
    def _pairs_are_whole(self) -> Self:
        """A webhook is always signed, a mail always has a sender, and a provider always knows us by an id."""
        lone = [
            f"{name} is set without {other}; set both or neither"
            for pair in (
                ("webhook_url", "webhook_secret"),
                ("smtp_url", "mail_from"),
                ("oidc_issuer", "oidc_client_id"),
            )
            for name, other in (pair, pair[::-1])
            if getattr(self, name) is not None and getattr(self, other) is None
        ]
        if lone:
            raise ValueError("; ".join(lone))
        return self


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises
    ------
    pydantic.ValidationError
        naming every variable that is missing or out of range.
    """
    return Settings()
