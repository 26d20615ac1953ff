"""The little network of the workers' tests."""

from tests.workers.conftest import claimed, engine, network, now, terms, transact

__all__ = ["claimed", "engine", "network", "now", "terms", "transact"]
