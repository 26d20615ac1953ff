"""PROBLEM.json: its pydantic models, and the way from them to the planner's values and back to JSON values."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import Field

from planner.file_schema import FileModel, Instant, to_text
from planner.problem import Appointment, Availability, Doctor, Hospital, Period, Priority, Problem, Request

T = TypeVar("T")


class PeriodModel(FileModel):
    """A half-open period."""

    start: Instant
    end: Instant


class WindowModel(FileModel):
    """What a movable appointment's new hour must lie in: starts at or after `earliest`, ends at or before `latest`."""

    earliest: Instant
    latest: Instant


class HospitalModel(FileModel):
    """A hospital."""

    id: str
    timezone: str
    openings: list[PeriodModel]


class DoctorModel(FileModel):
    """A doctor."""

    id: str
    specialties: list[str] = Field(default_factory=list)


class AvailabilityModel(FileModel):
    """A period in which a doctor sees patients at a hospital."""

    doctor: str
    hospital: str
    start: Instant
    end: Instant


class AppointmentModel(FileModel):
    """An appointment that stands."""

    id: str
    doctor: str
    hospital: str
    patient: str
    start: Instant
    movable: bool = False
    window: WindowModel | None = None
    hospitals: list[str] | None = None


class RequestModel(FileModel):
    """A wish for one hour."""

    id: str
    patient: str
    priority: Priority
    doctors: list[str] | None = None
    places: list[int] | None = None
    specialty: str | None = None
    hospitals: list[str] | None = None
    earliest: Instant
    latest: Instant
    preferred: Instant | None = None
    moves: str | None = None


class ProblemModel(FileModel):
    """PROBLEM.json."""

    hospitals: list[HospitalModel]
    doctors: list[DoctorModel]
    availabilities: list[AvailabilityModel]
    appointments: list[AppointmentModel] = Field(default_factory=list)
    requests: list[RequestModel]

    def values(self) -> Problem:
        return Problem(
            tuple(
                Hospital(h.id, h.timezone, tuple(Period(o.start, o.end) for o in h.openings)) for h in self.hospitals
            ),
            tuple(Doctor(d.id, frozenset(d.specialties)) for d in self.doctors),
            tuple(Availability(a.doctor, a.hospital, a.start, a.end) for a in self.availabilities),
            tuple(
                Appointment(
                    a.id, a.doctor, a.hospital, a.patient, a.start, a.movable,
                    None if a.window is None else Period(a.window.earliest, a.window.latest), _tuple(a.hospitals),
                )
                for a in self.appointments
            ),
            tuple(
                Request(
                    r.id, r.patient, r.priority, r.earliest, r.latest, _tuple(r.doctors), r.specialty,
                    _tuple(r.hospitals), r.preferred, r.moves, _tuple(r.places),
                )
                for r in self.requests
            ),
        )  # fmt: skip


def problem_as_dict(problem: Problem) -> Mapping[str, object]:
    """The problem in JSON values, every field written out.

    Left out where they are not given: `places`, and the `hospitals` of appointments. Problems from before these fields
    came keep their digests.
    """
    return {
        "hospitals": [
            {"id": h.id, "timezone": h.timezone, "openings": [_period(o, "start", "end") for o in h.openings]}
            for h in problem.hospitals
        ],
        "doctors": [{"id": d.id, "specialties": sorted(d.specialties)} for d in problem.doctors],
        "availabilities": [
            {"doctor": a.doctor, "hospital": a.hospital, "start": to_text(a.start), "end": to_text(a.end)}
            for a in problem.availabilities
        ],
        "appointments": [
            {
                "id": a.id, "doctor": a.doctor, "hospital": a.hospital, "patient": a.patient,
                "start": to_text(a.start), "movable": a.movable,
                "window": None if a.window is None else _period(a.window, "earliest", "latest"),
                **_where_given("hospitals", a.hospitals),
            }
            for a in problem.appointments
        ],
        "requests": [
            {
                "id": r.id, "patient": r.patient, "priority": str(r.priority), "doctors": r.doctors,
                "specialty": r.specialty, "hospitals": r.hospitals, "earliest": to_text(r.earliest),
                "latest": to_text(r.latest), "preferred": None if r.preferred is None else to_text(r.preferred),
                "moves": r.moves, **_where_given("places", r.places),
            }
            for r in problem.requests
        ],
    }  # fmt: skip


def _period(period: Period, start: str, end: str) -> dict[str, str]:
    return {start: to_text(period.start), end: to_text(period.end)}


def _where_given(field: str, value: object) -> dict[str, object]:
    return {} if value is None else {field: value}


def _tuple(values: Sequence[T] | None) -> tuple[T, ...] | None:
    return None if values is None else tuple(values)
