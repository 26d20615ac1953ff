"""Calendar feeds: a doctor's schedule at an address that nobody guesses, for a phone or a desktop to subscribe to.

Whoever has the address reads the feed, so the address holds a secret of 256 random bits (the token), is told once when
it is made, and is revoked when a phone is lost. Only a hash of the token is stored: a copy of the database opens no
feed. A doctor has a feed for every device, each with a label, so that one is revoked without cutting off the others.

What a feed tells lies on phones and in clouds, so it never says who the patient is.
"""

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    Uuid,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.access.acting import EVERYTHING, Reach
from models.access.secrets import digest
from models.base import Base, Id, Instant, Now
from models.faults import Fault, Refusal, Refused
from models.hospitals import Hospital
from models.people import User
from models.references import find_doctors, inactive
from models.schedule import Appointment, AppointmentStatus, Availability

PAST = dt.timedelta(days=30)
"""How far back a feed reaches. Forward it reaches to the end of the schedule."""

READ_AGAIN = dt.timedelta(minutes=10)
"""`last_read_at` is written at most so often: a phone that asks every minute is no stream of updates."""

_TOKEN_BYTES = 32


class CalendarFeed(Base):
    """An address at which one device reads a doctor's schedule, until it is revoked."""

    __tablename__ = "calendar_feed"
    __table_args__ = (
        CheckConstraint("label <> ''", name="labelled"),
        CheckConstraint("octet_length(token_sha256) = 32", name="token_hashed"),
        CheckConstraint("revoked_at >= created_at", name="revoked_once_made"),
        CheckConstraint("(content_sha256 IS NULL) = (content_since IS NULL)", name="content_dated"),
        # Two devices of one name could not be told apart by who revokes one.
        Index(
            "calendar_feed_label_free",
            "doctor_id",
            "label",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index(None, "doctor_id", "id"),
    )

    id: Mapped[Id]
    doctor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("doctor.id", ondelete="CASCADE"))
    label: Mapped[str]
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Now]
    revoked_at: Mapped[Instant | None]
    last_read_at: Mapped[Instant | None]
    # What the last reader was given, and since when that has been the content: the feed's `Last-Modified`.
    content_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_since: Mapped[Instant | None]
    # Those whose hours it tells; NULL: wherever the doctor is.
    hospitals: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(Uuid))


class AppointmentEvent(NamedTuple):
    """An appointment `[start, end)` as a feed tells it."""

    id: uuid.UUID
    start: dt.datetime
    end: dt.datetime
    status: AppointmentStatus
    version: int
    created_at: dt.datetime
    hospital: str
    timezone: str


class AvailabilityEvent(NamedTuple):
    """An availability `[start, end)` as a feed tells it."""

    id: uuid.UUID
    start: dt.datetime
    end: dt.datetime
    version: int
    created_at: dt.datetime
    hospital: str
    timezone: str


@dataclass(frozen=True, slots=True)
class FeedContent:
    """What a feed says, in the order of the starts. `since`: it has said so since then, or a little longer."""

    doctor_id: uuid.UUID
    doctor: str
    appointments: Sequence[AppointmentEvent]
    availabilities: Sequence[AvailabilityEvent]
    sha256: bytes
    since: dt.datetime


def make_feed(session: Session, doctor: str, label: str, within: Reach = EVERYTHING) -> tuple[CalendarFeed, str]:
    """Make a feed of the doctor that `doctor` names. Returns it and its token, which nobody is told again.

    `within` is how far whoever makes it reaches: the feed tells no more, whoever reads it. Doctors have all of their
    own schedule, wherever they come to be.

    Raises
    ------
    Refused
        where there is no such doctor (not found), the doctor is no longer active (invalid), or another feed of the
        doctor that is not revoked has the label (clash).

    """
    doctor_id = find_feed_doctor(session, doctor, within, active=True)
    hospitals = None if within.doctor or within.hospitals is None else sorted(within.hospitals)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    made = session.scalar(
        insert(CalendarFeed)
        .values(doctor_id=doctor_id, label=label, token_sha256=digest(token), hospitals=hospitals)
        .on_conflict_do_nothing()
        .returning(CalendarFeed)
    )
    if made is None:
        message = (
            f"The doctor has a calendar address labelled {label!r} already; revoke that one or choose another label."
        )
        raise Refused(Refusal.CLASH, [Fault("label_taken", "label", label, message)])
    return made, token


def find_feed_doctor(session: Session, doctor: str, within: Reach = EVERYTHING, *, active: bool = False) -> uuid.UUID:
    """The id of the doctor whom a path names, as far as somebody's reach goes: a doctor's is their own schedule.

    `active`: one who is no longer active will not do.

    Raises
    ------
    Refused
        where there is none.

    """
    found = find_doctors(session, [doctor]).get(doctor)
    if found is None or not has_feeds(found.id, within):
        message = f"There is no doctor {doctor!r}."
        raise Refused(Refusal.NOT_FOUND, [Fault("unknown_doctor", "", doctor, message)])
    if active and not found.active:
        raise Refused(Refusal.INVALID, [inactive("doctor", "", doctor)])
    return found.id


def has_feeds(doctor_id: uuid.UUID, within: Reach) -> bool:
    """Whether a doctor can have feeds, as far as somebody's reach goes."""
    return within.doctor == doctor_id if within.doctor else within.hospitals is None or bool(within.hospitals)


def revoke_feed(session: Session, feed_id: uuid.UUID) -> None:
    """Let the feed's address lead nowhere from now on; one that is revoked already stays as it is.

    Raises
    ------
    Refused
        where there is no such feed.

    """
    session.execute(
        update(CalendarFeed)
        .where(CalendarFeed.id == feed_id, CalendarFeed.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )
    if session.get(CalendarFeed, feed_id, populate_existing=True) is None:
        message = f"There is no calendar feed {feed_id}."
        raise Refused(Refusal.NOT_FOUND, [Fault("unknown_calendar_feed", "", str(feed_id), message)])


def read_feed(session: Session, token: str, now: dt.datetime) -> FeedContent | None:
    """What the feed with that token says; None where no feed has it, it is revoked, or its doctor is inactive.

    Inactive is how the directory says that somebody has left, and who has left reads no schedule any longer. A doctor
    who becomes active again has the feed again.
    """
    found = session.execute(
        select(CalendarFeed, User.name)
        .join(User, User.id == CalendarFeed.doctor_id)
        .where(CalendarFeed.token_sha256 == digest(token), CalendarFeed.revoked_at.is_(None), User.active)
    ).first()
    if found is None:
        return None
    feed: CalendarFeed = found.CalendarFeed
    appointments = _appointments(session, feed, now - PAST)
    availabilities = _availabilities(session, feed, now - PAST)
    # The rows say all that the feed says: it need not be written out to see whether it has changed.
    sha256 = hashlib.sha256(repr((found.name, appointments, availabilities)).encode()).digest()
    since = _noted(session, feed, sha256, now)
    return FeedContent(feed.doctor_id, found.name, appointments, availabilities, sha256, since)


def _noted(session: Session, feed: CalendarFeed, sha256: bytes, now: dt.datetime) -> dt.datetime:
    """Note that the feed was read and what it said. Returns since when it has said so."""
    since = feed.content_since if feed.content_sha256 == sha256 else None
    since = since or now.replace(microsecond=0)  # HTTP dates have whole seconds
    session.execute(
        update(CalendarFeed)
        .where(
            CalendarFeed.id == feed.id,
            or_(
                CalendarFeed.content_sha256.is_distinct_from(sha256),
                CalendarFeed.last_read_at.is_(None),
                CalendarFeed.last_read_at < now - READ_AGAIN,
            ),
        )
        .values(content_sha256=sha256, content_since=since, last_read_at=now)
    )
    return since


def _appointments(session: Session, feed: CalendarFeed, since: dt.datetime) -> list[AppointmentEvent]:
    start, end = func.lower(Appointment.during), func.upper(Appointment.during)
    rows = (
        select(
            Appointment.id,
            start,
            end,
            Appointment.status,
            Appointment.version,
            Appointment.created_at,
            Hospital.name,
            Hospital.timezone,
        )
        .join(Hospital, Hospital.id == Appointment.hospital_id)
        .where(*_told(Appointment, feed, since))
        .order_by(start, Appointment.id)
    )
    return [AppointmentEvent(*row) for row in session.execute(rows)]


def _availabilities(session: Session, feed: CalendarFeed, since: dt.datetime) -> list[AvailabilityEvent]:
    start, end = func.lower(Availability.during), func.upper(Availability.during)
    rows = (
        select(
            Availability.id,
            start,
            end,
            Availability.version,
            Availability.created_at,
            Hospital.name,
            Hospital.timezone,
        )
        .join(Hospital, Hospital.id == Availability.hospital_id)
        .where(*_told(Availability, feed, since))
        .order_by(start, Availability.id)
    )
    return [AvailabilityEvent(*row) for row in session.execute(rows)]


def _told(
    of: type[Appointment | Availability], feed: CalendarFeed, since: dt.datetime
) -> Iterator[ColumnElement[bool]]:
    """What an hour has to be that a feed tells."""
    yield of.doctor_id == feed.doctor_id
    yield of.during.overlaps(func.tstzrange(since, None))
    if feed.hospitals is not None:
        yield of.hospital_id.in_(feed.hospitals)
