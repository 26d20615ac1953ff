"""A doctor who is away, for the tests of reschedules among others."""

from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.appointments import book_appointments
from models.faults import Refused
from models.hours import create_hospitals
from models.inputs import AppointmentIn, HospitalIn, Weekday
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.inputs import Policy
from models.rescheduling.tables import Cause
from tests.models.proposals import propose
from tests.workers.waiting import while_blocked


class Ward:
    """A doctor who is away tomorrow from 9 to 12, where two patients are booked, and there again in the afternoon."""

    def __init__(self, engine: Engine, network) -> None:
        self.engine, self.network = engine, network
        self.now = network.midnight - timedelta(hours=1)
        self.doctor, self.hospital = network.doctor(), self.new_hospital("ward", "00:00", "24:00")
        self.morning = network.availability(self.doctor, self.hospital, 9, 12)
        self.afternoon = network.availability(self.doctor, self.hospital, 13, 17)
        self.first, self.second = (network.appointment(self.doctor, self.hospital, hour) for hour in (9, 10))

    def new_hospital(self, name, opens, closes):
        hours = [{"opens": opens, "closes": closes}]
        week = dict.fromkeys(Weekday, hours)
        row = HospitalIn(external_id=name, name=name, timezone="UTC", operating_hours=week)
        with Session(self.engine) as session, session.begin():
            [id_] = create_hospitals(session, [row], self.now)
        self.network.timezones[id_] = "UTC"
        return id_

    @property
    def away(self):
        return {"doctors": [str(self.doctor)], "start": self.network.at(9), "end": self.network.at(12)}

    def place(self, hour):
        return (self.doctor, self.hospital, self.network.at(hour))

    def proposed(self, places=None, cause=Cause.DOCTOR_UNAVAILABLE, *, cancel=False, **scope):
        """A job that moves the first to 13 and has no hour for the second."""
        places = {self.first: self.place(13)} if places is None else places
        policy = Policy(notice_hours=0, cancel_unplaced=cancel)
        with Session(self.engine) as session, session.begin():
            return propose(session, places, cause, policy=policy, now=self.now, **(scope or self.away))

    def apply(self, job, session=None) -> list[str]:
        """The codes of the refusal; none where it went through."""
        return self.told(lambda session: apply_reschedule(session, job, None, self.now), session)

    def told(self, step, session=None) -> list[str]:
        try:
            if session:
                step(session)
            else:
                with Session(self.engine) as own, own.begin():
                    step(own)
        except Refused as refused:
            return [fault.code for fault in refused.faults]
        return []

    def book(self, hour, session) -> None:
        patient = self.network.patient()
        start = self.network.at(hour)
        row = AppointmentIn(patient=str(patient), doctor=str(self.doctor), hospital=str(self.hospital), start=start)
        book_appointments(session, [row], self.now)

    def first_then(self, change, job) -> list[str]:
        """What applying comes to, which begins while `change` has been made and not yet committed."""
        with Session(self.engine) as session:
            change(session)
            return while_blocked(self.engine, lambda: self.apply(job), session.commit)
