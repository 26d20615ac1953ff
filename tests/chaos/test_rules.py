"""Each rule of the checker sees what it is there to see: a story is broken in one way, and that rule complains."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from cli.embedded.databases import create_database
from tests.chaos import check, story
from tests.chaos.breakages import IN_THE_DATABASE, IN_THE_HISTORY
from tests.chaos.history import Recorded, read
from tests.chaos.rules import Evidence
from tests.serving import _at_work_on
from tests.signed_in import Browser
from tests.workers.validation.corrupting import superuser_url

RULES = {rule.__name__: rule for rule in check.RULES}


@dataclass(frozen=True)
class Story:
    """What happened, as it was recorded, and where it is."""

    history: Path
    database_url: str


@pytest.fixture(scope="module")
def told(served, services, town_template, tmp_path_factory) -> Story:
    url = create_database(services.database_url, "slotwise_story", town_template)
    path: Path = tmp_path_factory.mktemp("story") / "history.jsonl"
    with (
        _at_work_on(served, services, url),
        httpx.Client(base_url=served.address, auth=Browser(), timeout=30) as http,
    ):
        story.tell(http, path)
    return Story(path, superuser_url(services, url).replace("+psycopg", ""))


@pytest.fixture
def evidence(told: Story) -> Iterator[Evidence]:
    """The story, to be broken: the test's own copy of the history, and a transaction that is never committed."""
    with psycopg.connect(told.database_url, options=check.OPTIONS) as connection:
        connection.execute("SET session_replication_role = replica")  # no trigger, and so no audit, sees what is broken
        yield Evidence(copy.deepcopy(read(told.history)), connection)
        connection.rollback()


def test_a_story_in_which_all_goes_well_breaks_no_rule(told):
    assert check.check(read(told.history), told.database_url) == []


def test_what_nobody_was_told_of_may_be_there_or_not(told):
    history = read(told.history)
    for operation in history.operations.values():
        for each in operation.tries:
            each.status = each.answer = None
    assert check.check(history, told.database_url) == []


@pytest.mark.parametrize(
    ("rule", "statement"), [(rule, each) for rule, statements in IN_THE_DATABASE.items() for each in statements]
)
def test_what_is_otherwise_in_the_database_is_seen(evidence: Evidence, rule: str, statement: str):
    evidence.connection.execute(statement)
    assert list(RULES[rule](evidence))


@pytest.mark.parametrize(("rule", "break_it"), IN_THE_HISTORY)
def test_what_was_answered_otherwise_is_seen(evidence: Evidence, rule: str, break_it: Callable[[Recorded], None]):
    break_it(evidence.history)
    assert list(RULES[rule](evidence))


def test_who_waits_while_more_than_valkey_hangs_is_let_be(evidence: Evidence):
    dict(IN_THE_HISTORY)["nobody_waits_for_valkey"](evidence.history)
    remarks = evidence.history.remarks
    remarks.insert(1, {**remarks[0], "fault": "freeze-postgresql"})
    remarks.insert(2, {**remarks[2], "fault": "freeze-postgresql"})
    assert not list(RULES["nobody_waits_for_valkey"](evidence))


def test_a_lock_that_is_left_is_seen(told, evidence: Evidence):
    with psycopg.connect(told.database_url) as somebody:
        somebody.execute("SELECT pg_advisory_lock(7)")
        assert [each for each in RULES["no_lock_is_left"](evidence) if "advisory" in each]


def test_every_rule_is_broken_here():
    assert {*IN_THE_DATABASE, *(rule for rule, _ in IN_THE_HISTORY), "no_lock_is_left"} == RULES.keys()
