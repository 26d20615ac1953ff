"""Schedules broken at random: every breach is found, and nothing else, however the check is cut into pieces."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

import models.session
from models.validation.codes import Code
from models.validation.found import Found
from workers.validation.schedule import SCHEDULE, doctors, openings, patients
from workers.validation.step import Scope

ZONES = ("UTC", "Asia/Kolkata", "Europe/Lisbon")
MIDNIGHT = datetime(2026, 10, 25, tzinfo=UTC)  # the night in which Lisbon's clocks go back
HALF = timedelta(minutes=30)
SINCE = 6
"""In half hours after midnight, as all times here."""

WITHOUT_RULES = """
ALTER TABLE appointment DROP CONSTRAINT appointment_doctor_free, DROP CONSTRAINT appointment_patient_free,
    DROP CONSTRAINT appointment_within_availability, DROP CONSTRAINT appointment_lasts_one_hour,
    DROP CONSTRAINT appointment_starts_on_the_hour, ALTER occupies DROP EXPRESSION;
ALTER TABLE availability DROP CONSTRAINT availability_one_place_at_a_time, DROP CONSTRAINT availability_by_hospital,
    DROP CONSTRAINT availability_within_openings, DROP CONSTRAINT availability_period_whole;
ALTER TABLE opening DROP CONSTRAINT opening_no_overlap, DROP CONSTRAINT opening_period_whole
"""
APPOINTMENT = """
INSERT INTO appointment (id, doctor_id, hospital_id, timezone, patient_id, during, status, occupies)
VALUES (:id, :doctor, :hospital, :timezone, :patient, CAST(:during AS tstzrange), :status, CAST(:occupies AS tstzrange))
"""
AVAILABILITY = "INSERT INTO availability (id, doctor_id, hospital_id, during) VALUES (:id, :doctor, :hospital, :during)"
OPENING = "INSERT INTO opening (id, hospital_id, during) VALUES (:id, :hospital, :during)"

which = st.integers(0, 2)
times = st.integers(0, 20)
shapes = st.sampled_from(["whole"] * 8 + ["empty", "endless", "closed"])
appointments = st.fixed_dictionaries(
    {
        "doctor": which,
        "hospital": which,
        "patient": which,
        "begin": times,
        "length": st.sampled_from([2, 2, 2, 2, 1, 4]),
        "shape": shapes,
        "status": st.sampled_from(["booked", "booked", "booked", "cancelled"]),
        "occupies": st.sampled_from([True] * 6 + [False]),
    }
)
availabilities = st.fixed_dictionaries(
    {"doctor": which, "hospital": which, "begin": times, "length": st.integers(2, 16), "shape": shapes}
)
opened = st.fixed_dictionaries({"hospital": which, "begin": times, "length": st.integers(4, 20), "shape": shapes})


@pytest.fixture
def people(network, engine):
    """Three hospitals, doctors and patients, in a database that holds no rule."""
    hospitals = [network.hospital(zone) for zone in ZONES]
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM opening"))
        for statement in WITHOUT_RULES.split(";"):
            connection.execute(text(statement))
    return hospitals, [network.doctor() for _ in range(3)], [network.patient() for _ in range(3)]


@given(
    st.lists(appointments, max_size=9),
    st.lists(availabilities, max_size=8),
    st.lists(opened, max_size=6),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_breach_is_found_and_nothing_else(chosen, engine, people, held, offered, openings_) -> None:
    hospitals, doctors_, patients_ = people
    for row in (*held, *offered, *openings_):
        row |= {"id": uuid4(), "zone": ZONES[row["hospital"]], "hospital": hospitals[row["hospital"]]}
        row |= {name: of[row[name]] for name, of in (("doctor", doctors_), ("patient", patients_)) if name in row}
    write(engine, held, offered, openings_)
    whole, scope = found_in(chosen, None), scope_of(chosen, None)
    check_singly(whole, held, offered, openings_)
    check_pairs(whole, held, offered, openings_)
    for hospital in hospitals:
        assert found_in(chosen, hospital) == [each for each in whole if hospital in each.hospitals]
    with pytest.MonkeyPatch.context() as patch:
        for module in (doctors, openings, patients):
            patch.setattr(module, "SIZE", 2)
        assert by_key(found_in(chosen, None)) == by_key(whole)
        for step in SCHEDULE:
            pieces = list(step.carry_out(scope, None))
            for number, piece in enumerate(pieces[:-1]):
                rest = [each for later in step.carry_out(scope, piece.after) for each in later.found]
                assert by_key(rest) == by_key(each for later in pieces[number + 1 :] for each in later.found)
    assert not models.session.engine().pool.checkedout()


def scope_of(chosen, hospital: UUID | None) -> Scope:
    return Scope(uuid4(), hospital, MIDNIGHT + SINCE * HALF, chosen, lambda: MIDNIGHT)


def found_in(chosen, hospital: UUID | None) -> list[Found]:
    scope = scope_of(chosen, hospital)
    return [each for step in SCHEDULE for piece in step.carry_out(scope, None) for each in piece.found]


def by_key(found: Iterable[Found]) -> dict[str, Found]:
    return {each.key: each for each in found}


def during(row) -> str:
    if row["shape"] == "empty":
        return "empty"
    begin, end = MIDNIGHT + row["begin"] * HALF, MIDNIGHT + (row["begin"] + row["length"]) * HALF
    end_ = "" if row["shape"] == "endless" else end.isoformat()
    return f"[{begin.isoformat()},{end_}{']' if row['shape'] == 'closed' else ')'}"


def write(engine, held, offered, openings_) -> None:
    with engine.begin() as connection:
        for table in ("appointment", "availability", "opening"):
            connection.execute(text(f"DELETE FROM {table}"))
        for row in openings_:
            connection.execute(text(OPENING), row | {"during": during(row)})
        for row in offered:
            connection.execute(text(AVAILABILITY), row | {"during": during(row)})
        for row in held:
            kept = (row["status"] == "booked") == row["occupies"]
            values = {"timezone": row["zone"], "during": during(row), "occupies": during(row) if kept else None}
            connection.execute(text(APPOINTMENT), row | values)


# What is expected is reckoned half hour by half hour, and row against row.


def ended(row) -> bool:
    return row["shape"] in ("whole", "closed") and row["begin"] + row["length"] + (row["shape"] == "closed") <= SINCE


def ahead(row) -> set[int]:
    """The half hours of a row from now on; one without an end has very many."""
    if row["shape"] == "empty":
        return set()
    end = 100 if row["shape"] == "endless" else row["begin"] + row["length"]
    return set(range(max(row["begin"], SINCE), end))


def booked(row) -> bool:
    return row["status"] == "booked"


def check_singly(found, held, offered, openings_) -> None:
    """Those findings that are about one row."""

    def rows(code: Code) -> set[UUID]:
        return {UUID(each.subject[0].id) for each in found if each.code is code}

    def ids(chosen_) -> set[UUID]:
        return {row["id"] for row in chosen_ if not ended(row)}

    sound = [row for row in held if row["shape"] == "whole"]
    attended = {(row["doctor"], row["hospital"], at) for row in offered for at in ahead(row)}
    open_ = {(row["hospital"], at) for row in openings_ for at in ahead(row)}

    def lies_in(row) -> bool:
        return all((row["doctor"], row["hospital"], at) in attended for at in ahead(row))

    def is_open(row) -> bool:
        return all((row["hospital"], at) in open_ for at in ahead(row))

    def minute(row) -> int:
        return (MIDNIGHT + row["begin"] * HALF).astimezone(ZoneInfo(row["zone"])).minute

    assert rows(Code.PERIOD_MALFORMED) == ids(r for r in (*held, *offered, *openings_) if r["shape"] != "whole")
    assert rows(Code.HOUR_NOT_OCCUPIED) == ids(row for row in sound if not row["occupies"])
    assert rows(Code.NOT_ONE_HOUR) == ids(row for row in sound if row["length"] != 2)
    assert rows(Code.OFF_THE_HOUR) == ids(row for row in sound if minute(row))
    assert rows(Code.OUTSIDE_AVAILABILITY) == ids(row for row in sound if booked(row) and not lies_in(row))
    outside = [row for row in offered if row["shape"] == "whole" and not is_open(row)]
    assert rows(Code.AVAILABILITY_OUTSIDE_OPENINGS) == ids(outside)
    for row in outside:
        if not ended(row):
            told = next(
                each for each in found if each.subject[0].id == str(row["id"]) and not each.code.endswith("overlap")
            )
            stranded = {
                str(each["id"])
                for each in sound
                if booked(each)
                and not ended(each)
                and not is_open(each)
                and (each["doctor"], each["hospital"]) == (row["doctor"], row["hospital"])
                and row["begin"] <= each["begin"] < row["begin"] + row["length"]
            }
            assert {each.id for each in told.besides if each.kind == "appointment"} == stranded
            assert (told.remedy is None) == bool(stranded)


def check_pairs(found, held, offered, openings_) -> None:
    """Those findings that are about two rows: what overlaps is in a pair, and every pair overlaps."""
    sound = [row for row in held if booked(row)]
    for code, rows, owner in (
        (Code.DOCTOR_DOUBLE_BOOKED, sound, "doctor"),
        (Code.PATIENT_DOUBLE_BOOKED, sound, "patient"),
        (Code.AVAILABILITIES_OVERLAP, offered, "doctor"),
        (Code.OPENINGS_OVERLAP, openings_, "hospital"),
    ):
        clashes = {
            frozenset([one["id"], other["id"]]): frozenset([one["hospital"], other["hospital"]])
            for one, other in combinations([row for row in rows if row["shape"] == "whole"], 2)
            if one[owner] == other[owner] and ahead(one) & ahead(other)
        }
        told = {frozenset(UUID(entity.id) for entity in f.subject): f.hospitals for f in found if f.code is code}
        assert told.items() <= clashes.items()
        assert {id_ for pair in told for id_ in pair} == {id_ for pair in clashes for id_ in pair}
