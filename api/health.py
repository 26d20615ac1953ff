"""Whether this process lives, and whether it can do its work."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.broker import find_trouble
from api.problems import Halt
from models.migrate import find_schema
from models.seeing.broker import Trouble
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
    schema_version: str = Field(description="The newest migration that the database has", examples=["0001"])
    broker: Literal["reachable"] | Trouble = Field(
        description="What keeps Redis from taking messages, if anything does; requests are queued all the same and "
        "planned a little later"
    )


@router.get("/healthz", summary="Is this process alive?")
async def alive() -> Alive:
    """Answers as long as the process does; asks nothing of anyone."""
    return Alive()


@router.get("/readyz", summary="Can this process do its work?")
def ready() -> Ready:
    """Ready where the database answers and has the newest schema, or one of a later version that serves this one, too;
    503 otherwise. The broker is told of, not needed.
    """
    with transaction() as session:
        schema = find_schema(session.connection())
    if not schema.will_do:
        raise Halt("unavailable", schema.told, {"Retry-After": "5"})
    trouble = find_trouble(settings().redis_url, patience=_TIMEOUT)
    return Ready(schema_version=schema.found or "", broker=trouble or "reachable")
