"""The problem of a reschedule: who has to move, who may, where to, and what is left of the schedule."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from models.rescheduling import problem
from models.rescheduling.problem import LAST_RESORT, Concerned, planned_priorities, read_problem
from models.rescheduling.tables import FormerHour
from models.schedule import Appointment
from planner import problem as planning
from planner.faults import findings
from planner.problem import Period, Priority

URGENT, SOON, ROUTINE = Priority

MOVES = {"others_move": True, "notice_hours": 0}


@pytest.fixture
def read(engine, now, chosen):
    def read_at(job, at=now):
        with Session(engine, expire_on_commit=False) as session:
            found = read_problem(session, job, at)
        assert findings(found.problem) == [], "the problem is one that the planner accepts"
        return found

    return read_at


@pytest.fixture
def clinic(network):
    """A doctor who is there from 9 to 17 for ten days."""
    doctor, hospital = network.doctor("cardiology"), network.hospital()
    for day in range(10):
        network.availability(doctor, hospital, 9, 17, day=day)
    return doctor, hospital


def spans(found, doctor):
    return [(each.start, each.end) for each in found.problem.availabilities if each.doctor == str(doctor)]


def moved(network, appointment, *, job, days_ago, now):
    """Write that a reschedule moved an appointment some days ago."""
    row = network.get(Appointment, appointment)
    network.write(
        insert(FormerHour).values(
            appointment_id=appointment,
            doctor_id=row.doctor_id,
            hospital_id=row.hospital_id,
            during=row.during,
            left_at=now - timedelta(days=days_ago),
            reschedule_id=job,
        )
    )


# Who has to move


def test_a_displaced_appointment_asks_for_an_hour_near_its_old_one(network, read, clinic, now):
    patient = network.patient()
    appointment = network.appointment(*clinic, 10, patient=patient, day=1)
    found = read(network.away(clinic[0], 24, 48))
    assert found.problem.requests == (
        planning.Request(
            id=str(appointment),
            patient=str(patient),
            priority=ROUTINE,
            earliest=now + timedelta(hours=24),
            latest=network.at(11, 1) + LAST_RESORT,
            doctors=(str(clinic[0]),),
            hospitals=(str(clinic[1]),),
            preferred=network.at(10, 1),
            moves=str(appointment),
        ),
    )
    assert found.displaced.keys() == {appointment}


def test_no_new_hour_is_sooner_than_the_notice_or_later_than_the_policy_says(network, read, clinic, now):
    network.appointment(*clinic, 10, day=1)
    policy = {"notice_hours": 50, "latest": network.at(12, 5)}
    request = read(network.away(clinic[0], 24, 48, policy=policy)).problem.requests[0]
    assert (request.earliest, request.latest) == (now + timedelta(hours=50), network.at(12, 5))


def test_a_policy_that_leaves_no_time_leaves_an_empty_window(network, read, clinic):
    network.appointment(*clinic, 10, day=1)
    policy = {"notice_hours": 200, "latest": network.at(12, 5)}
    request = read(network.away(clinic[0], 24, 48, policy=policy)).problem.requests[0]
    assert request.earliest == request.latest == network.at(12, 5)


def test_priority_and_specialty_are_those_of_the_last_request(engine, network, read, clinic):
    first = network.request([clinic[0]], priority=URGENT, specialty="cardiology")
    patient = network.patient()
    booked = network.appointment(*clinic, 10, patient=patient)
    exact = network.appointment(*clinic, 11)
    again = network.request([clinic[0]], priority=SOON, patient=patient, moves=booked)
    decide = "UPDATE booking_request SET status = 'booked', decided_at = :at WHERE id = :id"
    with engine.begin() as connection:
        connection.execute(text(decide), {"id": first, "at": network.at(1)})
        connection.execute(
            text("UPDATE appointment SET booking_request_id = :request WHERE id = :id"),
            {"request": first, "id": booked},
        )
    job = network.away(clinic[0], 0, 24)
    seen = read(job).displaced
    assert (seen[booked].priority, seen[booked].specialty) == (URGENT, "cardiology")
    assert (seen[exact].priority, seen[exact].specialty) == (ROUTINE, None)
    with engine.begin() as connection:
        connection.execute(text(decide), {"id": again, "at": network.at(2)})
    assert (read(job).displaced[booked].priority, read(job).displaced[booked].specialty) == (SOON, None)


def test_nobody_looks_for_an_hour_for_a_patient_who_has_left(engine, network, read, clinic):
    gone, stays = network.appointment(*clinic, 10), network.appointment(*clinic, 11)
    with engine.begin() as connection:
        patient = network.get(Appointment, gone).patient_id
        connection.execute(text("UPDATE patient SET active = false WHERE id = :id"), {"id": patient})
    found = read(network.away(clinic[0], 0, 24))
    assert [each.id for each in found.problem.requests] == [str(stays)]
    assert found.displaced.keys() == {gone, stays}
    assert "no longer active" in found.moot[gone]


def ranked(*ranks):
    """Appointments of some priorities, moved before (True) or not, and the priorities they are planned with."""
    hour, anybody = Period(*[None] * 2), uuid.UUID(int=0)
    rows = [
        Concerned(uuid.UUID(int=i), 1, anybody, anybody, anybody, hour, priority, None, before)
        for i, (priority, before) in enumerate(ranks)
    ]
    return list(planned_priorities(rows).values())


@pytest.mark.parametrize(
    ("ranks", "planned"),
    [
        ([(ROUTINE, False), (URGENT, False)], [ROUTINE, URGENT]),
        ([(ROUTINE, True), (URGENT, False)], [ROUTINE, URGENT]),
        ([(ROUTINE, False), (ROUTINE, True)], [SOON, URGENT]),
        ([(SOON, False), (ROUTINE, False), (ROUTINE, True)], [URGENT, ROUTINE, SOON]),
        ([(ROUTINE, False), (ROUTINE, True), (SOON, False), (URGENT, False)], [ROUTINE, SOON, ROUTINE, URGENT]),
        ([(URGENT, True), (URGENT, False), (SOON, True), (SOON, False)], [URGENT, URGENT, SOON, ROUTINE]),
    ],
)
def test_within_a_priority_those_moved_before_go_first(ranks, planned):
    assert ranked(*ranks) == planned


def test_who_was_moved_by_a_reschedule_within_a_year_is_known(network, read, clinic, now):
    lately, long_ago, by_hand = (network.appointment(*clinic, hour) for hour in (10, 11, 12))
    job = network.away(clinic[0], 0, 24)
    moved(network, lately, job=job, days_ago=364, now=now)
    moved(network, long_ago, job=job, days_ago=366, now=now)
    moved(network, by_hand, job=None, days_ago=1, now=now)
    found = read(job)
    assert {id_ for id_, each in found.displaced.items() if each.moved_before} == {lately}
    assert [each.id for each in found.problem.requests if each.priority is URGENT] == [str(lately)]


# Where to


def test_another_doctor_of_the_specialty_will_do_where_the_policy_says_so(network, read, clinic):
    peers = [network.doctor("cardiology", "surgery") for _ in range(2)]
    network.doctor("surgery")
    network.doctor("cardiology", active=False)
    network.appointment(*clinic, 10)
    request = read(network.away(clinic[0], 0, 24, policy={"same_doctor": False})).problem.requests[0]
    assert request.doctors == (str(clinic[0]), *sorted(map(str, peers)))
    assert request.places == (0, 1, 1)


def test_the_specialty_that_was_asked_for_decides_who_may_take_over(engine, network, read):
    doctor, hospital = network.doctor("cardiology", "surgery"), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    network.doctor("cardiology")
    surgeon = network.doctor("surgery")
    appointment = network.appointment(doctor, hospital, 10)
    request = network.request([doctor], specialty="surgery")
    with engine.begin() as connection:
        connection.execute(text("UPDATE appointment SET booking_request_id = :request"), {"request": request})
    found = read(network.away(doctor, 0, 24, policy={"same_doctor": False}))
    assert found.displaced.keys() == {appointment}
    assert found.problem.requests[0].doctors == (str(doctor), str(surgeon))


def test_any_hospital_will_do_where_the_policy_says_so(network, read, clinic):
    network.appointment(*clinic, 10)
    assert read(network.away(clinic[0], 0, 24, policy={"same_hospital": False})).problem.requests[0].hospitals is None


def test_what_a_doctor_loses_is_cut_out_of_their_availabilities_alone(network, read, clinic):
    other = network.doctor("cardiology")
    network.availability(other, clinic[1], 9, 17)
    network.appointment(*clinic, 12)
    found = read(network.away(clinic[0], 11, 14))
    assert spans(found, clinic[0])[:3] == [
        (network.at(9), network.at(11)),
        (network.at(14), network.at(17)),
        (network.at(9, 1), network.at(17, 1)),
    ]
    assert spans(found, other) == [(network.at(9), network.at(17))]
    assert len(found.problem.hospitals[0].openings) == 1


def test_a_doctor_who_is_away_from_one_hospital_is_still_at_the_other(network, read, clinic):
    elsewhere = network.hospital()
    network.availability(clinic[0], elsewhere, 18, 20)
    network.appointment(*clinic, 12)
    scope = {"doctors": [str(clinic[0])], "hospital": str(clinic[1]), "start": network.at(0), "end": network.at(24)}
    found = read(network.reschedule(scope, policy={"same_hospital": False}))
    assert spans(found, clinic[0])[0] == (network.at(18), network.at(20))


def test_what_a_hospital_loses_is_cut_out_of_everything_there_and_of_nothing_elsewhere(network, read, clinic):
    elsewhere = network.hospital()
    network.availability(clinic[0], elsewhere, 17, 20)
    network.appointment(*clinic, 16)
    scope = {"hospital": str(clinic[1]), "start": network.at(15), "end": network.at(24)}
    found = read(network.reschedule(scope, cause="hospital_closed", policy={"same_hospital": False}))
    assert spans(found, clinic[0])[:2] == [(network.at(9), network.at(15)), (network.at(17), network.at(20))]
    openings = {each.id: [(o.start, o.end) for o in each.openings] for each in found.problem.hospitals}
    assert openings[str(clinic[1])][0][1] == network.at(15)
    assert openings[str(clinic[1])][1][0] == network.at(24)
    assert len(openings[str(elsewhere)]) == 1


def test_of_single_appointments_just_their_hours_are_lost(network, read, clinic):
    appointment = network.appointment(*clinic, 12)
    network.appointment(*clinic, 13)
    found = read(network.reschedule({"appointments": [str(appointment)]}, cause="appointments"))
    assert found.displaced.keys() == {appointment}
    assert spans(found, clinic[0])[:2] == [(network.at(9), network.at(12)), (network.at(13), network.at(17))]


def test_new_hours_are_near_the_old_ones_where_the_policy_says_so(network, read, clinic, now):
    network.appointment(*clinic, 10, day=1)
    network.appointment(*clinic, 10, day=5)
    job = network.away(clinic[0], 24, 24 * 6, policy={"notice_hours": 0, "within_days": 2, "latest": network.at(20, 6)})
    windows = {(each.earliest, each.latest) for each in read(job).problem.requests}
    assert windows == {(now, network.at(11, 3)), (network.at(10, 3), network.at(20, 6))}


def test_the_window_is_empty_where_what_is_near_is_too_soon(network, read, clinic, now):
    network.appointment(*clinic, 10, day=1)
    (request,) = read(network.away(clinic[0], 0, 48, policy={"notice_hours": 96, "within_days": 2})).problem.requests
    assert request.earliest == request.latest == network.at(11, 3)


# Who may move to make room


def movable(found):
    return {uuid.UUID(each.id): each for each in found.problem.appointments if each.movable}


def test_others_stay_where_they_are_unless_the_policy_lets_them_move(network, read, clinic):
    network.appointment(*clinic, 10)
    network.appointment(*clinic, 10, day=1)
    assert movable(read(network.away(clinic[0], 0, 24, policy={"notice_hours": 0}))) == {}


def test_another_may_move_near_its_hour_within_the_limits_of_the_policy(network, read, clinic, now):
    network.appointment(*clinic, 10)
    near, far = network.appointment(*clinic, 10, day=1), network.appointment(*clinic, 10, day=7)
    policy = MOVES | {"others_within_days": 3, "latest": network.at(20, 8)}
    found = movable(read(network.away(clinic[0], 0, 24, policy=policy)))
    assert found[near].window == Period(now, network.at(11, 4))
    assert found[far].window == Period(network.at(10, 4), network.at(20, 8))
    assert found[near].hospitals == (str(clinic[1]),)


def test_another_may_move_to_any_hospital_where_the_policy_says_so(network, read, clinic):
    network.appointment(*clinic, 10)
    other = network.appointment(*clinic, 10, day=1)
    found = movable(read(network.away(clinic[0], 0, 24, policy=MOVES | {"same_hospital": False})))
    assert found[other].hospitals is None


def test_another_stays_within_the_window_that_its_patient_asked_for(engine, network, read, clinic):
    network.appointment(*clinic, 10)
    other = network.appointment(*clinic, 10, day=1)
    request = network.request([clinic[0]], (30, 60))
    with engine.begin() as connection:
        statement = text("UPDATE appointment SET booking_request_id = :request WHERE id = :id")
        connection.execute(statement, {"request": request, "id": other})
    found = movable(read(network.away(clinic[0], 0, 24, policy=MOVES)))
    assert found[other].window == Period(network.at(30), network.at(60))


@pytest.fixture
def left_alone(network, read, clinic, now):
    """The movable appointments where one is displaced and another one, which a test gives, is in the way."""

    def read_with(policy=None):
        job = network.away(clinic[0], 0, 24, policy=MOVES | (policy or {}))
        return movable(read(job)).keys()

    network.appointment(*clinic, 10)
    return read_with


def test_what_is_sooner_than_the_notice_is_left_alone(network, clinic, left_alone):
    soon, later = network.appointment(*clinic, 10, day=1), network.appointment(*clinic, 10, day=2)
    assert left_alone({"notice_hours": 29}) == {later}
    assert left_alone_again(network, left_alone, {"notice_hours": 28}) == {soon, later}


def left_alone_again(network, left_alone, policy):
    """Ask again, once the first job holds nothing any more."""
    network.write(text("UPDATE rescheduled_appointment SET held = false"))
    return left_alone(policy)


def test_doctors_whom_nobody_displaced_accepts_keep_their_appointments(network, clinic, left_alone):
    doctor = network.doctor("dermatology")
    network.availability(doctor, clinic[1], 9, 17, day=1)
    network.appointment(doctor, clinic[1], 10, day=1)
    assert left_alone() == set()


def test_a_displaced_patient_is_not_moved_besides(network, clinic, left_alone):
    patient = network.all(Appointment)[0].patient_id
    network.appointment(*clinic, 10, patient=patient, day=1)
    assert left_alone() == set()


def test_of_one_patient_one_appointment_may_move(network, clinic, left_alone):
    patient = network.patient()
    later, earlier = (network.appointment(*clinic, 10, patient=patient, day=day) for day in (2, 1))
    assert left_alone() == {earlier}
    assert later != earlier


def test_what_another_job_holds_is_left_alone(network, clinic, left_alone):
    network.appointment(*clinic, 10, day=1)
    network.away(clinic[0], 24, 48, what_if=True)
    assert len(left_alone()) == 1, "a question holds nothing"
    network.write(text("UPDATE rescheduled_appointment SET held = false"))
    network.away(clinic[0], 24, 48)
    assert left_alone() == set()


def test_what_a_request_is_about_to_move_is_left_alone(network, clinic, left_alone):
    patient = network.patient()
    other = network.appointment(*clinic, 10, patient=patient, day=1)
    network.request([clinic[0]], patient=patient, moves=other)
    assert left_alone() == set()


def test_a_patient_who_has_left_is_left_alone(network, clinic, left_alone):
    network.appointment(*clinic, 10, patient=network.patient(active=False), day=1)
    assert left_alone() == set()


@pytest.mark.parametrize(("days_ago", "quiet_days", "may_move"), [(29, 30, False), (31, 30, True), (1, 0, True)])
def test_nobody_is_moved_again_within_the_quiet_days(network, clinic, left_alone, now, days_ago, quiet_days, may_move):
    patient = network.patient()
    before = network.appointment(*clinic, 10, patient=patient, day=1)
    job = network.away(clinic[0], 200, 224)
    moved(network, before, job=job, days_ago=days_ago, now=now)
    assert left_alone({"quiet_days": quiet_days}) == ({before} if may_move else set())


def test_the_other_appointments_of_those_who_may_move_are_in_the_problem(network, read, clinic):
    """Or one could be moved to an hour that its patient has with somebody else."""
    network.appointment(*clinic, 10)
    patient, elsewhere = network.patient(), network.doctor("dermatology")
    network.availability(elsewhere, clinic[1], 9, 17, day=1)
    network.appointment(*clinic, 10, patient=patient, day=1)
    standing = network.appointment(elsewhere, clinic[1], 12, patient=patient, day=1)
    found = read(network.away(clinic[0], 0, 24, policy=MOVES))
    assert str(standing) in {each.id for each in found.problem.appointments}


# All of it at once


def test_what_happened_since_the_job_was_made_is_in_the_problem(engine, network, read, clinic):
    stays, goes = network.appointment(*clinic, 10), network.appointment(*clinic, 11)
    job = network.away(clinic[0], 0, 24)
    late = network.appointment(*clinic, 12)
    with engine.begin() as connection:
        connection.execute(text("UPDATE appointment SET status = 'cancelled' WHERE id = :id"), {"id": goes})
    assert read(job).displaced.keys() == {stays, late}


def test_new_weekly_hours_lose_what_they_leave_out(network, read, clinic):
    displaced = network.appointment(*clinic, 10)
    network.appointment(*clinic, 10, day=1)
    week = {day: [{"opens": "11:00", "closes": "15:00"}] for day in ("monday", "wednesday")}
    week["tuesday"] = [{"opens": "00:00", "closes": "24:00"}]
    scope = {"hospital": str(clinic[1]), "operating_hours": week}
    found = read(network.reschedule(scope, cause="hours_changed"))
    assert found.displaced.keys() == {displaced}
    hours = [(11, 15, 0), (9, 17, 1), (11, 15, 2), (11, 15, 7), (9, 17, 8), (11, 15, 9)]
    assert spans(found, clinic[0]) == [(network.at(start, day), network.at(end, day)) for start, end, day in hours]


@pytest.mark.parametrize(("isolation", "seen"), [(problem.ONE_VIEW, 1), ("READ COMMITTED", 2)])
def test_all_tables_are_read_as_of_one_moment(network, read, clinic, monkeypatch, isolation, seen):
    """With the negative control: at the usual level, what is booked while we read is seen in part."""
    network.appointment(*clinic, 10)
    job = network.away(clinic[0], 0, 24)
    problem_of = problem.problem_of

    def book_meanwhile(*arguments, **options):
        network.appointment(*clinic, 11)
        return problem_of(*arguments, **options)

    monkeypatch.setattr(problem, "ONE_VIEW", isolation)
    monkeypatch.setattr(problem, "problem_of", book_meanwhile)
    assert len(read(job).problem.appointments) == seen
