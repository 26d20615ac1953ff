"""Whether this process lives, and whether it can do its work."""

from functools import cache
from typing import Literal

import redis
from alembic.script import ScriptDirectory
from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from api.problems import Halt
from models.migrate import alembic_config
from models.redis_urls import for_redis_py
from models.session import transaction
from models.settings import settings

router = APIRouter(tags=["Health"])

_TIMEOUT = 1.0
"""Seconds to wait for the broker."""


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """The process can do its work."""

    status: Literal["ready"] = "ready"
    database: Literal["reachable"] = "reachable"
    schema_version: str = Field(description="The newest migration, which the database has", examples=["0001"])
    broker: Literal["reachable", "away"] = Field(
        description="Where away, requests are queued all the same and planned a little later"
    )


@router.get("/healthz", summary="Is this process alive?")
async def alive() -> Alive:
    """Answers as long as the process does; asks nothing of anyone."""
    return Alive()


@router.get("/readyz", summary="Can this process do its work?")
def ready() -> Ready:
    """Ready where the database answers and has the newest schema; 503 otherwise. The broker is told of, not needed."""
    wanted = _newest_schema()
    try:
        with transaction() as session:
            found = session.scalar(text("SELECT version_num FROM alembic_version"))
    except ProgrammingError:
        found = None  # never migrated
    if found != wanted:
        detail = f"The database has the schema {found or 'of no migration'}, this needs {wanted}; run the migrations."
        raise Halt("unavailable", detail, {"Retry-After": "5"})
    return Ready(schema_version=wanted, broker="reachable" if _broker_answers() else "away")


@cache
def _newest_schema() -> str:
    head = ScriptDirectory.from_config(alembic_config(settings().database_url)).get_current_head()
    if head is None:
        raise RuntimeError("there are no migrations")
    return head


def _broker_answers() -> bool:
    client = redis.Redis.from_url(
        for_redis_py(settings().redis_url),
        socket_timeout=_TIMEOUT,
        socket_connect_timeout=_TIMEOUT,
        retry=None,
    )
    try:
        with client:
            return bool(client.ping())
    except redis.RedisError:
        return False
