"""What is counted wherever it happens, in the API as in the workers."""

from sqlalchemy import Engine, event

from models.seeing.measuring import Counter, Gauge

BELLS_NOT_RUNG = Counter(
    "slotwise_bells_not_rung_total", "Times that the broker could not be told of work; beat tells it later"
)
CONNECTIONS = Gauge("slotwise_database_connections", "Connections to the database in use", multiprocess_mode="livesum")
FULLEST_POOL = Gauge(
    "slotwise_database_pool_used_ratio",
    "Connections in use, as a part of those that a process may have; of the process that uses most of its own",
    multiprocess_mode="livemax",
)


def watch_pool(engine: Engine, most: int) -> None:
    """Tell how many of the connections of an engine are in use, of `most` that it may have."""
    pool = engine.pool

    def tell(in_use: int) -> None:
        CONNECTIONS.set(in_use)
        FULLEST_POOL.set(in_use / most)

    # A connection counts as in use until just after it is told to be given back.
    event.listen(pool, "checkout", lambda *_: tell(pool.checkedout()))  # type: ignore[attr-defined]
    event.listen(pool, "checkin", lambda *_: tell(max(0, pool.checkedout() - 1)))  # type: ignore[attr-defined]
