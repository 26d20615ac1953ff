"""The record is forgotten once it need not be kept: what goes together, what stays, and what the audit tells of it."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from models.access.scopes import Scope
from models.access.tables import AccessToken
from models.access.tokens import make_token
from models.audit.tables import AuditEntry
from models.audit.told import FORGOTTEN
from models.booking import (
    BookingBatch,
    BookingRequest,
    BookingRequestDoctor,
    BookingRequestHospital,
    Conflict,
    PlanningRun,
    RequestStatus,
    RunStatus,
)
from models.calendar_feeds import CalendarFeed, make_feed
from models.hospitals import Opening
from models.people import Doctor, Patient
from models.rescheduling.tables import (
    FormerHour,
    Reschedule,
    RescheduledAppointment,
    RescheduleEvent,
    RescheduleStatus,
)
from models.schedule import Appointment, AppointmentStatus, Availability
from models.session import make_engine
from tests.conftest import as_application
from tests.workers.network import Network
from tests.workers.validation.validating import Validating
from workers import forgetting
from workers.validation.requests.wishes import CONTRADICTED_REQUESTS
from workers.validation.rules.steps import KEPT_BY_ROWS

NOW = datetime.now(UTC)  # the database forgets by its own clock, too
DAY = timedelta(days=1)
REASON = {"kind": "hours_taken", "message": "None.", "facts": {}, "certificate": {}, "alternatives": []}
CUSTOM = {"runs_kept_days": 60, "requests_kept_days": 100, "appointments_kept_days": 200}


@pytest.fixture
def forget(chosen) -> Callable[..., None]:
    return lambda **values: forgetting.forget(chosen.model_copy(update=CUSTOM | values), NOW)


@pytest.fixture
def history(engine) -> Callable[[int], Network]:
    """A network so many days ago."""
    return lambda days: Network(engine, (NOW - days * DAY).replace(hour=0, minute=0, second=0, microsecond=0))


def add_request(network: Network, status: RequestStatus, **values) -> UUID:
    """A request that was decided on the first day, with somebody and somewhere it accepts."""
    made = func.uuidv7(network.midnight - NOW)
    decided = {"decided_at": network.midnight, "created_at": network.midnight, "queued_at": network.midnight}
    return network.request(status=status, id=made, **decided, **values)


def add_run(network: Network, *requests: UUID) -> UUID:
    run = network._add(
        PlanningRun,
        status=RunStatus.COMMITTED,
        worker="w",
        requests=len(requests),
        outcome={"status": "optimal"},
        lease_expires_at=network.midnight,
        started_at=network.midnight,
        finished_at=network.midnight,
    )
    network.write(update(BookingRequest).where(BookingRequest.id.in_(requests)).values(planning_run_id=run))
    return run


def booked(network: Network) -> UUID:
    """An appointment that came from a request, was moved by a reschedule, and that another request was to move."""
    hospital, doctor = network.hospital(days=2, opens=8, closes=18), network.doctor()
    network.availability(doctor, hospital, 9, 13)
    appointment = network.appointment(doctor, hospital, 9)
    patient = network.get(Appointment, appointment).patient_id
    request = add_request(network, RequestStatus.BOOKED, doctors=[doctor], hospitals=[hospital], patient=patient)
    network.write(update(Appointment).where(Appointment.id == appointment).values(booking_request_id=request))
    job = network.reschedule({"appointments": [str(appointment)]}, cause="appointments", what_if=True)
    network.write(
        update(Reschedule)
        .where(Reschedule.id == job)
        .values(
            status=RescheduleStatus.DISCARDED, created_at=network.midnight, planned_at=network.midnight, plan_json=b"x"
        )
    )
    later = {"start": network.at(10), "end": network.at(11), "id": appointment, "job": str(job)}
    with network.engine.begin() as connection:
        connection.execute(text("SELECT set_config('slotwise.reschedule', :job, true)"), later)
        connection.execute(text("UPDATE appointment SET during = tstzrange(:start, :end) WHERE id = :id"), later)
    add_request(network, RequestStatus.CONFLICT, moves=appointment, patient=patient)
    return appointment


RECORD = (
    *(Appointment, FormerHour, Availability, Opening, RescheduledAppointment, RescheduleEvent, Reschedule),
    *(BookingRequest, BookingRequestDoctor, BookingRequestHospital),
)


def left(network: Network) -> dict[str, int]:
    return {kind.__tablename__: len(network.all(kind)) for kind in RECORD if network.all(kind)}


def test_an_appointment_goes_with_all_that_belongs_to_it_and_people_stay(history, forget):
    network = history(210)
    booked(network)
    before = left(network)
    assert before.keys() == {kind.__tablename__ for kind in RECORD}
    forget()
    assert left(network) == {}
    assert (len(network.all(Patient)), len(network.all(Doctor))) == (1, 1)


def test_one_that_has_to_be_kept_stays_whole_however_old_its_request_is(history, forget, engine, chosen):
    network = history(190)
    booked(network)
    run = add_run(network, *(each.id for each in network.all(BookingRequest)))
    before = left(network)
    forget()
    assert left(network) == before | {"booking_request": 1}  # the one in conflict is not needed any more
    assert network.get(PlanningRun, run).requests == 2
    with Session(engine) as session:
        assert session.scalars(select(Reschedule.plan_json)).all() == [None]
    assert Validating(engine, chosen, NOW, [CONTRADICTED_REQUESTS, KEPT_BY_ROWS]).report() == []


def test_appointments_are_kept_for_good_where_that_is_set(history, forget):
    network = history(5000)
    appointment = booked(network)
    forget(appointments_kept_days=0)
    assert [each.id for each in network.all(Appointment)] == [appointment]
    assert len(network.all(Opening)) == 2


def test_the_audit_tells_how_many_were_forgotten_and_repeats_nothing_of_them(history, forget):
    network = history(210)
    booked(network)
    last = max(each.id for each in network.all(AuditEntry))
    forget()
    entries = [each for each in network.all(AuditEntry) if each.id > last]
    assert {each.action for each in entries} == {"forget"}
    told = Counter()
    for each in entries:
        assert (each.subjects, each.before) == ([], None)
        told[each.kind] += each.after["rows"]
    assert told == {
        "appointment": 1,
        "availability": 1,
        "booking_request": 2,
        "booking_request_doctor": 1,
        "booking_request_hospital": 1,
        "reschedule": 1,
    }


def test_what_somebody_deletes_by_hand_is_told_in_full(history):
    network = history(210)
    request = add_request(network, RequestStatus.CANCELLED)
    network.write(delete(BookingRequest))
    (entry,) = [each for each in network.all(AuditEntry) if each.action == "delete"]
    assert entry.before["id"] == str(request)


def test_what_is_not_over_for_long_cannot_be_deleted_without_a_word_about_it(services, database_url, engine):
    network = Network(engine, NOW.replace(hour=0, minute=0, second=0, microsecond=0) - 2 * DAY)
    hospital, doctor = network.hospital(), network.doctor()
    network.availability(doctor, hospital, 9, 13)
    past = network.appointment(doctor, hospital, 9)
    network.reschedule({"appointments": [str(past)]}, cause="appointments", what_if=True)
    network.write(update(Reschedule).values(status=RescheduleStatus.DISCARDED))
    network.write(update(Appointment).values(status=AppointmentStatus.COMPLETED))
    network.request([doctor], hospitals=[hospital], status=RequestStatus.CANCELLED, decided_at=NOW)
    network._add(BookingBatch, size=1)
    with Session(engine) as session, session.begin():
        make_feed(session, str(doctor), "telephone")
        make_token(session, "a system", {Scope.SCHEDULE_READ}, hospitals=[str(hospital)])
        for kind in (CalendarFeed, AccessToken):
            session.execute(update(kind).values(revoked_at=func.now()))
    applications = make_engine(as_application(services, database_url))
    try:
        for table in FORGOTTEN:
            with applications.connect() as connection:
                connection.execute(text("SET LOCAL slotwise.forgetting = 'on'"))
                with pytest.raises(ProgrammingError, match=f"1 of 1 rows of {table} have not"):
                    connection.execute(text(f"DELETE FROM {table}"))
    finally:
        applications.dispose()


def test_a_request_without_an_appointment_goes_once_it_is_over_for_long(history, forget):
    old, lately = history(110), history(90)
    gone = add_request(old, RequestStatus.CONFLICT)
    add_run(old, gone)
    run = old.all(PlanningRun)[0].id
    old.write(insert(Conflict).values(booking_request_id=gone, planning_run_id=run, **REASON))
    young = add_request(lately, RequestStatus.CANCELLED)
    to_come = add_request(old, RequestStatus.CONFLICT, window=(0, 24 * 111))
    forget()
    assert {each.id for each in old.all(BookingRequest)} == {young, to_come}
    assert old.all(Conflict) == []
    assert old.all(PlanningRun) == []


def test_a_batch_goes_with_the_last_of_its_requests(history, forget):
    old, lately = history(110), history(90)
    batches = {}
    for network in (old, lately):
        batch = network._add(BookingBatch, size=2, created_at=old.midnight)
        batches[batch] = [add_request(each, RequestStatus.CANCELLED, batch_id=batch) for each in (old, network)]
    forget()
    assert [each.id for each in old.all(BookingBatch)] == [list(batches)[1]]


def test_of_a_run_its_proof_is_forgotten_first(history, forget):
    old, lately = history(70), history(50)
    for network in (old, lately):
        add_run(network, add_request(network, RequestStatus.CANCELLED))
    forget()
    outcomes = {each.finished_at: each.outcome for each in old.all(PlanningRun)}
    assert outcomes == {old.midnight: None, lately.midnight: {"status": "optimal"}}


def test_what_is_not_decided_keeps_the_appointment_that_it_would_move(history, forget):
    network = history(210)
    appointment = booked(network)
    network.request(moves=appointment)
    forget()
    assert [each.id for each in network.all(Appointment)] == [appointment]


def test_a_proposal_of_hours_to_come_stays(history, forget):
    network = history(110)
    hospital, doctor = network.hospital(days=300), network.doctor()
    network.availability(doctor, hospital, 9, 13, day=200)
    appointment = network.appointment(doctor, hospital, 9, day=200)
    network.reschedule({"appointments": [str(appointment)]}, cause="appointments")
    network.write(update(Reschedule).values(status=RescheduleStatus.PROPOSED, created_at=network.midnight))
    forget()
    assert len(network.all(Reschedule)) == 1


def test_reschedules_planned_in_place_of_each_other_go_one_after_the_other(history, forget):
    network = history(210)
    appointment = booked(network)
    network.write(delete(FormerHour))
    first = network.all(Reschedule)[0].id
    second = network.reschedule({"appointments": [str(appointment)]}, cause="appointments", what_if=True)
    over = {"status": RescheduleStatus.DISCARDED, "created_at": network.midnight, "replaces": first}
    network.write(update(Reschedule).where(Reschedule.id == second).values(over))
    forget(appointments_kept_days=0)
    assert network.all(Reschedule) == []


def test_tokens_and_calendar_addresses_are_forgotten_long_after_they_ended(network, engine, chosen):
    doctor = network.doctor()
    with Session(engine) as session, session.begin():
        for name in ("old", "lately", "lasting"):
            make_feed(session, str(doctor), name)
            make_token(session, name, {Scope.SCHEDULE_READ})
        for kind, name in ((CalendarFeed, CalendarFeed.label), (AccessToken, AccessToken.name)):
            session.execute(update(kind).values(created_at=NOW - 500 * DAY))
            for which, days in (("old", 401), ("lately", 399)):
                session.execute(update(kind).where(name == which).values(revoked_at=NOW - days * DAY))
    forgetting.forget(chosen, NOW)
    with Session(engine) as session:
        assert set(session.scalars(select(CalendarFeed.label))) == {"lately", "lasting"}
        assert set(session.scalars(select(AccessToken.name))) == {"lately", "lasting"}


def test_more_than_a_slice_is_forgotten_whole(history, forget, monkeypatch):
    monkeypatch.setattr(forgetting, "SLICE", 2)
    network = history(110)
    for _ in range(5):
        add_request(network, RequestStatus.CANCELLED)
    forget()
    assert network.all(BookingRequest) == []
