"""A little hospital network for the tests of the workers, written straight into the tables."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.orm import Session

from models.base import period
from models.booking import BookingRequest, BookingRequestDoctor, BookingRequestHospital, RequestStatus
from models.hospitals import Hospital, Opening
from models.people import Doctor, DoctorSpecialty, Patient, Role, User
from models.rescheduling.inputs import RescheduleIn
from models.rescheduling.jobs import create_reschedule
from models.rescheduling.tables import FormerHour, Reschedule, RescheduleStatus
from models.schedule import Appointment, Availability
from planner.problem import HOUR, Priority


@dataclass
class Network:
    """Adds rows, each in a transaction of its own. Hours are counted from `midnight` (UTC) of the first day."""

    engine: Engine
    midnight: datetime
    timezones: dict[uuid.UUID, str] = field(default_factory=dict)

    def at(self, hour: float, day: int = 0) -> datetime:
        return self.midnight + timedelta(days=day, hours=hour)

    def hospital(self, timezone: str = "UTC", days: int = 30, opens: int = 0, closes: int = 24) -> uuid.UUID:
        hospital = self._add(
            Hospital, name=f"Hospital {len(self.timezones)}", timezone=timezone, projected_until=self.at(0, days).date()
        )
        self.timezones[hospital] = timezone
        if (opens, closes) == (0, 24):
            self._add(Opening, hospital_id=hospital, during=period(self.at(0), self.at(0, days)))
        else:
            for day in range(days):
                self._add(Opening, hospital_id=hospital, during=period(self.at(opens, day), self.at(closes, day)))
        return hospital

    def doctor(self, *specialties: str, active: bool = True) -> uuid.UUID:
        doctor = self._add(User, external_id=str(uuid.uuid4()), name="Dr. Who", role=Role.DOCTOR, active=active)
        self._add(Doctor, id=doctor)
        for specialty in specialties:
            self.write(insert(DoctorSpecialty).values(doctor_id=doctor, specialty=specialty))
        return doctor

    def patient(self, *, active: bool = True) -> uuid.UUID:
        return self._add(Patient, external_id=str(uuid.uuid4()), name="Anybody", active=active)

    def availability(
        self, doctor: uuid.UUID, hospital: uuid.UUID, hour: float, until: float, day: int = 0
    ) -> uuid.UUID:
        during = period(self.at(hour, day), self.at(until, day))
        return self._add(Availability, doctor_id=doctor, hospital_id=hospital, during=during)

    def appointment(
        self, doctor: uuid.UUID, hospital: uuid.UUID, hour: float, patient: uuid.UUID | None = None, day: int = 0
    ) -> uuid.UUID:
        return self._add(
            Appointment,
            patient_id=patient or self.patient(),
            doctor_id=doctor,
            hospital_id=hospital,
            timezone=self.timezones[hospital],
            during=period(self.at(hour, day), self.at(hour, day) + HOUR),
        )

    def request(
        self,
        doctors: Sequence[uuid.UUID] = (),
        window: tuple[float, float] = (0, 24),
        *,
        patient: uuid.UUID | None = None,
        hospitals: Sequence[uuid.UUID] = (),
        priority: Priority = Priority.ROUTINE,
        **values: Any,
    ) -> uuid.UUID:
        """A queued request; `window` in hours after midnight of the first day."""
        request = self._add(
            BookingRequest,
            patient_id=patient or self.patient(),
            priority=priority,
            earliest=self.at(window[0]),
            latest=self.at(window[1]),
            **values,
        )
        for position, doctor in enumerate(doctors):
            choice = {"booking_request_id": request, "doctor_id": doctor, "position": position}
            self.write(insert(BookingRequestDoctor).values(choice))
        for hospital in hospitals:
            self.write(insert(BookingRequestHospital).values(booking_request_id=request, hospital_id=hospital))
        return request

    def reschedule(self, scope: dict[str, Any], now: datetime | None = None, **asked: Any) -> uuid.UUID:
        """A queued job; `scope` as it is sent, `asked` the rest (policy, what_if, …), asked at `now` (midnight)."""
        asked.setdefault("cause", "doctor_unavailable")
        with Session(self.engine) as session, session.begin():
            job = RescheduleIn.model_validate({"scope": scope, **asked})
            return create_reschedule(session, job, now or self.midnight)

    def away(self, doctor: uuid.UUID, hour: float, until: float, **asked: Any) -> uuid.UUID:
        """A queued job, since a doctor is away (from `hospital` alone, where it is given) for these hours."""
        scope = {"doctors": [str(doctor)], "start": self.at(hour), "end": self.at(until)}
        if hospital := asked.pop("hospital", None):
            scope["hospital"] = hospital
        return self.reschedule(scope, **asked)

    def asked_within(
        self, appointment: uuid.UUID, hour: float, until: float, priority: Priority = Priority.ROUTINE
    ) -> None:
        """Let an appointment have come from a request with this window."""
        row = self.get(Appointment, appointment)
        decided = {"status": RequestStatus.BOOKED, "decided_at": self.midnight}
        request = self.request([row.doctor_id], (hour, until), patient=row.patient_id, priority=priority, **decided)
        self.write(update(Appointment).where(Appointment.id == appointment).values(booking_request_id=request))

    def moved_before(self, appointment: uuid.UUID, at: datetime) -> None:
        """Let a reschedule have moved an appointment."""
        row = self.get(Appointment, appointment)
        job = self.reschedule({"appointments": [str(appointment)]}, cause="appointments", what_if=True)
        left = {"doctor_id": row.doctor_id, "hospital_id": row.hospital_id, "during": row.during, "left_at": at}
        self.write(insert(FormerHour).values(appointment_id=appointment, reschedule_id=job, **left))
        self.write(update(Reschedule).where(Reschedule.id == job).values(status=RescheduleStatus.DISCARDED))

    def get(self, kind: type[Any], id_: uuid.UUID) -> Any:
        with Session(self.engine) as session:
            return session.get_one(kind, id_)

    def all(self, kind: type[Any]) -> list[Any]:
        with Session(self.engine) as session:
            return list(session.scalars(select(kind)))

    def _add(self, kind: type[Any], **values: Any) -> uuid.UUID:
        with self.engine.begin() as connection:
            return connection.execute(insert(kind).values(values).returning(kind.id)).scalar_one()

    def write(self, statement: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(statement)
