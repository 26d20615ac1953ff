"""A database that was restored into another cluster, whose transactions count from another number."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.embedded import EmbeddedServices
from cli.embedded.databases import cloned_database, create_database
from cli.embedded.folder import temporary_data_folder
from models import outbox
from models.deliveries.handing import hand_on
from models.deliveries.tables import Channel
from tests.workers.validation.corrupting import alone, run_program
from tests.workers.validation.lived_in import now
from tests.workers.validation.validating import Validating, subjects
from workers.validation.rules.outbox import OUTBOX
from workers.validation.steps import STEPS

AHEAD = "transaction_id = (transaction_id::text::bigint + 1000000)::text::xid8"
"""Whatever the numbers of the two clusters happen to be: the first one was far ahead."""


@pytest.fixture
def database_url(services, lived_in, tmp_path):
    """The network's database, dumped and restored into a cluster of its own."""
    with cloned_database(services.database_url, lived_in) as url:
        dump = run_program("pg_dump", url, tmp_path, "--format=custom")
    with temporary_data_folder() as folder, EmbeddedServices(folder, environ={}, durable=False) as other:
        restored = create_database(other.database_url, "restored")
        run_program("pg_restore", restored, tmp_path, "--exit-on-error", "--dbname=restored", dump=dump)
        yield restored


@pytest.fixture
def validating(engine, chosen) -> Validating:
    return Validating(engine, chosen, now(), STEPS)


def hear(session) -> int:
    return hand_on(session, Channel.WEBHOOK, 1000)


def test_messages_from_elsewhere_are_found_and_mended_by_the_statement_that_is_told(engine, chosen, validating):
    with Session(engine) as session, session.begin():
        session.execute(text(f"UPDATE outbox_message SET {AHEAD}"))
        session.execute(text(f"UPDATE delivery_cursor SET {AHEAD}"))
        last = session.scalar(text("SELECT max(id) FROM outbox_message"))
        heard = session.scalar(text("SELECT message_id FROM delivery_cursor WHERE channel = 'webhook'"))
    with Session(engine) as session, session.begin():
        outbox.tell(session, "hospital.changed", [{}])
    with Session(engine) as session:
        assert hear(session) == 0  # nobody hears of what happens from now on

    [finding] = validating.report()
    assert subjects([finding]) == [("outbox_from_elsewhere", "rule:outbox_message.transaction_id")]
    alone(engine, finding.remedy["sql"])
    assert validating.report() == []

    with Session(engine) as session, session.begin():
        ids = [each.id for each in outbox.read(session, outbox.START, 1000)]
        assert ids == sorted(ids)
        assert ids[-1] > last
        assert hear(session) == sum(id_ > heard for id_ in ids)
    with Session(engine) as session, session.begin():
        outbox.tell(session, "hospital.changed", [{}])
    with Session(engine) as session, session.begin():
        assert hear(session) == 1


def test_a_channel_that_is_ahead_of_all_messages_is_found_too(engine, chosen):
    with Session(engine) as session, session.begin():
        session.execute(text("UPDATE outbox_message SET transaction_id = '0'"))  # as if it had been written here
        session.execute(text(f"UPDATE delivery_cursor SET {AHEAD}"))
    validating = Validating(engine, chosen, now(), (OUTBOX,))
    [finding] = validating.report()
    assert finding.facts == {"messages": 0, "channels": 2}
    alone(engine, finding.remedy["sql"])
    assert validating.report() == []
    with Session(engine) as session, session.begin():
        outbox.tell(session, "hospital.changed", [{}])
    with Session(engine) as session, session.begin():
        assert hear(session) > 0
