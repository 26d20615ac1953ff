"""A network of two hospitals that share a doctor and a patient, and every kind of caller of it.

The hospitals are `alba` (A) and `beira` (B). What is beira's alone bears its name, so that a test can look for it in
whatever somebody of alba is told.
"""

import datetime as dt
import uuid
from contextlib import ExitStack
from typing import Any

import httpx
from sqlalchemy import insert, select

from api.access.gate import COOKIE, FORM_HEADER
from models.access.scopes import Scope
from models.access.secrets import form_secret
from models.access.sign_ins import begin
from models.access.tables import SignInMethod, UserHospital
from models.access.tokens import make_token
from models.hospitals import Hospital
from models.people import Role, User
from models.session import transaction
from tests.api.town import MONDAY, Town, at, hospital

ALBA, BEIRA = "alba", "beira"

PEOPLE = {"staff-alba": [ALBA], "staff-beira": [BEIRA], "staff-both": [ALBA, BEIRA], "staff-nowhere": []}
"""Staff, and the hospitals where they act."""

DOCTORS = {"doctor-shared": ["cardiology"], "doctor-alba": ["cardiology"], "doctor-beira": ["dermatology"]}
"""Doctors and their specialties: the first works mornings at alba and afternoons at beira."""

PATIENTS = ("patient-shared", "patient-alba", "patient-beira")

KINDS = (
    "nobody",
    "admin",
    *PEOPLE,
    *DOCTORS,
    *(f"token-alba {scope}" for scope in Scope),
    *(f"token-everywhere {scope}" for scope in Scope),
    "token-alba",
    "token-beira",
    "token-everywhere",
)
"""Every kind of caller; a token without a scope in its name has them all."""


class Network:
    """The two hospitals. `town` calls as an admin, and expects to succeed."""

    def __init__(self, admin: httpx.Client) -> None:
        self.town = Town(admin)
        self._clients = ExitStack()
        self._known: dict[str, httpx.Client] = {"admin": admin}
        self._build()

    def client(self, kind: str) -> httpx.Client:
        """A caller of a kind (`KINDS`), who is made at the first call: a browser that is signed in, or a token."""
        if kind not in self._known:
            headers = self._headers(kind)
            made = httpx.Client(base_url=self.town.api.base_url, headers=headers, timeout=30)
            self._known[kind] = self._clients.enter_context(made)
        return self._known[kind]

    def close(self) -> None:
        """Let go of the callers' connections."""
        self._clients.close()

    def id_of(self, external_id: str) -> str:
        """Our id of a hospital or of a user."""
        with transaction() as session:
            found = session.scalar(select(Hospital.id).where(Hospital.external_id == external_id))
            found = found or session.scalar(select(User.id).where(User.external_id == external_id))
        assert found is not None, external_id
        return str(found)

    def available(self, doctor: str, hospital: str, start: str, end: str, day: dt.date = MONDAY) -> Any:
        """An availability, as the admin adds it."""
        return self.town.post(
            "/availabilities", doctor=doctor, hospital=hospital, start=at(start, day), end=at(end, day)
        )

    def booked(self, patient: str, doctor: str, hospital: str, start: str, day: dt.date = MONDAY) -> Any:
        """An appointment, as the admin books it."""
        return self.town.post("/appointments", patient=patient, doctor=doctor, hospital=hospital, start=at(start, day))

    def wish(self, patient: str, hospitals: list[str] | None, **more: Any) -> dict[str, Any]:
        """What queues a booking request for some hour of the Monday, at these hospitals (None: any)."""
        return {"patient": patient, "hospitals": hospitals, "earliest": at("09:00"), "latest": at("18:00"), **more}

    def _build(self) -> None:
        for each in (ALBA, BEIRA):
            self.town.post("/hospitals", **hospital(each))
        for user in PEOPLE:
            self.town.put(f"/users/{user}", name=user.title(), role="staff")
        for doctor, specialties in DOCTORS.items():
            self.town.put(f"/users/{doctor}", name=f"Dr {doctor.title()}", role="doctor", specialties=specialties)
        for patient in PATIENTS:
            self.town.put(f"/patients/{patient}", name=patient.title())
        self.available("doctor-shared", ALBA, "09:00", "13:00")
        self.available("doctor-shared", BEIRA, "14:00", "18:00")
        self.available("doctor-alba", ALBA, "09:00", "13:00")
        self.available("doctor-beira", BEIRA, "09:00", "13:00")
        with transaction() as session:
            rows = [
                {"user_id": uuid.UUID(self.id_of(user)), "hospital_id": uuid.UUID(self.id_of(each))}
                for user, hospitals in PEOPLE.items()
                for each in hospitals
            ]
            session.execute(insert(UserHospital), rows)

    def _headers(self, kind: str) -> dict[str, str]:
        if kind == "nobody":
            return {}
        with transaction() as session:
            if kind.startswith("token-"):
                where, _, scope = kind.removeprefix("token-").partition(" ")
                hospitals = None if where == "everywhere" else [uuid.UUID(self.id_of(where))]
                scopes = [Scope(scope)] if scope else list(Scope)
                _, secret = make_token(session, kind, scopes, hospitals=hospitals)
                return {"Authorization": f"Bearer {secret}"}
            user = session.scalars(select(User).where(User.external_id == kind)).one()
            assert user.role in (Role.STAFF, Role.DOCTOR)
            until = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
            secret = begin(session, user.id, SignInMethod.PASSWORD, until)
            return {"Cookie": f"{COOKIE}={secret}", FORM_HEADER: form_secret(secret)}
