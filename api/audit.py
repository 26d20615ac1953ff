"""The audit: who did what, and who was shown which patient."""

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.audit_view import AuditEntryOut, shown
from api.named import PatientFilter, Reference
from api.pages import ByNumber, Page
from api.periods import FromDate, ToDate, check_dates
from api.problems import QueryRefused, documented
from models.audit.searching import Wanted, search
from models.faults import Refused
from models.session import transaction

router = APIRouter(prefix="/audit", tags=["Audit"])


def _wanted(  # one for each parameter of the query
    patient: PatientFilter = None,
    doctor: Annotated[Reference | None, Query(description="Only of this doctor (`external_id` or `id`)")] = None,
    appointment: Annotated[uuid.UUID | None, Query(description="Only of this appointment")] = None,
    actor: Annotated[
        Reference | None, Query(description="Only by this user (`external_id`, `id` or name), token or other actor")
    ] = None,
    action: Annotated[Reference | None, Query(description="Only what was done so", examples=["read"])] = None,
    first: FromDate = None,
    last: ToDate = None,
) -> Wanted:
    check_dates(first, last)
    until = _midnight(last) + dt.timedelta(days=1) if last else None
    return Wanted(patient, doctor, appointment, actor, action, _midnight(first) if first else None, until)


@router.get(
    "",
    summary="Search the audit",
    responses=documented(invalid=["unknown_patient", "unknown_doctor", "dates_run_backward"]),
)
def search_audit(asked: ByNumber, wanted: Annotated[Wanted, Depends(_wanted)]) -> Page[AuditEntryOut]:
    """Entries, newest first. Dates are those of UTC. To search for a patient is itself written down, as a reading."""
    with transaction() as session:
        try:
            rows = search(session, wanted, asked.limit + 1, asked.after)
        except Refused as refused:
            raise QueryRefused(refused.refusal, refused.faults) from refused
        return asked.page(rows, lambda row: (row.entry.id,), lambda page: [shown(row) for row in page])


def _midnight(date: dt.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), dt.UTC)
