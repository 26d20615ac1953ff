"""What is written for phones reads back as what was meant."""

import datetime as dt
import hashlib
import uuid
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, vText

from api.web.calendars.icalendar_file import FORMAT, calendar
from models.calendar_feeds import AppointmentEvent, AvailabilityEvent, FeedContent
from models.schedule import AppointmentStatus

ZONES = ("Europe/Lisbon", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "UTC")

instants = st.datetimes(
    dt.datetime(1990, 1, 1), dt.datetime(2190, 1, 1), timezones=st.sampled_from([ZoneInfo(zone) for zone in ZONES])
).map(lambda each: each.replace(microsecond=0).astimezone(dt.UTC))
names = st.text(
    st.one_of(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), st.sampled_from(',;:\\"^é💥')), min_size=1
).filter(lambda name: name == name.strip())


@st.composite
def rows(draw, kind):
    start = draw(instants)
    more = {"status": draw(st.sampled_from(AppointmentStatus))} if kind is AppointmentEvent else {}
    return kind(
        id=draw(st.uuids(version=4)),
        start=start,
        end=start + dt.timedelta(minutes=draw(st.integers(1, 3000))),
        version=draw(st.integers(1, 9)),
        created_at=draw(instants),
        hospital=draw(names),
        timezone=draw(st.sampled_from(ZONES)),
        **more,
    )


contents = st.builds(
    FeedContent,
    doctor_id=st.uuids(version=4),
    doctor=names,
    appointments=st.lists(rows(AppointmentEvent), max_size=4, unique_by=lambda row: row.id),
    availabilities=st.lists(rows(AvailabilityEvent), max_size=4, unique_by=lambda row: row.id),
    sha256=st.just(bytes(32)),
    since=instants,
)


@settings(deadline=None, max_examples=50)
@given(contents)
def test_every_instant_and_every_name_survives(content):
    written = Calendar.from_ical(calendar(content))
    told = [*content.appointments, *content.availabilities]
    assert len(written.events) == len(told)
    for row, event in zip(told, written.events, strict=True):
        assert uuid.UUID(event.uid) == row.id
        assert (event.start, event.end) == (row.start, row.end)
        assert event.DTSTART.utcoffset() == dt.timedelta()
        assert event.created == row.created_at
        assert event.sequence == row.version - 1
        assert event.location == row.hospital
        assert event.stamp == content.since
    assert [event.status == "CANCELLED" for event in written.events[: len(content.appointments)]] == [
        row.status is AppointmentStatus.CANCELLED for row in content.appointments
    ]
    name = vText(f"{content.doctor}: Slotwise").to_ical().decode()
    assert str(written["NAME"]) == str(written["X-WR-CALNAME"]) == name  # the library escapes it, and reads it as it is


@settings(deadline=None, max_examples=50)
@given(contents)
def test_lines_are_folded_and_end_as_the_standard_says(content):
    written = calendar(content)
    lines = written.split(b"\r\n")
    assert lines.pop() == b""
    assert all(b"\r" not in line and b"\n" not in line and len(line) <= 75 for line in lines)
    assert calendar(content) == written


def test_what_is_written_otherwise_has_another_format():
    """If this fails, phones are told otherwise: raise FORMAT, so that they fetch it anew, and note the new digest."""
    start = dt.datetime(2026, 12, 1, 10, tzinfo=dt.UTC)
    place = {"start": start, "end": start + dt.timedelta(hours=1), "created_at": start, "hospital": "Central, A"}
    place |= {"timezone": "Asia/Kolkata"}
    content = FeedContent(
        doctor_id=uuid.UUID(int=1),
        doctor="Dr Ana Sousa",
        appointments=[
            AppointmentEvent(id=uuid.UUID(int=number), status=status, version=number, **place)
            for number, status in enumerate(AppointmentStatus, 1)
        ],
        availabilities=[AvailabilityEvent(id=uuid.UUID(int=9), version=1, **place)],
        sha256=bytes(32),
        since=start,
    )
    assert (FORMAT, hashlib.sha256(calendar(content)).hexdigest()[:8]) == (
        1,
        "d0ec0aeb",
    )
