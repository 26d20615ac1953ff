"""The CSV columns of every kind of import: what they are called, what they hold, and an example of each."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.files.kinds import Kind

LIST_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. An empty cell counts as left out; `many` cells hold a list, its items apart by `|`."""

    name: str
    example: str
    about: str
    required: bool = False
    many: bool = False


_INSTANT = "an instant with its offset"

COLUMNS: Mapping[Kind, tuple[Column, ...]] = {
    Kind.HOSPITALS: (
        Column("external_id", "mount-gambier", "the id by which other systems know it"),
        Column("name", "Blue Lake Hospital", "its name", required=True),
        Column("timezone", "Australia/Adelaide", "its IANA time zone", required=True),
    ),
    Kind.HOURS: (
        Column(
            "hospital",
            "mount-gambier",
            "its external id; its weekday lines replace its whole week, a date's lines that date",
            required=True,
        ),
        Column("weekday", "monday", "for what it keeps every week: monday … sunday"),
        Column("date", "", "for other hours on one date: 2026-12-25"),
        Column("opens", "08:00", "by the hospital's clock; empty with a date: closed"),
        Column("closes", "20:00", "by the hospital's clock; earlier than `opens`: the next day"),
        Column("reason", "", "why it keeps other hours on that date"),
    ),
    Kind.USERS: (
        Column("external_id", "D-001", "the id by which upstream knows them", required=True),
        Column("name", "Dr Priya Nguyen", "their name", required=True),
        Column("email", "priya.nguyen@example.org", "their address"),
        Column("role", "doctor", "doctor, staff, admin or service", required=True),
        Column("specialties", "cardiology|general practice", "a doctor's", many=True),
        Column("hospitals", "", "where a member of staff acts, by external id; empty: nowhere", many=True),
        Column("active", "true", "false once they have left"),
    ),
    Kind.PATIENTS: (
        Column("external_id", "P-00001", "the id by which upstream knows them", required=True),
        Column("name", "Liam O'Brien", "their name", required=True),
        Column("email", "liam.obrien@example.org", "where they are told of their appointments; empty: nowhere"),
        Column("active", "true", "false once they are no longer seen"),
    ),
    Kind.AVAILABILITIES: (
        Column("doctor", "D-001", "external id", required=True),
        Column("hospital", "mount-gambier", "external id", required=True),
        Column("start", "2026-12-07T08:00:00+10:30", _INSTANT, required=True),
        Column("end", "2026-12-07T13:00:00+10:30", f"{_INSTANT}; not part of it any more", required=True),
    ),
    Kind.APPOINTMENTS: (
        Column("patient", "P-00001", "external id", required=True),
        Column("doctor", "D-001", "external id", required=True),
        Column("hospital", "mount-gambier", "external id", required=True),
        Column("start", "2026-12-07T10:00:00+10:30", f"{_INSTANT}; on the hour by the hospital's clock", required=True),
    ),
    Kind.REQUESTS: (
        Column("patient", "P-00001", "external id", required=True),
        Column("priority", "soon", "urgent, soon or routine (the default)"),
        Column("doctors", "D-001|D-002", "those who will do, best first; empty: any", many=True),
        Column("specialty", "", "only doctors of this specialty"),
        Column("hospitals", "mount-gambier", "those that will do; empty: any", many=True),
        Column("earliest", "2026-12-07T09:00:00+10:30", f"{_INSTANT}; starts then or later", required=True),
        Column("latest", "2026-12-11T18:00:00+10:30", f"{_INSTANT}; ends then or earlier", required=True),
        Column("preferred", "", f"{_INSTANT}; near it is better"),
        Column("moves", "", "the id of the appointment that the request replaces"),
    ),
}


def template(kind: Kind) -> tuple[list[str], list[str]]:
    """The header and an example line of a CSV file."""
    return [column.name for column in COLUMNS[kind]], [column.example for column in COLUMNS[kind]]
