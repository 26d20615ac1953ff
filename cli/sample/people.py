"""Who may sign in to the sample: an admin, somebody of one hospital's staff, and a doctor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from cli.sample.calendar import Calendar
from models.access.codes import make_code
from models.access.users import find_user
from models.directory import upsert_users
from models.inputs import UserIn
from models.people import Role

_VALID = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A name, what it stands for, and a code by which its owner signs in once."""

    name: str
    who: str
    code: str


def sign_ins(session: Session, calendar: Calendar, now: datetime) -> Sequence[SignIn]:
    """Let the sample's people sign in, each by a new code that counts for twelve hours."""
    hospital, doctor = calendar.hospitals[0], calendar.doctors[0]
    upsert_users(
        session,
        {
            "demo-admin": UserIn(name="Demo Admin", role=Role.ADMIN),
            "demo-staff": UserIn(name="Demo Staff", role=Role.STAFF, hospitals=[hospital.id]),
        },
        may_make_admins=True,
    )
    people = {
        "demo-admin": "an admin: everything, everywhere",
        "demo-staff": f"staff of {hospital.name} only",
        doctor.id: f"{doctor.name}: their own schedule",
    }
    return [SignIn(name, who, _code(session, name, now)) for name, who in people.items()]


def _code(session: Session, name: str, now: datetime) -> str:
    user = find_user(session, name)
    if user is None:
        raise LookupError(f"the sample lacks {name}")
    return make_code(session, user.id, now + _VALID, sets_password=False)
