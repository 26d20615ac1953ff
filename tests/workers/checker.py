"""Judges what the workers have written, by plain SQL that trusts no constraint and no code of theirs."""

from sqlalchemy import Engine, text

_FAULTS = {
    "doctor in two appointments at once": """
        SELECT a.id FROM appointment a JOIN appointment b ON a.id < b.id AND a.doctor_id = b.doctor_id
        AND a.during && b.during WHERE a.status = 'booked' AND b.status = 'booked'""",
    "patient in two appointments at once": """
        SELECT a.id FROM appointment a JOIN appointment b ON a.id < b.id AND a.patient_id = b.patient_id
        AND a.during && b.during WHERE a.status = 'booked' AND b.status = 'booked'""",
    "appointment outside its doctor's availability": """
        SELECT a.id FROM appointment a WHERE a.status = 'booked' AND NOT a.during <@ (
            SELECT coalesce(range_agg(v.during), '{}'::tstzmultirange) FROM availability v
            WHERE v.doctor_id = a.doctor_id AND v.hospital_id = a.hospital_id)""",
    "request booked twice": """
        SELECT booking_request_id FROM appointment WHERE booking_request_id IS NOT NULL
        GROUP BY booking_request_id HAVING count(*) > 1""",
    "request booked without an appointment": """
        SELECT r.id FROM booking_request r WHERE r.status = 'booked'
        AND NOT EXISTS (SELECT FROM appointment a WHERE a.booking_request_id = r.id OR a.id = r.moves)""",
    "appointment of a request that is not booked": """
        SELECT r.id FROM booking_request r JOIN appointment a ON a.booking_request_id = r.id
        WHERE r.status <> 'booked' AND a.status = 'booked'""",
    "request in conflict without a reason": """
        SELECT r.id FROM booking_request r WHERE r.status = 'conflict'
        AND NOT EXISTS (SELECT FROM conflict c WHERE c.booking_request_id = r.id)""",
    "request booked and in conflict": """
        SELECT r.id FROM booking_request r JOIN conflict c ON c.booking_request_id = r.id WHERE r.status = 'booked'""",
    "appointment outside its request's window": """
        SELECT a.id FROM appointment a JOIN booking_request r ON r.id = a.booking_request_id
        WHERE r.moves IS NULL AND NOT a.during <@ tstzrange(r.earliest, r.latest)""",
    "request decided other than once": """
        SELECT r.id FROM booking_request r LEFT JOIN outbox_message m
        ON m.topic = 'booking_request.decided' AND m.payload ->> 'booking_request' = r.id::text
        WHERE r.status IN ('booked', 'conflict', 'failed') GROUP BY r.id HAVING count(m.id) <> 1""",
    "appointment told other than once": """
        SELECT a.id FROM appointment a LEFT JOIN outbox_message m
        ON m.topic = 'appointment.booked' AND m.payload ->> 'appointment' = a.id::text
        WHERE a.booking_request_id IS NOT NULL GROUP BY a.id HAVING count(m.id) <> 1""",
}


def faults(engine: Engine) -> set[str]:
    """What is wrong with the database; empty when nothing is."""
    with engine.connect() as connection:
        return {fault for fault, sql in _FAULTS.items() if connection.execute(text(sql)).first()}


def undecided(engine: Engine) -> int:
    """How many requests are queued or being planned."""
    with engine.connect() as connection:
        return connection.execute(
            text("SELECT count(*) FROM booking_request WHERE status IN ('queued', 'planning')")
        ).scalar_one()
