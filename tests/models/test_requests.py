"""Requests are queued all or none, with every fault named, and can be taken back until they are booked."""

import datetime as dt
import uuid

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models.booking import BookingRequest, BookingRequestDoctor, RequestStatus
from models.faults import Refusal, Refused
from models.inputs import MAX_BATCH, BookingRequestChange, BookingRequestIn
from models.requests import cancel_request, create_batch, queue_requests, replace_request, request_as_sent
from tests.models.network import NOW, at
from tests.workers.waiting import while_blocked


def wish(**values) -> BookingRequestIn:
    return BookingRequestIn.model_validate({"patient": "p1", "earliest": at("09:00"), "latest": at("17:00")} | values)


def test_a_request_keeps_its_doctors_in_order(session, network):
    [id_] = queue_requests(session, [wish(doctors=["d2", "d1"], hospitals=["lis"], priority="urgent")])
    request = session.get_one(BookingRequest, id_)
    assert (request.status, request.attempts, request.batch_id) == (RequestStatus.QUEUED, 0, None)
    doctors = session.scalars(
        select(BookingRequestDoctor.doctor_id)
        .where(BookingRequestDoctor.booking_request_id == id_)
        .order_by(BookingRequestDoctor.position)
    )
    assert list(doctors) == [network.doctors[1], network.doctors[0]]


def test_every_fault_of_every_request_is_named_and_none_is_queued(session, network):
    with pytest.raises(Refused) as refused:
        queue_requests(
            session,
            [
                wish(),
                wish(patient="nobody", doctors=["d1", "d9"], hospitals=["nowhere"], specialty="astrology"),
                wish(latest=at("08:00"), doctors=["d1", str(network.doctors[0])], moves=uuid.UUID(int=1)),
            ],
        )
    assert refused.value.refusal is Refusal.INVALID
    assert [(fault.row, fault.field, fault.code) for fault in refused.value.faults] == [
        (1, "patient", "unknown_patient"),
        (1, "doctors[1]", "unknown_doctor"),
        (1, "hospitals[0]", "unknown_hospital"),
        (1, "specialty", "unknown_specialty"),
        (2, "doctors[1]", "named_twice"),
        (2, "latest", "window_runs_backward"),
        (2, "moves", "unknown_appointment"),
    ]
    assert "cardiology, dermatology" in refused.value.faults[3].message
    assert session.scalar(select(func.count()).select_from(BookingRequest)) == 0


@pytest.fixture
def appointment(session, network) -> uuid.UUID:
    """Patient 1 has an hour with doctor 1."""
    session.execute(
        text("INSERT INTO availability (doctor_id, hospital_id, during) VALUES (:d, :h, tstzrange(:start, :end))"),
        {"d": network.doctors[0], "h": network.lisbon, "start": at("09:00"), "end": at("17:00")},
    )
    return session.execute(
        text(
            "INSERT INTO appointment (patient_id, doctor_id, hospital_id, timezone, during)"
            " VALUES (:p, :d, :h, 'Europe/Lisbon', tstzrange(:start, :end)) RETURNING id"
        ),
        {
            "p": network.patients[0],
            "d": network.doctors[0],
            "h": network.lisbon,
            "start": at("10:00"),
            "end": at("11:00"),
        },
    ).scalar_one()


def move_faults(session, *rows) -> list[tuple[int, str]]:
    with pytest.raises(Refused) as refused:
        queue_requests(session, rows)
    return [(fault.row, fault.code) for fault in refused.value.faults]


def test_an_appointment_is_moved_by_one_request_at_a_time(session, network, appointment):
    assert move_faults(session, wish(moves=appointment), wish(moves=appointment)) == [(1, "already_being_moved")]
    [first] = queue_requests(session, [wish(moves=appointment)])
    assert move_faults(session, wish(moves=appointment)) == [(0, "already_being_moved")]
    cancel_request(session, first, NOW)
    queue_requests(session, [wish(moves=appointment)])


def test_only_the_patients_own_booked_appointment_is_moved(session, network, appointment):
    assert move_faults(session, wish(patient="p2", moves=appointment)) == [(0, "unknown_appointment")]
    session.execute(text("UPDATE appointment SET status = 'cancelled'"))
    assert move_faults(session, wish(moves=appointment)) == [(0, "unknown_appointment")]


def test_a_batch_of_the_largest_size_is_queued_whole(session, network):
    batch = create_batch(session, MAX_BATCH)
    ids = queue_requests(session, [wish(doctors=["d1"])] * MAX_BATCH, batch)
    lines = session.execute(
        select(BookingRequest.id, BookingRequest.batch_line).where(BookingRequest.batch_id == batch)
    )
    assert dict(lines.all()) == {id_: line for line, id_ in enumerate(ids, start=1)}


@pytest.mark.parametrize("status", ["queued", "planning", "conflict"])
def test_a_request_can_be_cancelled_until_it_is_booked(session, network, status):
    [id_] = queue_requests(session, [wish()])
    put_in(session, id_, status)
    cancel_request(session, id_, NOW)
    assert session.scalar(select(BookingRequest.status)) is RequestStatus.CANCELLED


@pytest.mark.parametrize("status", ["booked", "cancelled", "failed"])
def test_what_is_decided_stays_decided(session, network, status):
    [id_] = queue_requests(session, [wish()])
    put_in(session, id_, status)
    with pytest.raises(Refused) as refused:
        cancel_request(session, id_, NOW)
    assert refused.value.refusal is Refusal.CLASH
    assert f"is {status} already" in refused.value.faults[0].message


def test_cancelling_what_does_not_exist_finds_nothing(session, network):
    with pytest.raises(Refused) as refused:
        cancel_request(session, uuid.UUID(int=7), NOW)
    assert refused.value.refusal is Refusal.NOT_FOUND


def test_a_request_is_known_as_it_was_sent(session, network):
    sent = wish(doctors=["d2", "d1"], hospitals=["del"], specialty="cardiology", preferred=at("10:00"), priority="soon")
    [id_] = queue_requests(session, [sent])
    assert request_as_sent(session, id_) == sent


def test_changes_leave_the_rest_as_it_was_and_null_takes_any():
    before = wish(doctors=["d1"], hospitals=["lis"], priority="soon")
    change = BookingRequestChange.model_validate({"doctors": None, "latest": at("19:00"), "priority": None})
    assert change.applied_to(before) == wish(hospitals=["lis"], priority="soon", latest=at("19:00"))


@pytest.mark.parametrize("status", ["queued", "planning", "conflict"])
def test_a_request_is_replaced_by_a_wider_one(session, network, appointment, status):
    [id_] = queue_requests(session, [wish(moves=appointment)])
    put_in(session, id_, status)
    new = replace_request(session, id_, wish(moves=appointment, latest=at("19:00")), NOW)
    statuses = dict(session.execute(select(BookingRequest.id, BookingRequest.status)).all())
    assert statuses == {id_: RequestStatus.CANCELLED, new: RequestStatus.QUEUED}


def test_where_the_new_one_will_not_do_the_old_one_stays(session, network):
    [id_] = queue_requests(session, [wish()])
    with pytest.raises(Refused):
        replace_request(session, id_, wish(doctors=["d9"]), NOW)
    assert session.scalars(select(BookingRequest.status)).all() == [RequestStatus.QUEUED]


def test_a_booked_request_is_not_replaced(session, network):
    [id_] = queue_requests(session, [wish()])
    put_in(session, id_, "booked")
    with pytest.raises(Refused) as refused:
        replace_request(session, id_, wish(), NOW)
    assert [fault.code for fault in refused.value.faults] == ["request_decided"]
    assert session.scalar(select(func.count()).select_from(BookingRequest)) == 1


def test_of_two_who_replace_it_one_queues_another(session, engine, network):
    [id_] = queue_requests(session, [wish()])
    session.commit()

    def second() -> str:
        with Session(engine) as other, other.begin(), pytest.raises(Refused) as refused:
            replace_request(other, id_, wish(), NOW)
        return refused.value.faults[0].code

    with Session(engine) as first:
        replace_request(first, id_, wish(), NOW)
        assert while_blocked(engine, second, first.commit) == "request_decided"
    assert session.scalar(select(func.count()).select_from(BookingRequest)) == 2


def put_in(session, request: uuid.UUID, status: str) -> None:
    run = session.execute(
        text("INSERT INTO planning_run (worker, lease_expires_at, requests) VALUES ('w', now(), 1) RETURNING id")
    ).scalar_one()
    undecided = status in ("queued", "planning")
    session.execute(
        text(
            "UPDATE booking_request SET status = :status, planning_run_id = :run, decided_at = :decided,"
            " failure = :failure WHERE id = :id"
        ),
        {
            "status": status,
            "run": None if status == "queued" else run,
            "decided": None if undecided else dt.datetime.now(dt.UTC),
            "failure": "because" if status == "failed" else None,
            "id": request,
        },
    )
