"""Applying what mends a finding: once, while it fits, by the rules, or not at all."""

import datetime as dt
import uuid

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models.appointments import book_appointments, change_status
from models.availabilities import create_availabilities
from models.booking import RequestStatus
from models.faults import Refusal, Refused
from models.inputs import AppointmentIn
from models.operations import OutboxMessage
from models.rescheduling.inputs import ScopeIn
from models.rescheduling.tables import Cause, Reschedule, RescheduleStatus
from models.schedule import Appointment, AppointmentStatus, Availability
from models.validation.codes import Code
from models.validation.remedies import apply_remedy
from models.validation.remedies.kinds import (
    BookRequest,
    CancelAppointment,
    DeliverAgain,
    MoveAppointment,
    PlanReschedule,
    ProjectOpenings,
    SettleRequest,
    Statement,
    TrimAvailability,
    remedy_of,
)
from models.validation.tables import Finding
from tests.models.network import NOW, at, availability
from tests.workers.waiting import while_blocked

LATER = NOW + dt.timedelta(hours=1)
SOME = uuid.UUID(int=7)


@pytest.fixture
def found(session):
    """A finding with a remedy, committed."""

    def find(remedy=None, **values) -> uuid.UUID:
        finding = Finding(
            **{
                "key": str(uuid.uuid4()),
                "code": Code.ROW_BREAKS_RULE,
                "severity": Code.ROW_BREAKS_RULE.severity,
                "hospitals": [],
                "entities": [],
                "message": "It breaks a rule.",
                "facts": {},
                "remedy": remedy and remedy.stored,
                "first_seen_at": NOW,
                "last_seen_at": NOW,
            }
            | values
        )
        session.add(finding)
        session.commit()
        return finding.id

    return find


@pytest.fixture
def morning(session, network) -> uuid.UUID:
    """Doctor 1 sees patients in Lisbon from 9 to 15; the availability."""
    [id_] = create_availabilities(session, [availability("d1", at("09:00"), at("15:00"))])
    session.commit()
    return id_


def booked(session, clock: str, patient: str = "p1") -> uuid.UUID:
    row = AppointmentIn(patient=patient, doctor="d1", hospital="lis", start=at(clock))
    [id_] = book_appointments(session, [row], NOW)
    session.commit()
    return id_


def apply(session, finding, now=LATER):
    applied = apply_remedy(session, finding, now)
    session.commit()
    return applied


def refused(session, finding) -> list[str]:
    with pytest.raises(Refused) as refused:
        apply_remedy(session, finding, LATER)
    session.rollback()
    assert refused.value.refusal is Refusal.CLASH
    assert all(each.message for each in refused.value.faults)
    return [each.code for each in refused.value.faults]


@pytest.mark.parametrize(
    "remedy",
    [
        MoveAppointment(appointment=SOME, doctor=SOME, hospital=SOME, start=NOW),
        PlanReschedule(cause=Cause.APPOINTMENTS, scope=ScopeIn(appointments=[SOME])),
        SettleRequest(booking_request=SOME, status=RequestStatus.BOOKED),
        BookRequest(booking_request=SOME, doctor=SOME, hospital=SOME, start=NOW),
        DeliverAgain(channel="email"),
        Statement(sql="SELECT 1"),
    ],
    ids=lambda remedy: remedy.kind,
)
def test_a_remedy_is_read_as_it_was_stored(session, found, remedy):
    finding = found(remedy)
    session.expire_all()
    assert remedy_of(session.get_one(Finding, finding).remedy) == remedy


def test_what_is_applied_is_noted_and_told(session, found, morning):
    appointment = booked(session, "10:00")
    finding = found(CancelAppointment(appointment=appointment))
    applied = apply(session, finding)
    assert applied.remedy == CancelAppointment(appointment=appointment)
    assert session.get_one(Appointment, appointment).status is AppointmentStatus.CANCELLED
    assert session.get_one(Finding, finding).remedied_at == LATER
    topics = session.scalars(select(OutboxMessage.topic).order_by(OutboxMessage.id.desc()).limit(2)).all()
    assert topics == ["finding.remedied", "appointment.cancelled"]


def test_what_does_not_fit_any_more_is_refused_with_the_reasons_and_nothing_is_done(session, found, morning):
    appointment = booked(session, "10:00")
    finding = found(CancelAppointment(appointment=appointment))
    change_status(session, appointment, AppointmentStatus.COMPLETED)
    session.commit()
    assert refused(session, finding) == ["remedy_outdated", "appointment_not_booked"]
    assert session.get_one(Finding, finding).remedied_at is None
    nowhere = found(CancelAppointment(appointment=uuid.uuid4()))
    assert refused(session, nowhere) == ["remedy_outdated", "unknown_appointment"]


def test_there_has_to_be_something_to_mend_and_something_that_mends_it(session, found, network):
    with pytest.raises(Refused) as unknown:
        apply_remedy(session, uuid.uuid4(), LATER)
    assert unknown.value.refusal is Refusal.NOT_FOUND
    cancel = CancelAppointment(appointment=SOME)
    assert refused(session, found(cancel, gone_at=NOW)) == ["finding_gone"]
    assert refused(session, found()) == ["no_remedy"]
    assert refused(session, found(Statement(sql="ALTER TABLE …"))) == ["remedy_not_ours"]
    assert refused(session, found(cancel, remedied_at=LATER)) == ["finding_remedied"]


def test_what_is_seen_again_can_be_mended_again(session, found, morning):
    appointment = booked(session, "10:00")
    before = NOW - dt.timedelta(hours=1)
    finding = found(CancelAppointment(appointment=appointment), remedied_at=before)
    apply(session, finding)
    assert session.get_one(Appointment, appointment).status is AppointmentStatus.CANCELLED


def reschedule_of_nobody(found, network) -> uuid.UUID:
    """A remedy that nothing stands against to be carried out twice."""
    scope = ScopeIn(doctors=[str(network.doctors[1])], start=NOW, end=NOW + dt.timedelta(days=2))
    return found(PlanReschedule(cause=Cause.DOCTOR_UNAVAILABLE, scope=scope))


def twice(engine, finding) -> str:
    def second() -> str:
        with Session(engine) as session:
            try:
                apply(session, finding)
            except Refused as refused:
                return refused.faults[0].code
        return "applied"

    with Session(engine) as session:
        apply_remedy(session, finding, LATER)
        return while_blocked(engine, second, session.commit)


def test_of_two_clicks_the_second_does_nothing(engine, session, network, found):
    assert twice(engine, reschedule_of_nobody(found, network)) == "finding_remedied"
    assert session.scalar(select(func.count()).select_from(Reschedule)) == 1


def test_without_locking_the_finding_both_clicks_would(engine, session, network, found, monkeypatch):
    """The negative control of the test above."""
    get = Session.get

    def unlocked(self, kind, id_, **options):
        return get(self, kind, id_, **{name: value for name, value in options.items() if name != "with_for_update"})

    monkeypatch.setattr(Session, "get", unlocked)
    assert twice(engine, reschedule_of_nobody(found, network)) == "applied"
    assert session.scalar(select(func.count()).select_from(Reschedule)) == 2


def test_a_reschedule_is_queued_and_named(session, found, network, morning):
    booked(session, "10:00")
    scope = ScopeIn(doctors=[str(network.doctors[0])], start=NOW, end=at("23:00"))
    finding = found(PlanReschedule(cause=Cause.DOCTOR_UNAVAILABLE, scope=scope))
    job = session.get_one(Reschedule, apply(session, finding).made["reschedule"])
    assert (job.status, job.dry_run, job.what_if) == (RescheduleStatus.QUEUED, True, False)


def close(session, *periods: str) -> None:
    """Let Lisbon be open on the first of December for these periods only, as hands do that know no better."""
    session.execute(text("ALTER TABLE availability DROP CONSTRAINT availability_within_openings"))
    session.execute(text("DELETE FROM opening WHERE during && '[2026-12-01, 2026-12-02)'"))
    for each in periods:
        session.execute(
            text(
                "INSERT INTO opening (hospital_id, during) SELECT id, :during FROM hospital WHERE external_id = 'lis'"
            ),
            {"during": each},
        )
    session.commit()


def hours(session) -> list[tuple[str, str]]:
    rows = session.scalars(select(Availability).order_by(Availability.during)).all()
    return [(f"{each.during.lower:%H:%M}", f"{each.during.upper:%H:%M}") for each in rows]


def test_an_availability_is_cut_to_the_openings_in_as_many_pieces_as_there_are(session, found, morning):
    appointment = booked(session, "10:00")
    close(session, "[2026-12-01 09:30+00, 2026-12-01 11:00+00)", "[2026-12-01 13:00+00, 2026-12-01 18:00+00)")
    apply(session, found(TrimAvailability(availability=morning)))
    session.expire_all()
    assert hours(session) == [("09:30", "11:00"), ("13:00", "15:00")]
    assert f"{session.get_one(Availability, morning).during.lower:%H:%M}" == "09:30"
    assert session.get_one(Appointment, appointment).status is AppointmentStatus.BOOKED


def test_an_availability_of_which_nothing_is_left_is_withdrawn(session, found, morning):
    close(session)
    apply(session, found(TrimAvailability(availability=morning)))
    assert hours(session) == []


def test_an_availability_is_not_cut_where_appointments_stand_in_what_is_cut_off(session, found, morning):
    inside, outside, across = (
        booked(session, clock, patient)
        for clock, patient in zip(("10:00", "12:00", "14:00"), ("p1", "p1", "p2"), strict=True)
    )
    close(session, "[2026-12-01 09:00+00, 2026-12-01 12:00+00)", "[2026-12-01 13:00+00, 2026-12-01 14:30+00)")
    session.execute(text("ALTER TABLE appointment DROP CONSTRAINT appointment_within_availability"))
    finding = found(TrimAvailability(availability=morning))
    with pytest.raises(Refused) as refusal:
        apply_remedy(session, finding, LATER)
    session.rollback()
    assert [each.facts.get("appointment") for each in refusal.value.faults] == [None, str(outside), str(across)]
    assert hours(session) == [("09:00", "15:00")]
    assert session.get_one(Appointment, inside).status is AppointmentStatus.BOOKED


def test_an_availability_within_the_openings_is_let_be(session, found, morning):
    assert refused(session, found(TrimAvailability(availability=morning))) == ["remedy_outdated", "within_openings"]
    gone = found(TrimAvailability(availability=SOME))
    assert refused(session, gone) == ["remedy_outdated", "unknown_availability"]


def test_openings_are_projected_anew_where_the_rule_that_holds_them_is_gone(session, found, network, morning):
    close(session)
    apply(session, found(ProjectOpenings(hospital=network.lisbon)))
    day = "SELECT count(*) FROM opening WHERE during @> timestamptz '2026-12-01 12:00+00'"
    assert session.scalar(text(day)) > 0
