"""Availabilities are added, changed and withdrawn, or refused with what stands against it."""

import datetime as dt
import threading

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.availabilities import change_availability, create_availabilities, withdraw_availability
from models.faults import Refusal, Refused
from models.operations import OutboxMessage
from models.schedule import Availability
from tests.models.network import at, availability


def refusal_of(session: Session, *rows) -> Refused:
    with pytest.raises(Refused) as refused:
        create_availabilities(session, rows)
    assert session.scalars(select(Availability.id)).all() == []
    return refused.value


def test_availabilities_are_added_in_order(session, network):
    ids = create_availabilities(
        session, [availability("d1", at("09:00"), at("13:00")), availability("d2", at("10:00"), at("17:00"))]
    )
    found = {row.id: row.doctor_id for row in session.scalars(select(Availability))}
    assert [found[id_] for id_ in ids] == network.doctors


def test_every_fault_is_named_at_once(session, network):
    refused = refusal_of(
        session,
        availability("nobody", at("09:00"), at("13:00")),
        availability("d1", at("09:00"), at("13:00")),
        availability("d1", at("13:00"), at("09:00"), hospital="nowhere"),
    )
    assert refused.refusal is Refusal.INVALID
    assert [(fault.row, fault.field, fault.code) for fault in refused.faults] == [
        (0, "doctor", "unknown_doctor"),
        (2, "hospital", "unknown_hospital"),
        (2, "end", "period_runs_backward"),
    ]


def test_one_shorter_than_an_hour_is_refused_since_no_appointment_fits_into_it(session, network):
    refused = refusal_of(session, availability("d1", at("09:00"), at("09:59")))
    assert refused.refusal is Refusal.INVALID
    [fault] = refused.faults
    assert (fault.code, fault.field) == ("shorter_than_an_hour", "end")
    assert "would last 59 minutes" in fault.message
    assert "at 2026-12-01T10:00:00+00:00 or later" in fault.message


def test_none_is_cut_to_less_than_an_hour(session, network):
    [id_] = create_availabilities(session, [availability("d1", at("09:00"), at("10:00"))])
    with pytest.raises(Refused) as refused:
        change_availability(session, id_, at("09:30"), at("10:00"), None)
    assert [fault.code for fault in refused.value.faults] == ["shorter_than_an_hour"]


def test_outside_the_openings_says_when_the_hospital_is_open(session, network):
    refused = refusal_of(session, availability("d1", at("07:00"), at("10:00")))
    assert refused.refusal is Refusal.CLASH
    [fault] = refused.faults
    assert fault.code == "outside_openings"
    assert "Tue 1 Dec 2026 09:00 to 17:00 (Europe/Lisbon)" in fault.message


def test_a_gap_between_openings_is_outside_them(session, network):
    refused = refusal_of(session, availability("d1", at("16:00"), at("10:00", day=2)))
    assert [fault.code for fault in refused.faults] == ["outside_openings"]


def test_beyond_the_horizon_says_how_far_openings_are_known(session, network):
    refused = refusal_of(session, availability("d1", at("09:00", day=31), at("10:00", day=31)))
    assert "known until 2026-12-30" in refused.faults[0].message


def test_one_place_at_a_time_names_where_the_doctor_is(session, network):
    create_availabilities(session, [availability("d1", at("09:00"), at("11:00"))])
    with pytest.raises(Refused) as refused:
        create_availabilities(session, [availability("d1", at("10:30"), at("11:30"), hospital="del")])
    assert [fault.code for fault in refused.value.faults] == ["doctor_elsewhere"]
    assert "at Lisbon then" in refused.value.faults[0].message


def test_one_place_at_a_time_holds_among_those_sent_together(session, network):
    refused = refusal_of(
        session,
        availability("d1", at("09:00"), at("17:00")),
        availability("d1", at("10:00"), at("11:00")),
        availability("d1", at("16:00"), at("17:00")),
        availability("d2", at("10:00"), at("11:00")),
    )
    assert [(fault.row, fault.code) for fault in refused.faults] == [(1, "doctor_elsewhere"), (2, "doctor_elsewhere")]


def test_whoever_is_no_longer_active_gets_no_availability(session, network):
    session.execute(text("UPDATE app_user SET active = false WHERE external_id = 'd1'"))
    refused = refusal_of(session, availability("d1", at("09:00"), at("10:00")))
    assert [fault.code for fault in refused.faults] == ["inactive_doctor"]


def book(session: Session, network, start: dt.datetime) -> None:
    session.execute(
        text(
            "INSERT INTO appointment (patient_id, doctor_id, hospital_id, timezone, during)"
            " VALUES (:p, :d, :h, 'Europe/Lisbon', tstzrange(:start, :end))"
        ),
        {
            "p": network.patients[0],
            "d": network.doctors[0],
            "h": network.lisbon,
            "start": start,
            "end": start + dt.timedelta(hours=1),
        },
    )


def test_an_availability_is_not_withdrawn_from_under_an_appointment(session, network):
    [id_] = create_availabilities(session, [availability("d1", at("09:00"), at("13:00"))])
    book(session, network, at("10:00"))
    with pytest.raises(Refused) as refused:
        withdraw_availability(session, id_, None)
    assert refused.value.refusal is Refusal.CLASH
    assert "Tue 1 Dec 2026 10:00 to 11:00" in refused.value.faults[0].message
    with pytest.raises(Refused) as refused:
        change_availability(session, id_, at("10:30"), at("13:00"), None)
    assert [fault.code for fault in refused.value.faults] == ["appointment_stands"]
    change_availability(session, id_, at("10:00"), at("11:00"), None)
    session.execute(text("UPDATE appointment SET status = 'cancelled'"))
    withdraw_availability(session, id_, None)
    assert session.scalars(select(Availability.id)).all() == []


def test_an_availability_may_shrink_where_its_neighbour_still_covers_the_appointment(session, network):
    first, _ = create_availabilities(
        session, [availability("d1", at("09:00"), at("10:30")), availability("d1", at("10:30"), at("13:00"))]
    )
    book(session, network, at("11:00"))
    change_availability(session, first, at("09:00"), at("10:00"), None)


def test_a_change_meant_for_an_older_version_is_refused(session, network):
    [id_] = create_availabilities(session, [availability("d1", at("09:00"), at("13:00"))])
    change_availability(session, id_, at("09:00"), at("12:00"), 1)
    with pytest.raises(Refused) as refused:
        withdraw_availability(session, id_, 1)
    assert refused.value.refusal is Refusal.STALE
    withdraw_availability(session, id_, 2)


def test_a_change_to_what_it_is_already_changes_nothing_and_tells_nobody(session, network):
    [id_] = create_availabilities(session, [availability("d1", at("09:00"), at("13:00"))])
    for _ in "sent", "sent again, since the answer was lost":
        change_availability(session, id_, at("09:00"), at("12:00"), None)
    assert session.scalars(select(Availability.version)).one() == 2
    assert session.scalars(select(OutboxMessage.topic).order_by(OutboxMessage.id)).all() == [
        "availability.added",
        "availability.changed",
    ]
    with pytest.raises(Refused) as refused:  # whoever saw another still hears of it
        change_availability(session, id_, at("09:00"), at("12:00"), 1)
    assert refused.value.refusal is Refusal.STALE


def test_a_changed_availability_may_overlap_what_it_was_and_nothing_else(session, network):
    first, _ = create_availabilities(
        session, [availability("d1", at("09:00"), at("11:00")), availability("d1", at("12:00"), at("13:00"))]
    )
    change_availability(session, first, at("10:00"), at("12:00"), None)
    with pytest.raises(Refused) as refused:
        change_availability(session, first, at("10:00"), at("12:30"), None)
    assert [fault.code for fault in refused.value.faults] == ["doctor_elsewhere"]


def test_what_does_not_exist_is_not_found(session, network):
    with pytest.raises(Refused) as refused:
        withdraw_availability(session, network.lisbon, None)
    assert refused.value.refusal is Refusal.NOT_FOUND


def test_of_two_at_once_one_is_told_where_the_doctor_is(session, network, engine):
    """The second waits for the first's row, loses, and is told so: the constraint decides, the code explains."""
    session.commit()
    row = availability("d1", at("09:00"), at("13:00"))
    with Session(engine) as quicker:
        create_availabilities(quicker, [row])
        outcome: list[object] = []

        def slower() -> None:
            try:
                create_availabilities(session, [row])
            except Refused as refused:
                outcome.append([fault.code for fault in refused.faults])

        thread = threading.Thread(target=slower)
        thread.start()
        wait_until_blocked(engine)
        quicker.commit()
        thread.join(timeout=10)
    assert outcome == [["doctor_elsewhere"]]


def wait_until_blocked(engine) -> None:
    blocked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    deadline = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=10)
    while dt.datetime.now(dt.UTC) < deadline:
        with engine.connect() as connection:
            if connection.scalar(blocked):
                return
    pytest.fail("nobody waits for a lock")
