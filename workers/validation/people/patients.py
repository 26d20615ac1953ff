"""Appointments of patients who are gone upstream: nobody will come."""

from sqlalchemy import RowMapping

from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.remedies.kinds import CancelAppointment
from workers.validation.paging import concerned, question, tellable
from workers.validation.step import Scope
from workers.validation.wording import by_clock

_DEPARTED = f"""
SELECT
    appointment.id, appointment.patient_id, ARRAY[hospital_id] AS concerned, lower(during) AS starts,
    app_user.name AS doctor, hospital.name AS hospital, hospital.timezone
FROM patient
JOIN appointment ON appointment.patient_id = patient.id
LEFT JOIN app_user ON app_user.id = doctor_id
LEFT JOIN hospital ON hospital.id = hospital_id
WHERE NOT patient.active
    AND appointment.status = 'booked'
    AND lower(during) >= :since AND {tellable("lower(during)")} AND isfinite(upper(during))
"""  # noqa: S608  # nothing in it comes from outside


def _told(row: RowMapping, _scope: Scope) -> Found:
    hour = by_clock(row["starts"], row["timezone"])
    place = f"with {row['doctor'] or 'an unknown doctor'} at {row['hospital'] or 'an unknown hospital'}"
    return Found(
        Code.PATIENT_DEPARTED,
        (Entity(Kind.APPOINTMENT, str(row["id"])),),
        f"The patient of the appointment {place}, {hour}, is no longer active in the directory.",
        concerned(row),
        (Entity(Kind.PATIENT, str(row["patient_id"])),),
        {"start": row["starts"].isoformat()},
        CancelAppointment(appointment=row["id"]).stored,
    )


DEPARTED_PATIENTS = question("Patients who have left", Code.PATIENT_DEPARTED, _DEPARTED, _told)
