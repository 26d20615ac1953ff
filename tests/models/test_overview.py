"""The overview's numbers, counted by hand in little networks and against the clock itself in random ones."""

import datetime as dt
import uuid
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from models.base import period
from models.booking import BookingRequest, Conflict, PlanningRun, RequestStatus
from models.hospitals import Hospital, Opening
from models.overview.requests import AgeBand, DelayBand, Delays, delays, refusals, waiting
from models.overview.runs import Goal, Proof, proof
from models.overview.utilisation import LocalDay, utilisation
from models.people import Doctor, Patient, Role, User
from models.schedule import Appointment, AppointmentStatus, Availability
from planner.plan import ConflictKind
from planner.problem import HOUR, Priority

DAY = dt.timedelta(days=1)
NOW = dt.datetime(2026, 12, 1, 10, 30, tzinfo=dt.UTC)
BOOKED, CANCELLED, COMPLETED, NO_SHOW = AppointmentStatus


@dataclass
class Place:
    """A hospital that never closes, and rows in it. Times are by its own clock."""

    session: Session
    id: uuid.UUID
    zone: ZoneInfo

    def at(self, clock: str, fold: int = 0) -> dt.datetime:
        return dt.datetime.fromisoformat(clock).replace(tzinfo=self.zone, fold=fold).astimezone(dt.UTC)

    def add(self, kind, **values):
        return self.session.execute(insert(kind).values(values).returning(kind.id)).scalar_one()

    def doctor(self, name="Dr One"):
        id_ = self.add(User, external_id=str(uuid.uuid4()), name=name, role=Role.DOCTOR)
        return self.add(Doctor, id=id_)

    def available(self, doctor, start: dt.datetime, end: dt.datetime):
        self.add(Availability, doctor_id=doctor, hospital_id=self.id, during=period(start, end))

    def appointment(self, doctor, start: dt.datetime, status=BOOKED, request=None):
        patient = self.add(Patient, external_id=str(uuid.uuid4()), name="Ana")
        return self.add(
            Appointment,
            patient_id=patient,
            doctor_id=doctor,
            hospital_id=self.id,
            timezone=self.zone.key,
            during=period(start, start + HOUR),
            status=status,
            booking_request_id=request,
        )

    def days(self, first: str, count: int = 1) -> list[LocalDay]:
        dates = [dt.date.fromisoformat(first) + each * DAY for each in range(count)]
        return [LocalDay(date, self.at(f"{date}T00:00"), self.at(f"{date + DAY}T00:00")) for date in dates]

    def use(self, first: str, count: int = 1, now=NOW):
        found = utilisation(self.session, self.id, self.zone.key, self.days(first, count), now)
        return {doctor.name: [(day.booked, day.bookable) for day in doctor.days] for doctor in found.doctors}


def place_in(session: Session, timezone: str) -> Place:
    values = {"name": "H", "timezone": timezone, "projected_until": dt.date(2028, 1, 1)}
    id_ = session.execute(insert(Hospital).values(values).returning(Hospital.id)).scalar_one()
    always = period(dt.datetime(2025, 1, 1, tzinfo=dt.UTC), dt.datetime(2028, 1, 1, tzinfo=dt.UTC))
    session.execute(insert(Opening).values(hospital_id=id_, during=always))
    return Place(session, id_, ZoneInfo(timezone))


@pytest.fixture
def lisbon(session: Session) -> Place:
    return place_in(session, "Europe/Lisbon")


def test_of_the_hours_that_can_be_booked_some_are(lisbon: Place):
    one, two, _nobody = lisbon.doctor("Dr One"), lisbon.doctor("Dr Two"), lisbon.doctor("Dr Zero")
    lisbon.available(one, lisbon.at("2026-12-02T09:00"), lisbon.at("2026-12-02T12:00"))
    lisbon.available(two, lisbon.at("2026-12-03T09:00"), lisbon.at("2026-12-03T10:00"))
    lisbon.appointment(one, lisbon.at("2026-12-02T10:00"))
    lisbon.appointment(one, lisbon.at("2026-12-02T11:00"), CANCELLED)
    lisbon.appointment(two, lisbon.at("2026-12-03T09:00"))
    found = utilisation(lisbon.session, lisbon.id, "Europe/Lisbon", lisbon.days("2026-12-02", 3), NOW)
    assert [(each.name, each.total.booked, each.total.bookable) for each in found.doctors] == [
        ("Dr One", 1, 3),
        ("Dr Two", 1, 1),
    ]
    assert [(str(day.date), day.booked, day.bookable, day.share) for day in found.days] == [
        ("2026-12-02", 1, 3, pytest.approx(1 / 3)),
        ("2026-12-03", 1, 1, 1.0),
        ("2026-12-04", 0, 0, None),
    ]
    assert (found.total.booked, found.total.bookable) == (2, 4)


def test_only_whole_hours_by_the_hospitals_clock_can_be_booked(session):
    delhi = place_in(session, "Asia/Kolkata")
    whole, half = delhi.doctor("Whole"), delhi.doctor("Half")
    delhi.available(whole, delhi.at("2026-12-02T09:00"), delhi.at("2026-12-02T12:00"))
    delhi.available(half, delhi.at("2026-12-02T09:30"), delhi.at("2026-12-02T11:30"))
    assert delhi.use("2026-12-02") == {"Whole": [(0, 3)], "Half": [(0, 1)]}


def test_touching_availabilities_join_also_across_midnight(lisbon: Place):
    doctor = lisbon.doctor()
    for start, end in (("2T22:00", "2T22:30"), ("2T22:30", "3T00:00"), ("3T00:00", "3T02:00")):
        lisbon.available(doctor, lisbon.at(f"2026-12-0{start}"), lisbon.at(f"2026-12-0{end}"))
    lisbon.appointment(doctor, lisbon.at("2026-12-03T00:00"))
    assert lisbon.use("2026-12-02", 2) == {"Dr One": [(0, 2), (1, 2)]}
    assert lisbon.use("2026-12-02") == {"Dr One": [(0, 2)]}
    assert lisbon.use("2026-12-04") == {}


def test_an_hour_belongs_to_the_day_in_which_it_starts(lisbon: Place):
    """A working day may end past midnight; a night's hours are then all its own."""
    doctor = lisbon.doctor()
    lisbon.available(doctor, lisbon.at("2026-12-02T22:00"), lisbon.at("2026-12-03T06:00"))
    lisbon.appointment(doctor, lisbon.at("2026-12-03T05:00"))
    borders = [lisbon.at(each) for each in ("2026-12-02T00:00", "2026-12-03T06:00", "2026-12-04T00:00")]
    dates = dt.date(2026, 12, 2), dt.date(2026, 12, 3)
    days = [LocalDay(*day) for day in zip(dates, borders, borders[1:], strict=False)]
    (use,) = utilisation(lisbon.session, lisbon.id, "Europe/Lisbon", days, NOW).doctors
    assert [(day.booked, day.bookable) for day in use.days] == [(1, 8), (0, 0)]


def test_an_hour_that_reaches_into_the_next_day_is_not_counted_there(lisbon: Place):
    one, two = lisbon.doctor("Dr One"), lisbon.doctor("Dr Two")
    border = lisbon.at("2026-12-02T06:30")
    lisbon.available(one, lisbon.at("2026-12-02T04:00"), border)
    lisbon.available(one, border, lisbon.at("2026-12-02T08:00"))
    lisbon.available(two, lisbon.at("2026-12-02T06:00"), lisbon.at("2026-12-02T07:00"))
    lisbon.appointment(two, lisbon.at("2026-12-02T06:00"))
    before = LocalDay(dt.date(2026, 12, 1), lisbon.at("2026-12-01T06:30"), border)
    after = LocalDay(dt.date(2026, 12, 2), border, lisbon.at("2026-12-03T00:00"))

    def use(*days: LocalDay) -> dict[str, list[tuple[int, int]]]:
        found = utilisation(lisbon.session, lisbon.id, "Europe/Lisbon", days, NOW)
        return {doctor.name: [(day.booked, day.bookable) for day in doctor.days] for doctor in found.doctors}

    assert use(before) == {"Dr One": [(0, 3)], "Dr Two": [(1, 1)]}
    assert use(after) == {"Dr One": [(0, 1)]}
    assert use(before, after) == {"Dr One": [(0, 3), (0, 1)], "Dr Two": [(1, 1), (0, 0)]}


def test_days_on_which_clocks_change_have_23_and_25_hours(lisbon: Place):
    doctor = lisbon.doctor()
    for date, hours in (("2026-03-29", 23), ("2026-10-25", 25)):
        (day,) = lisbon.days(date)
        lisbon.available(doctor, day.start, day.end)
        assert lisbon.use(date) == {"Dr One": [(0, hours)]}
    twice = [lisbon.at("2026-10-25T01:00", fold) for fold in (0, 1)]
    for start in twice:
        lisbon.appointment(doctor, start)
    assert lisbon.use("2026-10-25") == {"Dr One": [(2, 25)]}


@pytest.mark.parametrize("status", [COMPLETED, NO_SHOW])
def test_an_hour_that_has_begun_stays_booked_and_one_to_come_is_free_again(lisbon: Place, status):
    doctor = lisbon.doctor()
    lisbon.available(doctor, lisbon.at("2026-12-01T09:00"), lisbon.at("2026-12-01T13:00"))
    lisbon.appointment(doctor, lisbon.at("2026-12-01T10:00"), status)
    lisbon.appointment(doctor, lisbon.at("2026-12-01T11:00"), status)
    assert lisbon.use("2026-12-01") == {"Dr One": [(1, 4)]}
    lisbon.appointment(doctor, lisbon.at("2026-12-01T10:00"), BOOKED)
    assert lisbon.use("2026-12-01") == {"Dr One": [(1, 4)]}


def test_an_hour_that_took_place_could_be_booked_though_its_availability_is_gone(lisbon: Place):
    lisbon.appointment(lisbon.doctor(), lisbon.at("2026-12-01T09:00"), COMPLETED)
    assert lisbon.use("2026-12-01") == {"Dr One": [(1, 1)]}


def test_another_hospitals_hours_do_not_count(session, lisbon: Place):
    other, doctor = place_in(session, "Europe/Lisbon"), lisbon.doctor()
    other.available(doctor, other.at("2026-12-02T09:00"), other.at("2026-12-02T12:00"))
    other.appointment(doctor, other.at("2026-12-02T10:00"))
    assert lisbon.use("2026-12-02") == {}
    assert other.use("2026-12-02") == {"Dr One": [(1, 3)]}


QUARTER = dt.timedelta(minutes=15)
FIRSTS = ["2026-03-28", "2026-10-24", "2026-04-04", "2026-10-03", "2026-12-01"]
ZONES = ["Europe/Lisbon", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(ZONES),
    first=st.sampled_from(FIRSTS),
    pauses=st.lists(st.tuples(st.integers(1, 24), st.integers(0, 8)), min_size=1, max_size=8),
    booked=st.sets(st.integers(0, 71), max_size=20),
)
def test_every_hour_that_the_clock_shows_is_counted_once(session, zone, first, pauses, booked):
    """Quarter by quarter: an hour can be booked where it starts on the hour and all four quarters are available."""
    savepoint = session.begin_nested()
    place = place_in(session, zone)
    doctor, days = place.doctor(), place.days(first, 2)
    quarters: set[dt.datetime] = set()
    start = days[0].start - 2 * HOUR
    for length, pause in pauses:
        end = start + length * QUARTER
        place.available(doctor, start, end)
        quarters |= {start + each * QUARTER for each in range(length)}
        start = end + pause * QUARTER

    def is_bookable(instant: dt.datetime) -> bool:
        whole = all(instant + each * QUARTER in quarters for each in range(4))
        return whole and instant.astimezone(place.zone).minute == 0

    bookable = sorted(filter(is_bookable, quarters))
    taken = {bookable[each] for each in booked if each < len(bookable)}
    for start in taken:
        place.appointment(doctor, start)
    wanted = [
        tuple(sum(start.astimezone(place.zone).date() == day.date for start in starts) for starts in (taken, bookable))
        for day in days
    ]
    assert place.use(first, 2).get("Dr One", [(0, 0)] * 2) == wanted
    savepoint.rollback()


def ask(place: Place, ago: dt.timedelta, priority=Priority.ROUTINE, status=RequestStatus.QUEUED, decided=None):
    """A request made so long ago."""
    run = place.add(PlanningRun, worker="w", lease_expires_at=NOW, requests=1)
    return place.add(
        BookingRequest,
        patient_id=place.add(Patient, external_id=str(uuid.uuid4()), name="Ana"),
        priority=priority,
        earliest=NOW,
        latest=NOW + DAY,
        status=status,
        created_at=NOW - ago,
        planning_run_id=None if status is RequestStatus.QUEUED else run,
        decided_at=decided,
    )


def test_what_waits_is_counted_by_priority_and_age(lisbon: Place):
    second = dt.timedelta(seconds=1)
    for ago in (0 * second, 59 * second, 60 * second, 299 * second, 300 * second, HOUR - second):
        ask(lisbon, ago)
    ask(lisbon, HOUR, Priority.SOON, RequestStatus.PLANNING)
    ask(lisbon, DAY - second, Priority.SOON)
    ask(lisbon, DAY, Priority.SOON)
    ask(lisbon, 2 * DAY, Priority.SOON, RequestStatus.CANCELLED, decided=NOW)
    urgent, soon, routine = waiting(lisbon.session, NOW)
    assert (urgent.priority, urgent.total, urgent.oldest_seconds) == (Priority.URGENT, 0, None)
    assert (soon.priority, soon.total, soon.oldest_seconds) == (Priority.SOON, 3, 86_400)
    assert (routine.priority, routine.total, routine.oldest_seconds) == (Priority.ROUTINE, 6, 3_599)
    assert [routine.by_age[band] for band in AgeBand] == [2, 2, 2, 0, 0]
    assert [soon.by_age[band] for band in AgeBand] == [0, 0, 0, 2, 1]


def test_a_clock_that_is_a_little_behind_the_databases_makes_no_age_negative(lisbon: Place):
    ask(lisbon, dt.timedelta(seconds=-2))
    *_, routine = waiting(lisbon.session, NOW)
    assert (routine.by_age[AgeBand.UNDER_1_MINUTE], routine.oldest_seconds) == (1, 0)


def test_the_days_to_the_appointment_are_told_as_a_distribution(lisbon: Place):
    doctor = lisbon.doctor()

    def seen_after(days: float, number: int, priority=Priority.ROUTINE, status=BOOKED, decided=NOW) -> None:
        """Asked `days` before an hour of its own."""
        start = dt.datetime(2026, 12, 2, number, tzinfo=dt.UTC)
        request = ask(lisbon, NOW - (start - days * DAY), priority, RequestStatus.BOOKED, decided)
        lisbon.appointment(doctor, start, status, request)

    lisbon.available(doctor, lisbon.at("2026-12-02T00:00"), lisbon.at("2026-12-03T00:00"))
    for number, days in enumerate((0.5, 1, 2.5, 3, 7, 13, 14, 28, 40, 100, 200)):
        seen_after(days, number)
    seen_after(0.25, 11, Priority.URGENT, COMPLETED)
    seen_after(5, 12, Priority.SOON, CANCELLED)
    seen_after(5, 13, Priority.SOON, decided=NOW - 31 * DAY)
    urgent, soon, routine, together = delays(lisbon.session, NOW - 30 * DAY)
    assert (urgent.requests, urgent.median_days, urgent.ninetieth_days) == (1, 0.25, 0.25)
    assert soon == Delays(Priority.SOON)
    assert (routine.requests, routine.median_days, routine.ninetieth_days) == (11, 13, 100)
    assert [routine.by_delay[band] for band in DelayBand] == [1, 2, 1, 2, 1, 4]
    assert (together.priority, together.requests, together.by_delay[DelayBand.UNDER_1_DAY]) == (None, 12, 2)
    assert [each.requests for each in delays(lisbon.session, NOW)] == [1, 0, 11, 12]
    assert [each.requests for each in delays(lisbon.session, NOW + HOUR)] == [0, 0, 0, 0]


def test_refusals_are_counted_by_kind_and_priority(lisbon: Place):
    def refuse(kind, priority, status=RequestStatus.CONFLICT, ago=DAY) -> None:
        request = ask(lisbon, 2 * ago, priority, status, decided=NOW - ago)
        run = lisbon.add(PlanningRun, worker="w", lease_expires_at=NOW, requests=1)
        told = {"message": "m", "facts": {}, "certificate": {}, "alternatives": [], "created_at": NOW - ago}
        lisbon.session.execute(
            insert(Conflict).values(booking_request_id=request, planning_run_id=run, kind=kind, **told)
        )

    refuse(ConflictKind.HOURS_TAKEN, Priority.URGENT)
    refuse(ConflictKind.HOURS_TAKEN, Priority.SOON)
    refuse(ConflictKind.HOURS_TAKEN, Priority.SOON, RequestStatus.CANCELLED)
    refuse(ConflictKind.PATIENT_BUSY, Priority.ROUTINE, RequestStatus.BOOKED)
    refuse(ConflictKind.PATIENT_BUSY, Priority.ROUTINE, ago=8 * DAY)
    found = {each.kind: each for each in refusals(lisbon.session, NOW - 7 * DAY)}
    assert list(found) == list(ConflictKind)
    taken, busy, closed = (
        found[kind] for kind in (ConflictKind.HOURS_TAKEN, ConflictKind.PATIENT_BUSY, ConflictKind.HOSPITAL_CLOSED)
    )
    assert (dict(taken.by_priority), taken.total, taken.standing) == ({"urgent": 1, "soon": 2, "routine": 0}, 3, 2)
    assert (dict(busy.by_priority), busy.total, busy.standing) == ({"urgent": 0, "soon": 0, "routine": 1}, 1, 0)
    assert (closed.total, closed.standing) == (0, 0)


def test_however_much_there_is_the_questions_are_few(lisbon: Place):
    asked: list[str] = []
    event.listen(lisbon.session.connection(), "before_cursor_execute", lambda *args: asked.append(args[2]))

    def count() -> list[int]:
        counts = []
        for question in (
            lambda: lisbon.use("2026-12-02", 7),
            lambda: waiting(lisbon.session, NOW),
            lambda: delays(lisbon.session, NOW - DAY),
            lambda: refusals(lisbon.session, NOW - DAY),
        ):
            asked.clear()
            question()
            counts.append(len(asked))
        return counts

    before = count()
    for number in range(5):
        doctor = lisbon.doctor(f"Dr {number}")
        lisbon.available(doctor, lisbon.at("2026-12-02T09:00"), lisbon.at("2026-12-02T12:00"))
        lisbon.appointment(doctor, lisbon.at("2026-12-02T10:00"))
        ask(lisbon, HOUR)
    assert before == count() == [3, 1, 1, 1]


def outcome(status: str, reached: tuple[int, ...], bound: tuple[int, ...]) -> dict:
    def goals(numbers: tuple[int, ...]) -> dict:
        return {
            "booked": dict(zip(("urgent", "soon", "routine"), numbers[:3], strict=True)),
            "moved": numbers[3],
            "inconvenience": numbers[4],
        }

    return {"status": status, "objective": goals(reached), "bound": goals(bound)}


@pytest.mark.parametrize(
    ("reached", "bound", "goal", "gap"),
    [
        ((5, 6, 190, 1, 40), (5, 6, 200, 0, 0), Goal.ROUTINE, 0.05),
        ((4, 6, 190, 1, 40), (5, 9, 200, 0, 0), Goal.URGENT, 0.2),
        ((5, 6, 190, 2, 40), (5, 6, 190, 1, 0), Goal.MOVED, 0.5),
        ((5, 6, 190, 2, 1000), (5, 6, 190, 2, 997), Goal.INCONVENIENCE, 0.003),
        ((5, 6, 190, 2, 3), (5, 6, 190, 2, 0), Goal.INCONVENIENCE, 1.0),
    ],
)
def test_a_plan_that_is_not_proved_the_best_is_within_a_gap_of_it(reached, bound, goal, gap):
    found = proof(outcome("feasible", reached, bound))
    assert found is not None
    assert (found.best, found.goal, found.gap) == (False, goal, pytest.approx(gap))


def test_a_plan_that_equals_its_bound_is_the_best():
    found = proof(outcome("optimal", (5, 6, 190, 1, 40), (5, 6, 190, 1, 40)))
    assert found == Proof()
    assert (found.best, found.gap) == (True, 0)


def test_of_a_run_without_a_plan_nothing_is_proved():
    assert proof(None) is None
