"""Every process and the schema are replaced while callers ask, and nothing that was acknowledged is lost."""

from pathlib import Path

import pytest

from models.session import make_engine
from tests.upgrade.rehearsal import FEW, Rehearsal, Release
from tests.upgrade.releases import ADDED, migrate_to

CHECKOUT = Release(Path(__file__).resolve().parents[2])


@pytest.fixture
def engine(database_url):
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


def test_a_rolling_upgrade_loses_nothing_and_repeats_nothing(engine, database_url, service_environment, tmp_path):
    rehearsal = Rehearsal(engine, service_environment, tmp_path, print, FEW)
    outcome = rehearsal.play(CHECKOUT, lambda: migrate_to(database_url, ADDED), CHECKOUT)
    assert outcome.complaints == []
    assert set(outcome.ended) == {f"old {kind}" for kind in FEW}
    assert outcome.heard.unanswered > 0, "nobody met a process that had ended"
