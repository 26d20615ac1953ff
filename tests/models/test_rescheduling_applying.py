"""A proposal is applied whole: appointments moved, cancelled or left standing, and the lost hours withdrawn."""

import datetime as dt
import uuid

import pytest
from sqlalchemy import delete, select

from models.appointments import book_appointments
from models.availabilities import create_availabilities
from models.base import period
from models.faults import Refusal, Refused
from models.hospitals import Opening, OperatingException, OperatingHours
from models.inputs import HoursIn, Weekday
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.changes import Changes, Piece
from models.rescheduling.cutting import write_availabilities
from models.rescheduling.inputs import Policy
from models.rescheduling.jobs import discard_reschedule
from models.rescheduling.tables import (
    Cause,
    Fate,
    FormerHour,
    Reschedule,
    RescheduledAppointment,
    RescheduleEvent,
    RescheduleStatus,
)
from models.rescheduling.undoing import undo_reschedule
from models.schedule import Appointment, AppointmentStatus, Availability
from tests.models.network import EVERY_DAY, NOW, at, availability
from tests.models.proposals import away, booking, picture, propose, told

CANCEL = Policy(notice_hours=0, cancel_unplaced=True)


@pytest.fixture
def booked(session, network) -> list[uuid.UUID]:
    """Doctor 1 is in Lisbon on Tuesday and on Wednesday from 9 to 12; on Tuesday with patient 1 at 9, 2 at 10."""
    create_availabilities(session, [availability("d1", at("09:00", day=day), at("12:00", day=day)) for day in (1, 2)])
    ids = book_appointments(session, [booking("p1", "d1", at("09:00")), booking("p2", "d1", at("10:00"))], NOW)
    session.commit()
    return ids


@pytest.fixture
def wednesday(network):
    """Doctor 1's hours on Wednesday, by their start."""
    return lambda clock: (network.doctors[0], network.lisbon, at(clock, day=2))


def apply(session, job, now: dt.datetime = NOW) -> Reschedule:
    apply_reschedule(session, job, None, now)
    session.commit()
    session.expire_all()
    return session.get_one(Reschedule, job)


def periods(session, doctor) -> list[tuple[dt.datetime, dt.datetime]]:
    rows = select(Availability.during).where(Availability.doctor_id == doctor).order_by(Availability.during)
    return [(each.lower, each.upper) for each in session.scalars(rows)]


def starts(session, appointments) -> list[dt.datetime]:
    return [session.get_one(Appointment, id_).during.lower for id_ in appointments]


def test_appointments_move_and_keep_their_ids_and_the_lost_hours_are_withdrawn(session, network, booked, wednesday):
    job = away(session, {booked[0]: wednesday("10:00"), booked[1]: wednesday("09:00")})
    applied = apply(session, job)
    assert starts(session, booked) == [at("10:00", day=2), at("09:00", day=2)]
    assert {session.get_one(Appointment, id_).version for id_ in booked} == {2}
    assert periods(session, network.doctors[0]) == [(at("09:00", day=2), at("12:00", day=2))]
    assert (applied.status, applied.version) == (RescheduleStatus.APPLIED, 3)
    items = session.scalars(select(RescheduledAppointment)).all()
    assert {(each.fate, each.held) for each in items} == {(Fate.MOVED, False)}


def test_the_hours_before_are_kept_and_everybody_is_told(session, network, booked, wednesday):
    job = away(session, {booked[0]: wednesday("10:00")}, policy=CANCEL)
    apply(session, job)
    former = session.scalars(select(FormerHour)).all()
    assert [(each.appointment_id, each.during.lower, each.reschedule_id) for each in former] == [
        (booked[0], at("09:00"), job)
    ]
    [moved], [cancelled] = told(session, "appointment.moved"), told(session, "appointment.cancelled")
    assert (moved["appointment"], moved["version"], moved["reschedule"]) == (str(booked[0]), 2, str(job))
    assert (moved["start"], moved["former_start"]) == (at("10:00", day=2).isoformat(), at("09:00").isoformat())
    assert (cancelled["appointment"], cancelled["version"], cancelled["reschedule"]) == (str(booked[1]), 2, str(job))
    assert len(told(session, "availability.withdrawn")) == 1
    assert told(session, "reschedule.applied") == [{"reschedule": str(job)}]
    last = session.scalars(select(RescheduleEvent).order_by(RescheduleEvent.id)).all()[-1]
    assert (last.status, last.detail) == (RescheduleStatus.APPLIED, "1 moved, 1 cancelled.")


def test_appointments_trade_hours_and_take_those_of_others_that_make_room(session, network, booked, wednesday):
    [other] = book_appointments(session, [booking("p2", "d1", at("09:00", day=2))], NOW)
    places = {booked[0]: wednesday("09:00"), other: wednesday("10:00"), booked[1]: wednesday("11:00")}
    apply(session, away(session, places))
    assert starts(session, [booked[0], other, booked[1]]) == [at(f"{hour}:00", day=2) for hour in ("09", 10, 11)]


def test_who_has_no_hour_is_cancelled_where_the_policy_says_so(session, network, booked, wednesday):
    apply(session, away(session, {booked[0]: wednesday("10:00")}, policy=CANCEL))
    assert session.get_one(Appointment, booked[1]).status is AppointmentStatus.CANCELLED
    assert session.get_one(RescheduledAppointment, (away_job(session), booked[1])).fate is Fate.CANCELLED
    assert periods(session, network.doctors[0]) == [(at("09:00", day=2), at("12:00", day=2))]


def away_job(session) -> uuid.UUID:
    return session.scalars(select(Reschedule.id)).one()


def test_otherwise_it_is_left_standing_in_exactly_its_hour(session, network, booked, wednesday):
    apply(session, away(session, {booked[0]: wednesday("10:00")}))
    left = session.get_one(Appointment, booked[1])
    assert (left.status, left.version) == (AppointmentStatus.BOOKED, 1)
    assert session.get_one(RescheduledAppointment, (away_job(session), booked[1])).fate is Fate.LEFT
    assert periods(session, network.doctors[0])[0] == (at("10:00"), at("11:00"))
    assert len(periods(session, network.doctors[0])) == 2


def test_a_period_in_the_middle_leaves_both_ends_and_the_first_keeps_its_id(session, network, booked, wednesday):
    before = session.scalars(select(Availability).order_by(Availability.during)).first()
    job = propose(session, {booked[1]: wednesday("09:00")}, doctors=["d1"], start=at("10:15"), end=at("10:45"))
    apply(session, job)
    rows = session.scalars(select(Availability).order_by(Availability.during)).all()
    found = [(each.during.lower, each.during.upper) for each in rows[:2]]
    assert found == [(at("09:00"), at("10:15")), (at("10:45"), at("12:00"))]
    assert (rows[0].id, rows[0].version, rows[1].version) == (before.id, 2, 1)
    assert len(told(session, "availability.changed")) == 1


def test_who_is_being_seen_keeps_the_hour_that_has_begun(session, network, booked, wednesday):
    before = picture(session)
    job = away(session, {booked[1]: wednesday("09:00")}, now=at("09:30"))
    apply(session, job, now=at("09:45"))
    assert periods(session, network.doctors[0])[0] == (at("09:00"), at("10:00"))
    assert starts(session, booked) == [at("09:00"), at("09:00", day=2)]
    undo_reschedule(session, job, None, at("09:50"))
    assert picture(session) == before


def test_a_doctor_keeps_the_hours_at_other_hospitals_where_one_is_named(session, network, booked, wednesday):
    create_availabilities(session, [availability("d1", at("13:00"), at("15:00"))])
    job = propose(
        session,
        {},
        Cause.ROOM,
        doctors=["d1"],
        hospital="del",
        start=at("00:00"),
        end=at("23:00"),
    )
    before = picture(session)
    apply(session, job)
    assert picture(session) == before


def test_a_hospital_that_closes_keeps_what_is_left_of_its_days_as_dated_hours(session, network, booked, wednesday):
    job = propose(
        session,
        {booked[0]: wednesday("10:00"), booked[1]: wednesday("09:00")},
        Cause.HOSPITAL_CLOSED,
        hospital="lis",
        start=at("09:30"),
        end=at("16:00"),
        label="Flood",
    )
    apply(session, job)
    [dated] = session.scalars(select(OperatingException)).all()
    assert (dated.date, dated.reason) == (dt.date(2026, 12, 1), "Flood")
    assert [(each.lower, each.upper) for each in dated.hours] == [(540, 570), (960, 1020)]
    assert openings(session, network.lisbon, day=1) == [("09:00", "09:30"), ("16:00", "17:00")]
    assert openings(session, network.lisbon, day=2) == [("09:00", "17:00")]
    assert periods(session, network.doctors[0])[0] == (at("09:00"), at("09:30"))
    assert told(session, "hospital.hours_changed")[-1] == {"hospital": str(network.lisbon)}


def openings(session, hospital, day: int) -> list[tuple[str, str]]:
    rows = select(Opening.during).where(
        Opening.hospital_id == hospital, Opening.during.overlaps(period(at("00:00", day=day), at("00:00", day=day + 1)))
    )
    found = session.scalars(rows.order_by(Opening.during))
    return [(f"{each.lower:%H:%M}", f"{each.upper:%H:%M}") for each in found]


def test_it_stays_open_for_those_who_are_left_standing(session, network, booked, wednesday):
    job = propose(
        session,
        {booked[0]: wednesday("10:00")},
        Cause.HOSPITAL_CLOSED,
        hospital="lis",
        start=at("00:00"),
        end=at("00:00", day=2),
    )
    apply(session, job)
    assert openings(session, network.lisbon, day=1) == [("10:00", "11:00")]
    assert periods(session, network.doctors[0])[0] == (at("10:00"), at("11:00"))


def test_new_weekly_hours_are_kept_from_then_on_except_for_those_who_are_left(session, network, booked, wednesday):
    week = {**EVERY_DAY, Weekday.TUESDAY: [HoursIn(opens="11:00", closes="18:00")]}
    job = propose(session, {booked[0]: wednesday("10:00")}, Cause.HOURS_CHANGED, hospital="lis", operating_hours=week)
    apply(session, job)
    tuesdays = session.get_one(OperatingHours, (network.lisbon, 2)).hours
    assert [(each.lower, each.upper) for each in tuesdays] == [(660, 1080)]
    assert openings(session, network.lisbon, day=1) == [("10:00", "18:00")]  # patient 2 is left at 10
    assert openings(session, network.lisbon, day=8) == [("11:00", "18:00")]
    assert periods(session, network.doctors[0])[:2] == [(at("10:00"), at("11:00")), (at("11:00"), at("12:00"))]


def test_nothing_displaced_is_applied_as_well(session, network):
    create_availabilities(session, [availability("d1", at("09:00"), at("12:00"))])
    apply(session, away(session, {}))
    assert periods(session, network.doctors[0]) == []


def refusal_of(session, job, version=None) -> Refused:
    with pytest.raises(Refused) as refused:
        apply_reschedule(session, job, version, NOW)
    return refused.value


def test_only_a_proposal_is_applied_and_only_once(session, booked, wednesday):
    job = away(session, {booked[0]: wednesday("10:00")})
    assert refusal_of(session, job, version=1).refusal is Refusal.STALE
    apply(session, job)
    refused = refusal_of(session, job)
    assert (refused.refusal, [each.code for each in refused.faults]) == (Refusal.CLASH, ["reschedule_not_proposed"])
    assert refusal_of(session, uuid.UUID(int=1)).refusal is Refusal.NOT_FOUND


def test_what_is_discarded_or_only_asks_is_not_applied(session, booked, wednesday):
    job = away(session, {booked[0]: wednesday("10:00")})
    discard_reschedule(session, job, None, NOW)
    assert [each.code for each in refusal_of(session, job).faults] == ["reschedule_not_proposed"]
    asks = away(session, {booked[0]: wednesday("10:00")}, what_if=True)
    assert [each.code for each in refusal_of(session, asks).faults] == ["reschedule_only_asks"]


def test_more_availabilities_are_withdrawn_than_a_statement_takes_parameters(session, booked, network):
    tuesday = session.scalars(select(Availability).where(Availability.during.contains(at("11:00")))).one()
    hour = {"doctor": network.doctors[0], "hospital": network.lisbon, "start": at("09:00"), "end": at("12:00")}
    ids = [tuesday.id, *(uuid.uuid4() for _ in range(65_536))]
    gone = [Piece(id=id_, version=1, **hour) for id_ in ids]
    session.execute(delete(Appointment))
    write_availabilities(session, Changes(before=gone, after=[], hours=None))
    assert tuesday.id not in set(session.scalars(select(Availability.id)))
