"""A small hospital network that has been at work: every table has rows, and the product wrote them all."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.access.codes import make_code
from models.access.scopes import Scope
from models.access.secrets import digest
from models.access.sign_ins import begin
from models.access.tables import Account, OidcAttempt, OidcIdentity, SignInFailure, SignInMethod
from models.access.tokens import make_token
from models.appointments import book_appointments, change_status
from models.audit.archiving import archive_part
from models.audit.sealing import seal
from models.availabilities import create_availabilities
from models.calendar_feeds import make_feed
from models.deliveries.handing import hand_on, use_channels
from models.deliveries.tables import Channel
from models.directory import upsert_patients, upsert_users
from models.hospitals import Hospital
from models.hours import create_hospitals, set_exception
from models.inputs import (
    AppointmentIn,
    AppointmentMove,
    AvailabilityIn,
    BookingRequestIn,
    ExceptionIn,
    HospitalIn,
    HoursIn,
    PatientIn,
    UserIn,
    Weekday,
)
from models.moving import move_appointment
from models.operations import IdempotencyKey
from models.people import Role, User
from models.requests import create_batch, queue_requests
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.inputs import Policy, RescheduleIn, ScopeIn
from models.rescheduling.jobs import create_reschedule, plan_again
from models.rescheduling.tables import Cause
from models.schedule import AppointmentStatus
from models.session import transaction
from models.settings import Settings
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.jobs import POLICY, queue_report
from models.validation.recording import record
from models.validation.tables import Finding, Fragility, HourValue, ValidationReport
from planner.problem import Priority
from workers.planning import plan_next
from workers.rescheduling import plan_next_reschedule
from workers.validation.run import validate_next

ZONES = {"lisbon": "Europe/Lisbon", "kolkata": "Asia/Kolkata"}
WEEK = {day: [HoursIn(opens="08:00", closes="20:00")] for day in Weekday}
DAYS = 5


def now() -> datetime:
    return datetime.now(UTC)


def at(hospital: str, day: int, hour: int) -> datetime:
    """An hour by a hospital's clock, so many days from now."""
    zone = ZoneInfo(ZONES[hospital])
    midnight = datetime.combine(now().astimezone(zone).date() + timedelta(days=day), datetime.min.time(), zone)
    return midnight.replace(hour=hour).astimezone(UTC)


def live(chosen: Settings) -> None:
    """Let an empty network be at work for a while."""
    _open()
    _book(chosen)
    _reschedule(chosen)
    _tell()
    _let_people_in()
    with transaction() as session:
        report = queue_report(session, None, POLICY, now())
    assert validate_next(chosen, worker="w", clock=now)
    _find_something(report)


def _open() -> None:
    with transaction() as session:
        use_channels(session, list(Channel))
        hospitals = [
            HospitalIn(external_id=name, name=name.title(), timezone=zone, operating_hours=WEEK)
            for name, zone in ZONES.items()
        ]
        for id_ in create_hospitals(session, hospitals, now()):
            holiday = now().date() + timedelta(days=20)
            set_exception(session, id_, ExceptionIn(date=holiday, hours=[], reason="Holiday"), now())
        users = {f"d{n}": UserIn(name=f"Dr. {n}", role=Role.DOCTOR, specialties=["cardiology"]) for n in range(4)}
        upsert_users(session, {**users, "staff": UserIn(name="Staff", role=Role.STAFF, hospitals=["lisbon"])})
        upsert_patients(
            session, {f"p{n}": PatientIn(name=f"Patient {n}", email=f"p{n}@example.org") for n in range(12)}
        )
        create_availabilities(
            session,
            [
                AvailabilityIn(
                    doctor=f"d{doctor}", hospital=hospital, start=at(hospital, day, 9), end=at(hospital, day, 13)
                )
                for doctor, hospital in enumerate(["lisbon", "lisbon", "kolkata", "kolkata"])
                for day in range(1, DAYS)
            ],
        )
        make_feed(session, "d0", "telephone")


def _book(chosen: Settings) -> None:
    """Booked at once, booked from requests, cancelled, moved; more asked for than there are hours on one morning."""
    with transaction() as session:
        first, second, third = book_appointments(
            session,
            [
                AppointmentIn(patient="p0", doctor="d0", hospital="lisbon", start=at("lisbon", 1, 9)),
                AppointmentIn(patient="p1", doctor="d0", hospital="lisbon", start=at("lisbon", 1, 10)),
                AppointmentIn(patient="p2", doctor="d2", hospital="kolkata", start=at("kolkata", 1, 9)),
                # These stay as they are.
                AppointmentIn(patient="p10", doctor="d0", hospital="lisbon", start=at("lisbon", 4, 9)),
                AppointmentIn(patient="p10", doctor="d0", hospital="lisbon", start=at("lisbon", 4, 11)),
                AppointmentIn(patient="p11", doctor="d1", hospital="lisbon", start=at("lisbon", 4, 9)),
            ],
            now(),
        )[:3]
        change_status(session, second, AppointmentStatus.CANCELLED)
        change_status(session, third, AppointmentStatus.COMPLETED)
        to = AppointmentMove(doctor="d0", hospital="lisbon", start=at("lisbon", 1, 11))
        move_appointment(session, first, to, None, now())
        wanted = [
            BookingRequestIn(
                patient=f"p{patient}",
                doctors=["d3"],
                hospitals=["kolkata"],
                priority=Priority.SOON,
                earliest=at("kolkata", 2, 9),
                latest=at("kolkata", 2, 13),
            )
            for patient in range(3, 8)
        ]
        batch = create_batch(session, len(wanted), "a batch")
        queue_requests(session, wanted, batch)
    while plan_next(chosen, worker="w", clock=now):
        pass
    with transaction() as session:
        queue_requests(
            session, [BookingRequestIn(patient="p9", earliest=at("lisbon", 3, 9), latest=at("lisbon", 3, 13))]
        )


def _reschedule(chosen: Settings) -> None:
    """One applied, which leaves a former hour; a question, asked again; and one proposed, which holds what it moves."""
    _propose(chosen, "lisbon", "d0", 1, apply_reschedule)
    _propose(chosen, "kolkata", "d3", 2, lambda session, job, _version, at: plan_again(session, job, at), what_if=True)
    assert plan_next_reschedule(chosen, worker="w", clock=now)
    _propose(chosen, "kolkata", "d3", 2)


def _propose(
    chosen: Settings,
    hospital: str,
    doctor: str,
    day: int,
    then: Callable[[Session, UUID, None, datetime], object] | None = None,
    *,
    what_if: bool = False,
) -> None:
    """Have it planned what becomes of a doctor's day, and then carried out."""
    asked = RescheduleIn(
        cause=Cause.DOCTOR_UNAVAILABLE,
        scope=ScopeIn(doctors=[doctor], start=at(hospital, day, 0), end=at(hospital, day + 1, 0)),
        policy=Policy(notice_hours=0, same_doctor=False),
        what_if=what_if,
    )
    with transaction() as session:
        job = create_reschedule(session, asked, now())
    assert plan_next_reschedule(chosen, worker="w", clock=now)
    if then:
        with transaction() as session:
            then(session, job, None, now())


def _tell() -> None:
    """Everything is handed to the channels, and an answer is kept to be given again."""
    with transaction() as session:
        for channel in Channel:
            while hand_on(session, channel, 100):
                pass
        session.execute(
            insert(IdempotencyKey).values(
                route="POST /appointments", key="k", body_sha256="0" * 64, status_code=201, headers={}, body={}
            )
        )


def _let_people_in() -> None:
    """Somebody signs in, by every way there is, and mistypes it once; a system has a token. All of it is audited."""
    until = now() + timedelta(days=1)
    with transaction() as session, TemporaryDirectory() as folder:
        assert [seal(session, 1), seal(session, 1000) > 1] == [1, True]  # and what follows is not sealed yet
        assert archive_part(session, Path(folder), until, most=1)
        staff = session.scalars(select(User).where(User.external_id == "staff")).one()
        lisbon = session.scalars(select(Hospital.id).where(Hospital.external_id == "lisbon")).one()
        make_code(session, staff.id, until, sets_password=True)
        begin(session, staff.id, SignInMethod.PASSWORD, until)
        make_token(session, "a system", [Scope.SCHEDULE_READ], hospitals=[lisbon], expires_at=until)
        session.execute(insert(Account).values(user_id=staff.id, password_hash="$argon2id$"))
        session.execute(insert(SignInFailure).values(account_sha256=digest("staff"), address="127.0.0.1"))
        session.execute(insert(OidcIdentity).values(issuer="https://login", subject="1", user_id=staff.id))
        session.execute(
            insert(OidcAttempt).values(state_sha256=digest("state"), nonce="n", code_verifier="v", next="/app")
        )


def _find_something(report: UUID) -> None:
    """Rows of what a validation writes, as of nights long ago: a finding that is gone, figures of a day."""
    with transaction() as session:
        found = Found(Code.OPENINGS_RUN_OUT, (Entity(Kind.CHECK, "once"),), "Once.")
        record(session, session.get_one(ValidationReport, report, with_for_update=True), [found], now())
        session.execute(update(Finding).values(gone_at=now()))
        hospital = session.scalars(select(Hospital.id).limit(1)).one()
        day = {"report_id": report, "hospital_id": hospital, "date": now().date()}
        placed = {"appointments": 1, "replaceable": 1, "stranded": [], "proved": True}
        for_nobody = {"specialty": "anything", "waiting": 1, "books": 0, "proved": True}
        session.execute(insert(Fragility).values(day | placed).on_conflict_do_nothing())
        session.execute(insert(HourValue).values(day | for_nobody).on_conflict_do_nothing())
