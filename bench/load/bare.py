"""The reference for how many requests a second can be accepted: one row inserted and committed, and nothing else.

The same server stack as the API's: uvicorn, FastAPI, SQLAlchemy and psycopg on the same PostgreSQL, with as many
connections and threads.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import text

from models.session import make_engine

_MAKE = text("CREATE TABLE bare_row (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, words text NOT NULL)")
_INSERT = text("INSERT INTO bare_row (words) VALUES (:words) RETURNING id")

_engine = make_engine(os.environ["BARE_DATABASE_URL"], pool_size=20, application="bare")


@asynccontextmanager
async def _with_table(_app: FastAPI) -> AsyncIterator[None]:
    with _engine.begin() as connection:
        connection.execute(_MAKE)
    yield


app = FastAPI(lifespan=_with_table)


class Row(BaseModel):
    """What is sent."""

    words: str


@app.get("/healthz")
async def alive() -> dict[str, str]:
    """It serves."""
    return {"status": "alive"}


@app.post("/rows", status_code=201)
def insert(row: Row) -> dict[str, int]:
    """Keep one row."""
    with _engine.begin() as connection:
        return {"id": connection.execute(_INSERT, {"words": row.words}).scalar_one()}
