"""What a night found out about the days ahead as CSV, for spreadsheets: the same numbers as the JSON beside them."""

import uuid

from fastapi import APIRouter, Depends

from api.downloads import Cell, CsvResponse, download
from api.media import speaks_csv
from api.named import HospitalFilter, HospitalName, PersonName, hospital_filter
from api.validation_reports import NO_REPORT_NOR_HOSPITAL
from api.validation_view import fragility_shown, hour_values_shown
from models.session import transaction
from models.validation.reading import fragility_of, hour_values_of, the_report

router = APIRouter(
    prefix="/validation-reports/{report_id}",
    tags=["Validation"],
    dependencies=[Depends(speaks_csv)],
    default_response_class=CsvResponse,
    responses=NO_REPORT_NOR_HOSPITAL,
)

_FRAGILITY = (
    *("hospital", "hospital_name", "doctor", "doctor_name", "date"),
    *("appointments", "replaceable", "stranded", "proved", "stranded_appointments"),
)
_HOUR_VALUES = (
    *("hospital", "hospital_name", "specialty", "date", "waiting", "books", "priority"),
    *("doctor", "doctor_name", "start", "proved"),
)


@router.get("/fragility.csv", summary="Download which days may not be lost")
def fragility_file(report_id: uuid.UUID, hospital: HospitalFilter = None) -> CsvResponse:
    """One line per day that could be lost, by how many it would strand. Without a `doctor`: the whole hospital's day.
    `stranded_appointments` are ids, a space apart.
    """
    with transaction() as session:
        the_report(session, report_id)
        rows = fragility_shown(session, fragility_of(session, report_id, hospital_filter(session, hospital)))
    return download(
        f"fragility-{report_id}.csv",
        _FRAGILITY,
        (
            (
                *_named(row.hospital),
                *_named(row.doctor),
                row.date,
                row.appointments,
                row.replaceable,
                row.appointments - row.replaceable,
                "yes" if row.proved else "no",
                " ".join(map(str, row.stranded)),
            )
            for row in rows
        ),
    )


@router.get("/hour-values.csv", summary="Download what one more hour would be worth")
def hour_values_file(report_id: uuid.UUID, hospital: HospitalFilter = None) -> CsvResponse:
    """One line per specialty, hospital and day, those first whose hour books the most important requests."""
    with transaction() as session:
        the_report(session, report_id)
        rows = hour_values_shown(session, hour_values_of(session, report_id, hospital_filter(session, hospital)))
    return download(
        f"hour-values-{report_id}.csv",
        _HOUR_VALUES,
        (
            (
                *_named(row.hospital),
                row.specialty,
                row.date,
                row.waiting,
                row.books,
                row.priority,
                *_named(row.doctor),
                row.start,
                "yes" if row.proved else "no",
            )
            for row in rows
        ),
    )


def _named(who: HospitalName | PersonName | None) -> tuple[Cell, Cell]:
    return (who.external_id, who.name) if who else (None, None)
