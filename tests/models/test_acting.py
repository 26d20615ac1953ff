"""A transaction says who acts in it, and may still be of any kind."""

import json

import pytest
from sqlalchemy import text

from models.access.acting import Actor, ActorKind, acting
from models.session import transaction

WORKER = Actor(ActorKind.WORKER, 'wörker\'s \\ % :name "7"; DROP TABLE patient')


@pytest.mark.usefixtures("api")
def test_who_acts_is_said_to_the_letter_and_as_of_one_moment_can_still_be_read():
    with acting(WORKER), transaction() as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        said = session.scalar(text("SELECT current_setting('slotwise.actor')"))
        assert session.scalar(text("SHOW transaction_isolation")) == "repeatable read"
    assert json.loads(said) == {"kind": "worker", "name": WORKER.name}


@pytest.mark.usefixtures("api")
def test_the_next_transaction_does_not_say_it():
    with acting(WORKER), transaction() as session:
        session.execute(text("SELECT 1"))
    with transaction() as session:
        assert not session.scalar(text("SELECT current_setting('slotwise.actor', true)"))
