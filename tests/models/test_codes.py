"""A one-time code signs in the one it was made for, once, until it expires."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.access.codes import make_code, take_code
from models.access.tables import OneTimeCode
from tests.models.network import NOW

LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def user(network):
    return network.doctors[0]


def test_a_code_counts_once_and_says_what_it_is_for(session, user):
    code = make_code(session, user, LATER, sets_password=True)
    taken = take_code(session, user, code, NOW)
    assert taken is not None
    assert (taken.user_id, taken.sets_password) == (user, True)
    assert take_code(session, user, code, NOW) is None


def test_a_code_is_read_aloud_without_mistakes_and_typed_carelessly(session, user):
    code = make_code(session, user, LATER, sets_password=False)
    groups = code.split("-")
    assert [len(group) for group in groups] == [4, 4, 4]
    assert not set("".join(groups)) & set("01IOio")
    assert take_code(session, user, f" {code.lower().replace('-', ' ')} ", NOW) is not None


def test_no_two_codes_are_alike_and_none_is_stored_as_it_is(session, user):
    codes = {make_code(session, user, LATER, sets_password=False) for _ in range(50)}
    assert len(codes) == 50
    stored = session.scalars(select(OneTimeCode.code_sha256)).one()
    assert not any(code.replace("-", "").encode() in stored for code in codes)


def test_a_new_code_takes_the_place_of_the_one_before(session, user):
    before = make_code(session, user, LATER, sets_password=True)
    after = make_code(session, user, LATER, sets_password=False)
    assert take_code(session, user, before, NOW) is None
    taken = take_code(session, user, after, NOW)
    assert taken is not None
    assert not taken.sets_password


def test_a_code_of_somebody_else_an_expired_one_and_a_wrong_one_are_none(session, network, user):
    code = make_code(session, user, LATER, sets_password=False)
    assert take_code(session, network.doctors[1], code, NOW) is None
    assert take_code(session, user, code, LATER) is None
    assert take_code(session, user, "", NOW) is None
    assert take_code(session, user, f"{code[:-1]}0", NOW) is None
    assert take_code(session, user, "\ud800\0", NOW) is None
    assert take_code(session, user, code, NOW) is not None


def take_after_a_look(session, user, typed, _):
    """What `take_code` must not be: a look, and a deletion apart from it."""
    found = session.scalar(select(OneTimeCode).where(OneTimeCode.user_id == user))
    if found:
        meet.wait()
        session.execute(delete(OneTimeCode).where(OneTimeCode.user_id == user))
    return found


meet = Barrier(2)


@pytest.mark.parametrize(("take", "let_in"), [(take_code, 1), (take_after_a_look, 2)])
def test_of_two_who_type_a_code_at_once_one_is_let_in(engine, session, network, user, take, let_in):
    code = make_code(session, user, LATER, sets_password=False)
    session.commit()
    start = Barrier(2)

    def type_it(_):
        with Session(engine) as own, own.begin():
            start.wait()
            return take(own, user, code, NOW) is not None

    with ThreadPoolExecutor(2) as people:
        assert sum(people.map(type_it, range(2))) == let_in
