"""What an operator sets: environment variables, or files of the same name below /run/secrets (secrets stay out of both
the image and the environment)."""

from functools import cache
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

SECRETS = Path("/run/secrets")
"""Where containers find what is secret."""


class Settings(BaseSettings):
    """Every setting, with its default. Durations are in seconds unless their names say otherwise."""

    model_config = SettingsConfigDict(secrets_dir=SECRETS if SECRETS.is_dir() else None, frozen=True)

    database_url: str = Field(description="SQLAlchemy URL of PostgreSQL 18, postgresql+psycopg://…")
    redis_url: str = Field(description="URL of Redis or Valkey, redis://… or redis+socket://…")

    opening_horizon_days: int = Field(400, ge=1, le=3660, description="How far ahead openings are projected")
    plan_time_limit: float = Field(20.0, gt=0, description="The longest a planning run may solve")
    plan_batch_size: int = Field(1000, ge=1, le=10_000, description="The most requests one planning run takes")
    plan_reach_days: int = Field(14, ge=0, le=366, description="How far outside a window alternatives are looked for")
    lease: float = Field(45.0, gt=0, description="How long a planning run holds its requests")
    max_attempts: int = Field(5, ge=1, le=100, description="How many lost runs make a request fail")
    sweep_every: float = Field(5.0, gt=0, description="How often beat rings for what is left queued")
    log_json: bool = Field(default=False, description="Log lines as JSON (for machines) rather than text")

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, url: str) -> str:
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


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises
    ------
    pydantic.ValidationError
        naming every variable that is missing or out of range.
    """
    return Settings()
