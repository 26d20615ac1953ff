"""The remedy that puts a hospital's hours back to the wall clock that people were told, once a newer time-zone database
has the clock show something else.

Openings are projected anew by today's clock; availabilities and booked appointments go with them, all in one
transaction. Nobody has to hear of another time, since the one that they were told is right again; but whoever keeps
instants does.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import Uuid, delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import TSTZRANGE
from sqlalchemy.orm import Session

from models import outbox
from models.appointment_messages import MOVED, Hour, appointment_message
from models.arrays import among, table_of
from models.availabilities import availability_message
from models.base import ends, period
from models.faults import Fault, Refusal, Refused, refuse_if
from models.hours import availabilities_outside, instant_at, project_from_hours
from models.rescheduling.against import Wanted, against, fault, place, when
from models.rescheduling.changes import Changes, Piece
from models.rescheduling.holding import hold_appointments, hold_hospitals
from models.rescheduling.lost import Lost, overlapping
from models.schedule import Appointment, AppointmentStatus, Availability
from models.validation.clocks import Clocks, clocks_of
from models.validation.clocks_told import (
    ShiftedAppointment,
    ShiftedAvailability,
    Shown,
    shifted_appointments,
    shifted_availabilities,
)
from models.validation.remedies.kinds import RestoreWallClock
from models.validation.remedies.openings import refuse_unknown
from planner.problem import HOUR

_NO_MATTER = {"doctor_left_since", "patient_left_since"}
"""Whoever is gone is a finding of its own, and has an hour that the clock shifted all the same."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What has shifted, locked, and where it goes."""

    hospital: uuid.UUID
    zone: ZoneInfo
    availabilities: Sequence[ShiftedAvailability]
    appointments: Sequence[ShiftedAppointment]

    @property
    def wanted(self) -> list[Wanted]:
        """The hours that appointments are to have."""
        return [
            Wanted(each.id, each.patient, each.doctor, each.hospital, period(start, start + HOUR))
            for each in self.appointments
            for start in [instant_at(each.start.told, self.zone)]
        ]

    @property
    def before(self) -> list[Piece]:
        """The availabilities as they are."""
        return [self._piece(each, *ends(each.during)) for each in self.availabilities]

    @property
    def after(self) -> list[Piece]:
        """The availabilities as they are to be."""
        return [self._piece(each, *self._told(each)) for each in self.availabilities]

    def _told(self, each: ShiftedAvailability) -> tuple[dt.datetime, dt.datetime]:
        start, _ = ends(each.during)
        return self._instant(each.start) if each.start else start, self._instant(each.end, closing=True)

    def _instant(self, shown: Shown, *, closing: bool = False) -> dt.datetime:
        return instant_at(shown.told, self.zone, closing=closing) if shown.shifted else shown.at

    def _piece(self, of: ShiftedAvailability, start: dt.datetime, end: dt.datetime) -> Piece:
        return Piece(id=of.id, doctor=of.doctor, hospital=of.hospital, start=start, end=end, version=of.version)


def restore_wall_clock(session: Session, remedy: RestoreWallClock, now: dt.datetime) -> Mapping[str, str]:
    """Put what is to come of a hospital's openings, availabilities and booked appointments back to the wall clock.

    A time that today's clock does not show, or shows twice, is taken as `models.hours` takes it.

    Raises
    ------
    Refused
        where there is no such hospital; where its time zone is unknown, or the time-zone databases disagree about it;
        and where a rule of the schedule stands against it: it names every appointment and availability concerned.

    """
    refuse_unknown(session, remedy.hospital)
    work = _hold(session, remedy.hospital, _agreed(session, remedy.hospital, now), now)
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    refuse_if(_against(session, work), Refusal.CLASH)
    project_from_hours(session, remedy.hospital, now)
    _write_availabilities(session, work.after)
    _write_appointments(session, work.wanted)
    refuse_if(
        [*availabilities_outside(session, remedy.hospital, now), *_left_behind(session, work, now)], Refusal.CLASH
    )
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    _tell(session, work)
    return {}


def _agreed(session: Session, hospital_id: uuid.UUID, now: dt.datetime) -> Clocks:
    """The clock of a hospital, of which nobody doubts what it shows."""
    clocks = clocks_of(session, [hospital_id], now)
    doubtful = [each.place.timezone for each in clocks.unknown] + list(clocks.disagreements)
    if doubtful:
        message = (
            f"The time-zone databases of Python and PostgreSQL disagree about {doubtful[0]}; bring both up to date and"
            " restart the services first."
        )
        raise Refused(Refusal.CLASH, [Fault("clocks_disagree", "", doubtful[0], message)])
    return clocks


def _hold(session: Session, hospital_id: uuid.UUID, clocks: Clocks, now: dt.datetime) -> _Work:
    """Lock what has shifted: found first, locked second, and read anew."""
    hold_hospitals(session, [hospital_id])
    here, there = Availability.hospital_id == hospital_id, Appointment.hospital_id == hospital_id
    places = [each.id for each in shifted_availabilities(session, clocks, now, here)]
    session.execute(
        select(Availability.id).where(among(Availability.id, places)).order_by(Availability.id).with_for_update()
    )
    hours = hold_appointments(session, [each.id for each in shifted_appointments(session, clocks, now, there)])
    return _Work(
        hospital_id,
        ZoneInfo(clocks.places[hospital_id].timezone),
        list(shifted_availabilities(session, clocks, now, among(Availability.id, places))),
        list(shifted_appointments(session, clocks, now, among(Appointment.id, hours))),
    )


def _against(session: Session, work: _Work) -> Iterator[Fault]:
    """What can be seen beforehand to stand against it."""
    hospitals = hold_hospitals(session, [work.hospital])
    changes = Changes(before=work.before, after=work.after, hours=None)
    leaving = [each.id for each in work.appointments]
    for each in against(session, work.wanted, hospitals, leaving=leaving, changes=changes):
        if each.code not in _NO_MATTER:
            yield each
    by_person: defaultdict[uuid.UUID, list[Wanted]] = defaultdict(list)
    for hour in work.wanted:
        by_person[hour.doctor].append(hour)
        by_person[hour.patient].append(hour)
    for hours in by_person.values():
        for one, other in pairwise(sorted(hours, key=lambda hour: (hour.start, hour.appointment))):
            if other.start < one.start + HOUR:
                goes = place(other, hospitals)
                message = f"was to go to {goes}, where the clock has no room for it besides {one.appointment}"
                yield fault("hour_skipped", other.appointment, message, other.facts)
    yield from _doctors_elsewhere(session, work)


def _doctors_elsewhere(session: Session, work: _Work) -> Iterator[Fault]:
    """Availabilities that would not lie there, or where their doctor has another one."""
    for piece in work.after:
        if piece.end <= piece.start:
            message = f"The clock skips the whole of the availability {piece.id}; change or withdraw it first."
            yield Fault("availability_skipped", "", str(piece.id), message, facts={"availability": str(piece.id)})
    whole = [each for each in work.after if each.start < each.end]
    others = overlapping(Availability, [Lost(None, each.doctor, each.during) for each in whole])
    ours = [each.id for each in work.after]
    for id_ in session.scalars(select(others.c.id).where(~among(others.c.id, ours)).distinct().order_by(others.c.id)):
        message = f"The doctor has the availability {id_}, where another one would be again; change that first."
        yield Fault("doctor_elsewhere", "", str(id_), message, facts={"availability": str(id_)})


def _write_availabilities(session: Session, pieces: Sequence[Piece]) -> None:
    """Withdraw all, then add all: one that follows another would overlap it for a moment."""
    if not pieces:
        return
    ours = among(Availability.id, [each.id for each in pieces])
    created = {
        row.id: row.created_at
        for row in session.execute(delete(Availability).where(ours).returning(Availability.id, Availability.created_at))
    }
    rows = [
        {
            "id": each.id,
            "doctor_id": each.doctor,
            "hospital_id": each.hospital,
            "during": each.during,
            "version": each.version + 1,
            "created_at": created[each.id],
        }
        for each in pieces
    ]
    session.execute(insert(Availability), rows)


def _write_appointments(session: Session, wanted: Sequence[Wanted]) -> None:
    """Give all their new hours while they occupy none, then occupy all: one goes where another was."""
    new = table_of(
        "new_hour",
        id=(Uuid, [each.appointment for each in wanted]),
        during=(TSTZRANGE, [each.during for each in wanted]),
    )
    moved = update(Appointment).where(Appointment.id == new.c.id)
    unseen = {"synchronize_session": False}
    session.execute(
        moved.values(status=AppointmentStatus.CANCELLED, during=new.c.during, version=Appointment.version + 1),
        execution_options=unseen,
    )
    session.execute(moved.values(status=AppointmentStatus.BOOKED), execution_options=unseen)


def _left_behind(session: Session, work: _Work, now: dt.datetime) -> Iterator[Fault]:
    """The booked appointments whose availability has gone from under them: they were told another time than it."""
    there = select(func.range_agg(Availability.during)).where(
        Availability.doctor_id == Appointment.doctor_id,
        Availability.hospital_id == work.hospital,
        Availability.during.bool_op("&&")(Appointment.during),
    )
    left = select(Appointment.id, Appointment.during).where(
        Appointment.hospital_id == work.hospital,
        Appointment.doctor_id.in_({each.doctor for each in work.availabilities}),
        Appointment.status == AppointmentStatus.BOOKED,
        func.lower(Appointment.during) >= now,
        ~func.coalesce(there.scalar_subquery().bool_op("@>")(Appointment.during), literal(value=False)),
    )
    for id_, during in session.execute(left.order_by(Appointment.id)):
        hour = when(ends(during)[0], work.zone.key)
        message = f"was booked for {hour}, by the clock of today, and would lie outside its availability; move it first"
        yield fault("appointment_left_behind", id_, message, {"appointment": str(id_)})


def _tell(session: Session, work: _Work) -> None:
    moved = {each.appointment: each for each in work.wanted}
    outbox.tell(
        session,
        "availability.changed",
        [availability_message(each.id, each.hospital) for each in work.availabilities],
    )
    outbox.tell(
        session,
        MOVED,
        [
            appointment_message(
                each.id,
                each.version + 1,
                Hour(each.doctor, each.hospital, moved[each.id].start),
                left=Hour(each.doctor, each.hospital, each.start.at),
            )
            for each in work.appointments
        ],
    )
