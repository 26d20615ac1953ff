"""What somebody can see, applied to every statement of their transactions: the rest does not exist for them.

An id of another hospital is so answered as one that nobody has, in every route there is and in those to come, and no
query has to think of it. Work that has to see everything to be right (whether an hour is free) says so (`whole`), and
what it tells is for its caller to keep to.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, event, false, true
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.orm.util import LoaderCriteriaOption

from models.access import bounds
from models.access.acting import EVERYTHING, Reach
from models.base import Base
from models.booking import BookingBatch, BookingRequest, Conflict, PlanningRun
from models.calendar_feeds import CalendarFeed
from models.deliveries.tables import Delivery
from models.hospitals import Hospital, Opening, OperatingException, OperatingHours
from models.operations import OutboxMessage
from models.rescheduling.tables import FormerHour, Reschedule
from models.schedule import Appointment, Availability
from models.validation.tables import Finding, Fragility, HourValue, ValidationReport

Within = Callable[[Reach], ColumnElement[bool]]
_INFO = "reach"


def bind(session: Session, reach: Reach) -> None:
    """Let every statement of a session see what is in reach, and nothing else."""
    session.info[_INFO] = reach


def of(session: Session) -> Reach:
    """What the statements of a session see."""
    found: Reach = session.info.get(_INFO, EVERYTHING)
    return found


@contextmanager
def whole(session: Session) -> Iterator[None]:
    """Let statements see everything for the length of a block: to decide, not to tell."""
    before = of(session)
    bind(session, EVERYTHING)
    try:
        yield
    finally:
        bind(session, before)


BOUND: dict[type[Base], Within] = {
    Hospital: lambda reach: bounds.at_hospital(Hospital.id, reach),
    OperatingHours: lambda reach: bounds.at_hospital(OperatingHours.hospital_id, reach),
    OperatingException: lambda reach: bounds.at_hospital(OperatingException.hospital_id, reach),
    Opening: lambda reach: bounds.at_hospital(Opening.hospital_id, reach),
    Availability: lambda reach: bounds.schedule(Availability, reach),
    Appointment: lambda reach: bounds.schedule(Appointment, reach),
    FormerHour: lambda reach: bounds.schedule(FormerHour, reach),
    BookingRequest: lambda reach: bounds.requests(BookingRequest, reach),
    BookingBatch: lambda reach: bounds.batches(BookingBatch, reach),
    Conflict: lambda reach: bounds.conflicts(Conflict, reach),
    PlanningRun: lambda _: false(),
    Reschedule: lambda reach: bounds.at_hospitals(Reschedule.hospitals, reach),
    ValidationReport: lambda reach: bounds.reports(ValidationReport, reach),
    Finding: lambda reach: bounds.findings(Finding, reach),
    Fragility: lambda reach: bounds.at_hospital(Fragility.hospital_id, reach),
    HourValue: lambda reach: bounds.at_hospital(HourValue.hospital_id, reach),
    OutboxMessage: lambda reach: bounds.messages(OutboxMessage, reach),
    Delivery: lambda reach: bounds.deliveries(Delivery, reach),
    CalendarFeed: lambda reach: bounds.feeds(CalendarFeed, reach),
}
"""What bounds each table. Tables that are not here are the whole network's (people), or are read by way of one that
is (what a request accepts); `tests/access/test_reach.py` names them all.
"""


class _Bound(LoaderCriteriaOption):
    """`with_loader_criteria`, which leaves an alias that is joined to the bound of the table itself: here it is told of
    the alias.
    """

    __slots__ = ()
    _traverse_internals = LoaderCriteriaOption._traverse_internals  # noqa: SLF001  # so that it can be cached

    def _resolve_where_criteria(self, ext_info: Any) -> ColumnElement[bool]:  # Any: SQLAlchemy's own
        within: ColumnElement[bool] = super()._resolve_where_criteria(ext_info)
        return ext_info._adapter.traverse(within) if ext_info.is_aliased_class else within  # noqa: SLF001


@lru_cache(maxsize=256)
def _bounds(reach: Reach) -> tuple[_Bound, ...]:
    """What every statement of a reach gets; making it takes longer than many a statement.

    What lets everything through is left out: each costs time with every statement.
    """
    bounds_of = ((table, within(reach)) for table, within in BOUND.items())
    return tuple(_Bound(table, bound, include_aliases=True) for table, bound in bounds_of if bound is not true())


@event.listens_for(Session, "do_orm_execute")
def _keep_within_reach(statement: ORMExecuteState) -> None:
    reach = of(statement.session)
    if not reach.is_bounded or statement.is_column_load or statement.is_relationship_load or statement.is_insert:
        return
    statement.statement = statement.statement.options(*_bounds(reach))
