"""What losing a day would do: which days are looked at, whom losing them displaces, and who finds another hour."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from models.people import User
from models.rescheduling.inputs import Policy
from models.validation.jobs import POLICY, queue_report
from models.validation.tables import Fragility, ReportStatus, ValidationReport
from workers.validation import fragility, run
from workers.validation.claims import claim_report
from workers.validation.fragility import FRAGILITY
from workers.validation.run import validate_next
from workers.validation.step import Scope

MONDAY = date(2030, 1, 7)
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def nobody_hears_the_bell(monkeypatch):
    monkeypatch.setattr(run, "ring", lambda _task: None)


@pytest.fixture
def validated(engine, chosen, now):
    """What a validation says of the days ahead."""

    def validate(hospital: UUID | None = None, at: datetime = now, **policy: object) -> list[Fragility]:
        with Session(engine) as session, session.begin():
            report = queue_report(session, hospital, Policy.model_validate(POLICY.model_dump() | policy), at)
        assert validate_next(chosen, worker="w", clock=lambda: at, steps=[FRAGILITY])
        with Session(engine) as session:
            made = session.get_one(ValidationReport, report)
            assert (made.status, made.unchecked) == (ReportStatus.FINISHED, [])
            order = (Fragility.date, Fragility.hospital_id, Fragility.doctor_id.nulls_first())
            found = session.scalars(select(Fragility).where(Fragility.report_id == report).order_by(*order)).all()
            assert made.done == len(found)
            assert all(row.proved for row in found)
            return list(found)

    return validate


@pytest.fixture
def clinic(network):
    """Two cardiologists who are there on Tuesday from 9 to 12, the second on Wednesday at 9 as well."""
    hospital = network.hospital()
    doctors = network.doctor("cardiology"), network.doctor("cardiology")
    for doctor in doctors:
        network.availability(doctor, hospital, 9, 12, day=1)
    network.availability(doctors[1], hospital, 9, 10, day=2)
    return hospital, *doctors


def figures(rows: list[Fragility]) -> list[tuple[date, UUID | None, int, int]]:
    """Date, doctor (None: the hospital), appointments, and how many could be placed again."""
    return [(row.date, row.doctor_id, row.appointments, row.replaceable) for row in rows]


def test_where_nothing_is_booked_there_is_nothing_to_lose(clinic, validated):
    assert validated() == []


def test_a_day_of_a_doctor_and_of_the_hospital(network, clinic, validated):
    hospital, first, second = clinic
    for hour in (9, 10, 11):
        network.appointment(first, hospital, hour, day=1)
    network.appointment(second, hospital, 9, day=1)
    rows = validated()
    assert sorted(figures(rows), key=str) == sorted(
        [(TUESDAY, None, 4, 1), (TUESDAY, first, 3, 3), (TUESDAY, second, 1, 1)], key=str
    )
    assert {row.hospital_id for row in rows} == {hospital}


def test_who_could_not_is_named(network, clinic, validated):
    hospital, first, second = clinic
    appointments = {network.appointment(first, hospital, hour, day=1) for hour in (9, 10, 11)}
    for hour in (9, 10):
        network.appointment(second, hospital, hour, day=1)
    network.appointment(second, hospital, 9, day=2)
    (row,) = (row for row in validated() if row.doctor_id == first)
    assert (row.appointments, row.replaceable) == (3, 1)
    assert len(row.stranded) == 2
    assert appointments.issuperset(row.stranded)


def test_the_more_important_ones_come_first(network, clinic, validated):
    hospital, first, second = clinic
    early, late = (network.appointment(first, hospital, hour, day=1) for hour in (9, 10))
    network.asked_within(late, 0, 480, priority="urgent")
    for hour in (9, 10):
        network.appointment(second, hospital, hour, day=1)
    network.appointment(second, hospital, 9, day=2)
    (row,) = (row for row in validated() if row.doctor_id == first)
    assert row.stranded == [early]


def test_what_has_begun_and_what_is_cancelled_is_not_lost(network, clinic, validated):
    hospital, first, _ = clinic
    network.appointment(first, hospital, 9, day=1)
    cancelled = network.appointment(first, hospital, 10, day=1)
    network.write(text(f"UPDATE appointment SET status = 'cancelled' WHERE id = '{cancelled}'"))
    assert [row.appointments for row in validated(at=network.at(9, 1))] == [1, 1]
    assert validated(at=network.at(9.25, 1)) == []


def test_two_weeks_from_today_are_looked_at(network, validated):
    hospital, doctor = network.hospital(), network.doctor()
    for day in (0, 13, 14):
        network.availability(doctor, hospital, 9, 10, day=day)
        network.appointment(doctor, hospital, 9, day=day)
    assert {row.date for row in validated()} == {MONDAY, MONDAY + timedelta(days=13)}


def test_a_day_is_one_by_the_clock_of_the_hospital(network, validated):
    """It is still Monday in Honolulu where an appointment is that is on Tuesday by UTC."""
    hospital, doctor = network.hospital("Pacific/Honolulu"), network.doctor()
    network.availability(doctor, hospital, 0, 24, day=1)
    network.appointment(doctor, hospital, 9, day=1)
    network.appointment(doctor, hospital, 10, day=1)
    assert {(row.date, row.appointments) for row in validated()} == {(MONDAY, 1), (TUESDAY, 1)}


@pytest.mark.parametrize(("sunday", "hours"), [(date(2030, 3, 31), 23), (date(2030, 10, 27), 25)])
def test_a_day_on_which_clocks_are_changed_is_whole(network, validated, sunday, hours):
    hospital, doctor = network.hospital("Europe/Lisbon", days=330), network.doctor()
    day = (sunday - MONDAY).days
    summer = timedelta(hours=hours == 25)  # before the change
    network.availability(doctor, hospital, -24, 72, day=day)
    for hour in (-1, 0, hours - 1, hours):
        network.appointment(doctor, hospital, hour - summer / timedelta(hours=1), day=day)
    rows = validated(hospital, at=datetime.combine(sunday, datetime.min.time(), UTC) - timedelta(days=2))
    assert {row.date: row.appointments for row in rows} == {
        sunday - timedelta(days=1): 1,
        sunday: 2,
        sunday + timedelta(days=1): 1,
    }


def test_a_doctor_who_is_away_is_away_everywhere(network, validated):
    """And a doctor's day is one by the clock of the hospital whose figures these are."""
    here, there = network.hospital(), network.hospital("Asia/Kolkata")
    doctor, other = network.doctor("cardiology"), network.doctor("cardiology")
    network.availability(doctor, here, 9, 10, day=1)
    network.availability(doctor, there, 10.5, 20.5, day=1)
    network.availability(other, there, 10.5, 11.5, day=1)
    at_home = network.appointment(doctor, here, 9, day=1)
    network.appointment(doctor, there, 10.5, day=1)
    network.appointment(doctor, there, 19.5, day=1)  # on Wednesday by the clock there
    rows = {(row.hospital_id, row.date, row.doctor_id): row for row in validated(same_hospital=True)}
    row = rows[here, TUESDAY, doctor]
    assert (row.appointments, row.replaceable) == (3, 1)
    assert at_home in row.stranded
    assert rows[there, TUESDAY, doctor].appointments == 2
    assert rows[here, TUESDAY, None].appointments == 1
    assert rows[there, TUESDAY + timedelta(days=1), doctor].appointments == 1
    assert figures(validated(here)) == figures([each for each in rows.values() if each.hospital_id == here])


@pytest.mark.parametrize(
    ("policy", "replaceable"),
    [
        ({}, 2),
        ({"same_doctor": True}, 1),
        ({"notice_hours": 24 * 3}, 1),
        ({"within_days": 1}, 1),
        ({"latest": "2030-01-08T12:00:00Z"}, 1),
        ({"latest": "2030-01-01T00:00:00Z"}, 0),
    ],
)
def test_the_policy_of_the_report_decides(network, clinic, validated, policy, replaceable):
    """The second cardiologist has an hour on Tuesday, and the first one on Friday."""
    hospital, first, second = clinic
    network.availability(first, hospital, 9, 10, day=4)
    for hour in (9, 10):
        network.appointment(first, hospital, hour, day=1)
    for hour in (9, 10):
        network.appointment(second, hospital, hour, day=1)
    network.appointment(second, hospital, 9, day=2)
    (row,) = (row for row in validated(**policy) if row.doctor_id == first)
    assert (row.appointments, row.replaceable) == (2, replaceable)


def test_nobody_else_moves_to_make_room(network, clinic, validated):
    hospital, first, second = clinic
    network.appointment(first, hospital, 9, day=1)
    for hour in (9, 10, 11):
        network.appointment(second, hospital, hour, day=1)
    assert figures(
        [row for row in validated(latest="2030-01-08T12:00:00Z", others_move=True) if row.doctor_id == first]
    ) == [(TUESDAY, first, 1, 0)]


def test_nobody_looks_for_an_hour_for_a_patient_who_has_left(network, clinic, validated):
    hospital, first, _ = clinic
    gone = network.appointment(first, hospital, 9, patient=network.patient(active=False), day=1)
    network.appointment(first, hospital, 10, day=1)
    for row in validated():
        assert (row.appointments, row.replaceable, row.stranded) == (2, 1, [gone])


def test_what_else_patients_have_is_not_overlapped(network, clinic, validated):
    hospital, first, second = clinic
    patient, elsewhere, third = network.patient(), network.hospital(), network.doctor("dermatology")
    network.availability(third, elsewhere, 9, 12, day=1)
    moved = network.appointment(first, hospital, 9, patient=patient, day=1)
    network.appointment(third, elsewhere, 11, patient=patient, day=1)
    for hour in (9, 10):
        network.appointment(second, hospital, hour, day=1)
    (row,) = (row for row in validated(latest="2030-01-08T12:00:00Z") if row.doctor_id == first)
    assert row.stranded == [moved]


def test_a_doctor_who_has_left_sees_nobody_and_leaves_a_day_all_the_same(network, clinic, validated):
    hospital, first, second = clinic
    network.appointment(first, hospital, 9, day=1)
    network.write(update(User).where(User.id.in_([first, second])).values(active=False))
    assert {(row.doctor_id, row.replaceable) for row in validated()} == {(None, 0), (first, 0)}


def test_each_day_is_written_by_itself_and_gone_on_with(network, clinic, chosen, engine, now, monkeypatch):
    """Wherever it is interrupted, the rest is found out, and what is done twice is written once."""
    hospital, first, second = clinic
    other = network.hospital()
    network.availability(first, other, 14, 15, day=1)
    network.appointment(first, other, 14, day=1)
    for doctor in (first, second):
        network.appointment(doctor, hospital, 9, day=1)
    network.appointment(second, hospital, 9, day=2)
    monkeypatch.setattr(fragility, "SECONDS", 0)
    with Session(engine) as session, session.begin():
        report = queue_report(session, None, POLICY, now)
        assert claim_report(session, worker="w", now=now, until=now)
    scope = Scope(report, None, now, chosen, lambda: now)

    def written():
        with Session(engine) as session:
            return list(session.execute(select(Fragility.hospital_id, Fragility.date, Fragility.doctor_id)))

    pieces = list(FRAGILITY.carry_out(scope, None))
    assert [piece.rows for piece in pieces] == [1] * 7 + [0]
    assert [piece.after is None for piece in pieces] == [False] * 7 + [True]
    for done in range(7):
        with Session(engine) as session, session.begin():
            pieces[done].write(session)
        assert len(written()) == done + 1
        rest = list(FRAGILITY.carry_out(scope, pieces[done].after))
        assert [piece.after for piece in rest] == [piece.after for piece in pieces[done + 1 :]]
    with Session(engine) as session, session.begin():
        for piece in pieces:
            piece.write(session)
    assert len(written()) == len(set(written())) == 7


def by_hand(engine, *statements, without=()):
    with engine.begin() as connection:
        for table, constraint in without:
            connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {constraint} CASCADE"))
        for statement in statements:
            connection.execute(text(statement))


def test_a_hospital_whose_clock_nobody_knows_is_passed_over(network, clinic, validated, engine):
    hospital, first, _ = clinic
    unknown = network.hospital()
    network.availability(first, unknown, 14, 15, day=1)
    network.appointment(first, hospital, 9, day=1)
    network.appointment(first, unknown, 14, day=1)
    by_hand(
        engine,
        f"UPDATE hospital SET timezone = 'Mars/Olympus' WHERE id = '{unknown}'",
        without=[
            ("hospital", "hospital_timezone_known"),
            ("appointment", "appointment_hospital_id_timezone_exists"),
        ],
    )
    assert figures(validated()) == [(TUESDAY, None, 1, 1), (TUESDAY, first, 2, 1)]


def test_malformed_periods_count_for_nothing(network, clinic, validated, engine):
    hospital, first, second = clinic
    network.appointment(first, hospital, 9, day=1)
    by_hand(
        engine,
        f"UPDATE availability SET during = tstzrange('2030-01-08', 'infinity') WHERE doctor_id = '{second}'"
        " AND upper(during) < '2030-01-09'",
        f"UPDATE availability SET during = 'empty' WHERE doctor_id = '{second}' AND during <> 'empty'"
        " AND upper(during) <> 'infinity'",
        without=[
            ("availability", "availability_period_whole"),
            ("availability", "availability_one_place_at_a_time"),
            ("availability", "availability_by_hospital"),
            ("availability", "availability_within_openings"),
        ],
    )
    assert figures(validated()) == [(TUESDAY, None, 1, 0), (TUESDAY, first, 1, 0)]


@pytest.mark.parametrize(
    ("broken", "constraints"),
    [
        ("UPDATE appointment SET local_start = 'infinity', created_at = '-infinity'", ""),
        ("UPDATE booking_request SET latest = 'infinity', decided_at = 'infinity'", ""),
        ("UPDATE booking_request SET priority = 'whenever'", "booking_request_priority_known"),
    ],
)
def test_what_is_broken_besides_does_not_matter(network, clinic, validated, engine, broken, constraints):
    hospital, first, _ = clinic
    network.asked_within(network.appointment(first, hospital, 9, day=1), 0, 480)
    by_hand(engine, broken, without=[("booking_request", each) for each in constraints.split()])
    assert figures(validated()) == [(TUESDAY, None, 1, 1), (TUESDAY, first, 1, 1)]


@pytest.mark.parametrize("column", ["patient_id", "hospital_id"])
def test_an_appointment_that_lacks_something_counts_for_nothing(network, clinic, validated, engine, column):
    hospital, first, _ = clinic
    network.appointment(first, hospital, 9, day=1)
    broken = network.appointment(first, hospital, 10, day=1)
    by_hand(
        engine,
        f"ALTER TABLE appointment ALTER {column} DROP NOT NULL",
        f"UPDATE appointment SET {column} = NULL WHERE id = '{broken}'",
    )
    assert figures(validated()) == [(TUESDAY, None, 1, 1), (TUESDAY, first, 1, 1)]


def test_an_appointment_with_nobody_counts_for_nothing(network, clinic, validated, engine):
    """Its doctor is in no table, and losing the days of somebody unknown is not told."""
    hospital, first, _ = clinic
    network.appointment(first, hospital, 9, day=1)
    network.appointment(first, hospital, 10, day=1)
    by_hand(
        engine,
        "UPDATE appointment SET doctor_id = gen_random_uuid() WHERE lower(during) = '2030-01-08 10:00Z'",
        without=[("appointment", "appointment_doctor_id_exists"), ("appointment", "appointment_within_availability")],
    )
    assert figures(validated()) == [(TUESDAY, None, 1, 1), (TUESDAY, first, 1, 1)]
