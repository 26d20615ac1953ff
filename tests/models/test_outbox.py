"""Messages are read in an order that misses none, even where a transaction that began earlier commits later."""

from sqlalchemy.orm import Session

from models.outbox import START, Position, read, tell


def topics(session: Session, after: Position = START) -> list[str]:
    return [message.topic for message in read(session, after, 100)]


def test_messages_are_read_in_order_from_where_a_reader_is(session, engine):
    for topic in ("one", "two", "three"):
        tell(session, topic, [{"id": topic}])
        session.commit()
    first = read(session, START, 1)[0]
    assert topics(session, Position(int(first.transaction_id), first.id)) == ["two", "three"]


def test_a_message_that_commits_late_is_not_stepped_over(session, engine):
    with Session(engine) as slow, Session(engine) as quick:
        tell(slow, "slow", [{}])
        slow.flush()
        tell(quick, "quick", [{}])
        quick.commit()
        assert topics(session) == []  # not even the quick one: a reader past it would never see the slow one
        session.rollback()
        slow.commit()
        assert topics(session) == ["slow", "quick"]
