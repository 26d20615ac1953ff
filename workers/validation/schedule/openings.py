"""Whether openings of a hospital overlap, hospital by hospital."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.base import whole_period
from models.booking import JsonObject
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.remedies.kinds import ProjectOpenings
from models.validation.remedies.openings import project_openings
from planner.verify.periods import Owned, overlaps
from workers.validation.clocks.trying import reasons_against
from workers.validation.schedule.columns import ID, INSTANT, Table, instants, read_by_owner, uuids
from workers.validation.schedule.moments import at_moment, moment
from workers.validation.schedule.names import Names
from workers.validation.step import Scope, Slice, Step

SIZE = 50_000
"""How many rows are looked at together, about."""

_COLUMNS = {"id": ID, "hospital": ID, "begin": INSTANT, "end": INSTANT}
_ROWS = f"""
SELECT id, hospital_id, lower(during), upper(during)
FROM opening
WHERE during && tstzrange(%(since)s, NULL) AND coalesce({whole_period("during")}, FALSE)
    AND id IS NOT NULL AND hospital_id IS NOT NULL
    AND (%(after)s::uuid IS NULL OR hospital_id > %(after)s::uuid)
    AND (%(hospital)s::uuid IS NULL OR hospital_id = %(hospital)s::uuid)
ORDER BY hospital_id
"""  # noqa: S608  # nothing in it comes from outside
_COUNT = text("""
SELECT count(*) FROM opening
WHERE during && tstzrange(:since, NULL) AND (CAST(:hospital AS uuid) IS NULL OR hospital_id = CAST(:hospital AS uuid))
""")


def _count(session: Session, scope: Scope) -> int:
    rows: int = session.execute(_COUNT, {"since": scope.since, "hospital": scope.hospital}).scalar_one()
    return rows


def _look(scope: Scope, after: JsonObject | None) -> Iterator[Slice]:
    values = {"since": scope.since, "hospital": scope.hospital, "after": after and after["hospital"]}
    with moment() as (session, name):
        for rows in read_by_owner(session, _COLUMNS, _ROWS, values, owner="hospital", size=SIZE):
            hospitals = uuids(np.unique(rows["hospital"]))
            with at_moment(name) as beside:
                names = Names.of(beside, hospitals)
            yield Slice(list(_overlapping(rows, names, scope.clock())), len(rows), {"hospital": str(hospitals[-1])})
    yield Slice()


OPENINGS = Step("Whether openings overlap", frozenset({Code.OPENINGS_OVERLAP}), _count, _look)


def _overlapping(rows: Table, names: Names, now: datetime) -> Iterator[Found]:
    rows = rows[np.argsort(rows["id"])]  # so that of three that overlap the same two are told of every night
    hospitals, hospital = np.unique(rows["hospital"], return_inverse=True)
    begin, end = instants(rows["begin"]), instants(rows["end"])
    earlier, later = overlaps(Owned(hospital, begin, end))
    ids, where = uuids(rows["id"]), uuids(hospitals)
    against = {number: _against(where[number], now) for number in np.unique(hospital[earlier]).tolist()}
    for pair in zip(earlier.tolist(), later.tolist(), strict=True):
        if ids[pair[0]] == ids[pair[1]]:
            continue  # one row that is there twice: another rule
        number = int(hospital[pair[0]])
        told = [
            f"from {names.when(int(begin[each]), where[number])} to {names.when(int(end[each]), where[number])}"
            for each in pair
        ]
        message = f"{names.hospital(where[number])} has two openings that overlap: {told[0]}, and {told[1]}."
        yield _found(where[number], [ids[each] for each in pair], message, against[number])


def _against(hospital: UUID, now: datetime) -> tuple[str, ...]:
    """What stands against projecting the hospital's openings anew as things are."""
    remedy = ProjectOpenings(hospital=hospital)
    return reasons_against(lambda session: project_openings(session, remedy, now))


def _found(hospital: UUID, openings: list[UUID], what: str, against: tuple[str, ...]) -> Found:
    message = f"{what} They cannot be projected anew as things are: {against[0]}" if against else what
    return Found(
        Code.OPENINGS_OVERLAP,
        tuple(sorted(Entity(Kind.OPENING, str(id_)) for id_ in openings)),
        message[:1].upper() + message[1:],
        hospitals=frozenset([hospital]),
        besides=(Entity(Kind.HOSPITAL, str(hospital)),),
        facts={"against": list(against)} if against else {},
        remedy=None if against else ProjectOpenings(hospital=hospital).stored,
    )
