"""The sample network in the two shapes that others take: an import's bundle and the planner's problem."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cli.sample.calendar import Calendar
from cli.sample.network import CLOCKS, WEEKS, Minutes, SampleHospital, SamplePatient
from models.files.bundle import Bundle, PatientRow, UserRow
from models.hours import project
from models.inputs import AppointmentIn, AvailabilityIn, BookingRequestIn, ExceptionIn, HospitalIn, HoursIn, Weekday
from models.people import Role
from planner.problem import Doctor, Hospital, Problem, Request


def as_bundle(calendar: Calendar, requests: Iterable[Request] = ()) -> Bundle:
    """The network as the rows of an import. Instants carry their hospital's offset."""
    clocks = {place.id: ZoneInfo(place.timezone) for place in calendar.hospitals}
    clock_of = {person.id: ZoneInfo(CLOCKS[person.state]) for person in calendar.patients}
    return Bundle(
        hospitals=[_hospital(place) for place in calendar.hospitals],
        users=[
            UserRow(external_id=doctor.id, name=doctor.name, role=Role.DOCTOR, specialties=[doctor.specialty])
            for doctor in calendar.doctors
        ],
        patients=[
            PatientRow(external_id=patient.id, name=patient.name, email=_email(patient))
            for patient in calendar.patients
        ],
        availabilities=[
            AvailabilityIn(
                doctor=free.doctor,
                hospital=free.hospital,
                start=free.start.astimezone(clocks[free.hospital]),
                end=free.end.astimezone(clocks[free.hospital]),
            )
            for free in calendar.availabilities
        ],
        appointments=[
            AppointmentIn(
                patient=standing.patient,
                doctor=standing.doctor,
                hospital=standing.hospital,
                start=standing.start.astimezone(clocks[standing.hospital]),
            )
            for standing in calendar.appointments
        ],
        requests=[_request(request, clock_of[request.patient]) for request in requests],
    )


def as_problem(calendar: Calendar, requests: Sequence[Request]) -> Problem:
    """The network as a problem for the planner."""
    until = calendar.monday + timedelta(weeks=WEEKS)
    return Problem(
        hospitals=tuple(
            Hospital(
                place.id,
                place.timezone,
                tuple(
                    project(
                        place.weekly,
                        {day: hours for day, (_, hours) in place.exceptions.items()},
                        ZoneInfo(place.timezone),
                        calendar.monday,
                        until,
                    )
                ),
            )
            for place in calendar.hospitals
        ),
        doctors=tuple(Doctor(doctor.id, frozenset({doctor.specialty})) for doctor in calendar.doctors),
        availabilities=calendar.availabilities,
        appointments=calendar.appointments,
        requests=tuple(requests),
    )


def _email(patient: SamplePatient) -> str:
    """An address of a domain that nobody has and no mail reaches (RFC 2606)."""
    name = "".join(letter for letter in patient.name.lower().replace(" ", ".") if letter.isalpha() or letter == ".")
    return f"{name}.{patient.id.lower()}@example.org"


def _hospital(place: SampleHospital) -> HospitalIn:
    return HospitalIn(
        external_id=place.id,
        name=place.name,
        timezone=place.timezone,
        operating_hours={
            day: [_hours(each) for each in place.weekly[day.number]] for day in Weekday if day.number in place.weekly
        },
        exceptions=[
            ExceptionIn(date=day, hours=[_hours(each) for each in hours], reason=reason)
            for day, (reason, hours) in place.exceptions.items()
        ],
    )


def _hours(period: Minutes) -> HoursIn:
    opens, closes = (f"{minute // 60 % 24:02}:{minute % 60:02}" for minute in period)
    return HoursIn(opens=opens, closes=closes)


def _request(request: Request, clock: ZoneInfo) -> BookingRequestIn:
    """A request, its instants by the clock of the patient's home."""

    def local(instant: datetime | None) -> datetime | None:
        return instant and instant.astimezone(clock)

    return BookingRequestIn.model_validate(
        {
            "patient": request.patient,
            "priority": request.priority,
            "doctors": request.doctors and list(request.doctors),
            "specialty": request.specialty,
            "hospitals": request.hospitals and list(request.hospitals),
            "earliest": local(request.earliest),
            "latest": local(request.latest),
            "preferred": local(request.preferred),
        }
    )
