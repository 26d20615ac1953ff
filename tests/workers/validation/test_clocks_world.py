"""No false alarm anywhere in the world."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from sqlalchemy import text

from models.session import transaction
from models.validation.clocks import clocks_of
from models.validation.clocks_told import shifted_appointments, shifted_availabilities
from planner.instants import HOUR_US, LocalClock, instant, micros
from tests.workers.conftest import NOW

YEARS, ONE_DAY = timedelta(days=730), timedelta(days=1)

FILLING = """
CREATE TEMP TABLE zone AS SELECT uuidv7() AS id, uuidv7() AS doctor, name, n - 1 AS n
FROM unnest(CAST(:zones AS text[])) WITH ORDINALITY AS zone (name, n);
CREATE TEMP TABLE hour AS SELECT n, tstzrange(start, start + interval '1 hour') AS during
FROM unnest(CAST(:numbers AS int[]), CAST(:starts AS timestamptz[])) AS hour (n, start);
INSERT INTO hospital (id, name, timezone, projected_until) SELECT id, name, name, '2032-01-08' FROM zone;
INSERT INTO opening (hospital_id, during) SELECT id, '[2029-01-01,2033-01-01)' FROM zone;
INSERT INTO app_user (id, external_id, name, role) SELECT doctor, name, name, 'doctor' FROM zone;
INSERT INTO doctor (id) SELECT doctor FROM zone;
INSERT INTO patient (id, external_id, name) SELECT doctor, name, name FROM zone;
INSERT INTO availability (doctor_id, hospital_id, during)
SELECT doctor, id, during FROM hour JOIN zone USING (n);
INSERT INTO appointment (patient_id, doctor_id, hospital_id, timezone, during)
SELECT doctor, doctor, id, name, during FROM hour JOIN zone USING (n)
"""


@pytest.mark.parametrize("share", range(2))
def test_no_zone_of_the_world_is_shifted_while_nothing_changes(chosen, engine, share):
    """Two years at every zone: gaps, folds and half hours, and all that is near them."""
    with engine.begin() as connection:
        known = set(connection.scalars(text("SELECT name FROM pg_timezone_names")))
    zones = sorted((available_timezones() & known) - {"localtime"})[share::2]
    assert len(zones) > 200
    rows = fill(engine, zones)
    with transaction() as session:
        clocks = clocks_of(session, None, NOW)
        assert clocks.unknown == []
        agreed = {id_ for id_, place in clocks.places.items() if place.timezone not in clocks.disagreements}
        assert len(agreed) > 0.9 * len(zones), "the two databases are years apart"
        assert [each for each in shifted_appointments(session, clocks, NOW) if each.hospital in agreed] == []
        assert [each for each in shifted_availabilities(session, clocks, NOW) if each.hospital in agreed] == []
        assert rows > 100 * len(zones)
        # The check looks at them: it sees a clock that is told to be wrong.
        session.execute(text("UPDATE appointment SET local_start = local_start + interval '15 minutes'"))
        assert len(list(shifted_appointments(session, clocks, NOW))) == rows
        session.rollback()


def fill(engine, zones) -> int:
    """A doctor at each zone, with an appointment on every eighth day, and in all hours around changes of the clock."""
    hours = [(number, start) for number, zone in enumerate(zones) for start in hours_of(ZoneInfo(zone))]
    values = {"zones": zones, "numbers": [number for number, _ in hours], "starts": [start for _, start in hours]}
    with engine.begin() as connection:
        for statement in FILLING.strip().split(";"):
            connection.execute(
                text(statement), {name: each for name, each in values.items() if f":{name} " in statement}
            )
    return len(hours)


def hours_of(zone: ZoneInfo) -> list[datetime]:
    """Full hours by a clock that do not overlap: every eighth day, and all within three hours of a change."""
    clock = LocalClock(zone.key)
    days = [NOW + each * ONE_DAY for each in range(YEARS.days)]
    changed = [day for day in days if day.astimezone(zone).utcoffset() != (day + ONE_DAY).astimezone(zone).utcoffset()]
    full = {each for day in changed for each in clock.full_hours(micros(day), micros(day + ONE_DAY))}
    full.update(hour for day in days[::8] if (hour := clock.first_full_hour(micros(day), micros(day + ONE_DAY))))
    hours = sorted(full)
    return [instant(each) for each, following in pairwise([*hours, hours[-1] + HOUR_US]) if following - each >= HOUR_US]
