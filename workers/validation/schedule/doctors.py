"""The rules of the schedule, doctor by doctor: all their appointments and availabilities, wherever they are."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.base import whole_period
from models.booking import JsonObject
from models.validation.clocks_openings import openings_of
from models.validation.codes import Code
from models.validation.found import Found
from planner.instants import instant, micros
from planner.verify.periods import Cover, Owned
from planner.verify.schedule import Breaches, Places, Schedule, breaches
from planner.verify.timelines import Bools, Ints, Timeline, spread
from workers.validation.schedule import telling
from workers.validation.schedule.columns import FLAG, ID, INSTANT, Table, instants, read, read_by_owner, uuids
from workers.validation.schedule.moments import at_moment, moment
from workers.validation.schedule.names import Clocks, Names
from workers.validation.schedule.told import shifted
from workers.validation.step import Scope, Slice, Step

SIZE = 50_000
"""How many rows are looked at together, about."""

_LAST = micros(datetime(9999, 1, 1, tzinfo=UTC))
_COLUMNS = {"id": ID, "doctor": ID, "hospital": ID, "begin": INSTANT, "end": INSTANT, "offered": FLAG, "counts": FLAG}
"""Of appointments and availabilities (`offered`). `counts`: of the one, whether it is booked; of the other, whether it
is a period as it should be. (One without an end is a finding of its own, and holds appointments all the same.)
"""
_WHOLE = f"coalesce({whole_period('during')}, FALSE)"
_LATER = "during && tstzrange(%(since)s, NULL)"
_ROWS = f"""
SELECT * FROM (
    SELECT id, doctor_id, hospital_id, lower(during), upper(during), FALSE, coalesce(status = 'booked', FALSE)
    FROM appointment
    WHERE {_LATER} AND {_WHOLE}
    UNION ALL
    SELECT id, doctor_id, hospital_id, coalesce(lower(during), '-infinity'), coalesce(upper(during), 'infinity'),
        TRUE, {_WHOLE}
    FROM availability
    WHERE {_LATER}
) AS rows
WHERE id IS NOT NULL AND doctor_id IS NOT NULL AND hospital_id IS NOT NULL
    AND (%(after)s::uuid IS NULL OR doctor_id > %(after)s::uuid)
    AND (%(hospital)s::uuid IS NULL OR doctor_id IN (
        SELECT doctor_id FROM appointment WHERE hospital_id = %(hospital)s::uuid AND {_LATER}
        UNION ALL SELECT doctor_id FROM availability WHERE hospital_id = %(hospital)s::uuid AND {_LATER}))
ORDER BY doctor_id
"""  # noqa: S608  # nothing in it comes from outside
_OPENINGS = """
SELECT hospital_id, coalesce(lower(during), '-infinity'), coalesce(upper(during), 'infinity')
FROM opening
WHERE hospital_id = ANY(%(hospitals)s) AND during && tstzrange(%(since)s, %(until)s)
"""
_COUNT = text("""
SELECT (SELECT count(*) FROM appointment WHERE during && tstzrange(:since, NULL)
        AND (CAST(:hospital AS uuid) IS NULL OR hospital_id = CAST(:hospital AS uuid)))
    + (SELECT count(*) FROM availability WHERE during && tstzrange(:since, NULL)
        AND (CAST(:hospital AS uuid) IS NULL OR hospital_id = CAST(:hospital AS uuid)))
""")


def _count(session: Session, scope: Scope) -> int:
    rows: int = session.execute(_COUNT, {"since": scope.since, "hospital": scope.hospital}).scalar_one()
    return rows


def _look(scope: Scope, after: JsonObject | None) -> Iterator[Slice]:
    clocks = Clocks()
    values = {"since": scope.since, "hospital": scope.hospital, "after": after and after["doctor"]}
    with moment() as (session, name):
        for rows in read_by_owner(session, _COLUMNS, _ROWS, values, owner="doctor", size=SIZE):
            last = uuids(rows["doctor"][-1:])[0]
            with at_moment(name) as beside:
                found = list(_Piece(beside, rows, scope.since, clocks).found())
            concerned = [each for each in found if scope.hospital is None or scope.hospital in each.hospitals]
            yield Slice(concerned, len(rows), {"doctor": str(last)})
    yield Slice()


DOCTORS = Step(
    "Whether the doctors' hours keep the rules",
    frozenset(
        {
            Code.DOCTOR_DOUBLE_BOOKED,
            Code.OUTSIDE_AVAILABILITY,
            Code.OFF_THE_HOUR,
            Code.NOT_ONE_HOUR,
            Code.AVAILABILITIES_OVERLAP,
            Code.AVAILABILITY_OUTSIDE_OPENINGS,
        }
    ),
    _count,
    _look,
)


class _Piece:
    """All rows of some doctors, and what belongs to them as of the same moment."""

    def __init__(self, session: Session, rows: Table, since: datetime, clocks: Clocks) -> None:
        self._session, self._since = session, since
        rows = rows[np.argsort(rows["id"])]  # so that of three that overlap the same two are told of every night
        self._held, self._offered = rows[~rows["offered"]], rows[rows["offered"]]
        doctors, hospitals = np.unique(rows["doctor"]), np.unique(rows["hospital"])
        self._hospitals = uuids(hospitals)
        self._names = Names.of(session, self._hospitals, uuids(doctors))
        zones = [self._names.timezone(hospital) for hospital in self._hospitals]
        self.schedule = Schedule(
            since=micros(since),
            appointments=_places(self._held, doctors, hospitals),
            booked=self._held["counts"],
            availabilities=_places(self._offered, doctors, hospitals),
            whole=self._offered["counts"],
            openings=self._openings(hospitals, rows),
            clock_of=np.array([clocks.number(zone) for zone in zones]),
            clocks=clocks.all,
        )

    def found(self) -> Iterator[Found]:
        """What breaks a rule."""
        broken, names = breaches(self.schedule), self._names
        for tell, table, pairs in (
            (telling.doctor_double_booked, self._held, broken.doctor_double_booked),
            (telling.availabilities_overlap, self._offered, broken.availabilities_overlap),
        ):
            for earlier, later in zip(*(telling.rows_of(table[which]) for which in pairs), strict=True):
                if earlier.id != later.id:  # else it is one row that is there twice: another rule
                    yield tell(earlier, later, names)
        closed = broken.closed[broken.outside_availability].tolist()
        for row, shut in zip(telling.rows_of(self._held[broken.outside_availability]), closed, strict=True):
            if row.doctor in names.doctors:  # else there is no such doctor: another rule
                yield telling.outside_availability(row, names, closed=shut)
        moved = shifted(self._session, telling.rows_of(self._held[broken.off_the_hour]), names)
        for row in telling.rows_of(self._held[broken.off_the_hour]):
            if row.id not in moved:
                yield telling.off_the_hour(row, names)
        for row in telling.rows_of(self._held[broken.not_one_hour]):
            yield telling.not_one_hour(row, names)
        yield from self._outside_openings(broken)

    def _outside_openings(self, broken: Breaches) -> Iterator[Found]:
        which = self._unexplained(broken.availability_outside_openings)
        stranded = self._booked_while_closed(which, broken.closed)
        for row, appointments in zip(telling.rows_of(self._offered[which]), stranded, strict=True):
            yield telling.availability_outside_openings(row, appointments, self._names)

    def _unexplained(self, outside: Ints) -> Ints:
        """Those availabilities that lie outside the openings even with what is missing of these.

        That some are missing is a finding of its own, at hospitals that exist and whose clock is known.
        """
        offered, schedule = self.schedule.availabilities, self.schedule
        owner, spans = [schedule.openings.owner], [np.stack([schedule.openings.begin, schedule.openings.end], axis=1)]
        for number in np.unique(offered.hospital[outside]).tolist():
            place = self._names.hospitals.get(self._hospitals[number])
            openings = openings_of(self._session, place, self._since) if place and place.timezone else None
            missing = [(micros(start), micros(end)) for start, end in openings.missing] if openings else []
            owner.append(np.full(len(missing), number))
            spans.append(np.array(missing, dtype=np.int64).reshape(-1, 2))
        whole = Cover(Owned(np.concatenate(owner), *np.concatenate(spans).T))
        known = np.array([hospital in self._names.hospitals for hospital in self._hospitals], dtype=np.bool_)
        open_then = whole.holds(schedule.ahead(offered.of(offered.hospital)).take(outside))
        return outside[~open_then & known[offered.hospital[outside]]]

    def _booked_while_closed(self, which: Ints, closed: Bools) -> list[list[UUID]]:
        """For each of these availabilities, the booked appointments in it that lie outside the openings."""
        schedule = self.schedule
        lost = np.flatnonzero(schedule.booked & closed)
        at, of = schedule.at(schedule.appointments), schedule.at(schedule.availabilities)
        timeline = Timeline(at.owner[lost], at.begin[lost])
        first, last = timeline.within(of.owner[which], of.begin[which], of.end[which])
        number, place = spread(first, last)
        found: list[list[UUID]] = [[] for _ in which]
        ids = uuids(self._held["id"][lost[timeline.order[place]]])
        for each, id_ in zip(number.tolist(), ids, strict=True):
            found[each].append(id_)
        return found

    def _openings(self, hospitals: Table, rows: Table) -> Owned:
        """The hospitals' openings as far as there are appointments and availabilities that have an end."""
        until = instant(int(np.clip(instants(rows["end"]), micros(self._since), _LAST).max()))
        kinds = {"hospital": ID, "begin": INSTANT, "end": INSTANT}
        values = {"hospitals": self._hospitals, "since": self._since, "until": until}
        found = read(self._session, kinds, _OPENINGS, values)
        return Owned(np.searchsorted(hospitals, found["hospital"]), instants(found["begin"]), instants(found["end"]))


def _places(rows: Table, doctors: Table, hospitals: Table) -> Places:
    doctor, hospital = np.searchsorted(doctors, rows["doctor"]), np.searchsorted(hospitals, rows["hospital"])
    return Places(doctor, hospital, instants(rows["begin"]), instants(rows["end"]))
