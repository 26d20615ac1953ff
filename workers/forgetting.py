"""The nightly forgetting: whatever nobody needs any more, kind by kind, in slices of a short transaction each."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.orm import Session

from models.privacy import records, retention
from models.session import transaction
from models.settings import Settings
from models.validation.jobs import forget_reports
from workers.retrying import retrying

SLICE = 5_000
"""How many rows one transaction deletes: well below a second, or about one where others go with them."""

Forget = Callable[[Session, datetime, int], int]
"""Deletes at most so many rows that are over at an instant, and returns how many."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def forget(chosen: Settings, now: datetime) -> None:
    """Forget everything that is over.

    Raises
    ------
    ExceptionGroup
        of what went wrong, once everything else has been forgotten.

    """
    gone: dict[str, int] = {}
    errors = []
    for kind, some in _kinds(chosen).items():
        try:
            gone[kind] = _forget_all(some, now)
        except Exception as error:  # noqa: BLE001  # one kind's trouble is not the others'
            error.add_note(f"Forgetting {kind}")
            errors.append(error)
    log.info("forgotten", **gone)
    if errors:
        raise ExceptionGroup("not everything was forgotten", errors)


def _kinds(chosen: Settings) -> Mapping[str, Forget]:
    """What is forgotten, in an order in which nothing waits another night for what refers to it."""
    conflicts, events = timedelta(days=chosen.conflicts_kept_days), timedelta(days=chosen.events_kept_days)
    runs, requests = timedelta(days=chosen.runs_kept_days), timedelta(days=chosen.requests_kept_days)
    kinds: dict[str, Forget] = {
        "idempotency_keys": retention.forget_keys,
        "sign_ins": retention.forget_sign_ins,
        "one_time_codes": retention.forget_codes,
        "sign_in_failures": retention.forget_failures,
        "oidc_attempts": retention.forget_attempts,
        "access_tokens": retention.forget_tokens,
        "calendar_feeds": retention.forget_feeds,
        "conflicts": partial(retention.forget_conflicts, kept=conflicts),
        "events": partial(retention.forget_messages, kept=events),
        "validation_reports": partial(_forget_reports, timedelta(days=chosen.reports_kept_days)),
        "planning_run_outcomes": partial(records.empty_runs, kept=runs),
        "reschedule_files": partial(records.empty_reschedules, kept=runs),
    }
    if chosen.appointments_kept_days:
        kept = timedelta(days=chosen.appointments_kept_days)
        kinds |= {
            "appointments": partial(records.forget_appointments, kept=kept),
            "availabilities": partial(records.forget_availabilities, kept=kept),
            "openings": partial(records.forget_openings, kept=kept),
        }
    return kinds | {
        "reschedules": partial(records.forget_reschedules, kept=requests),
        "booking_requests": partial(records.forget_requests, kept=requests),
        "booking_batches": partial(records.forget_batches, kept=requests),
        "planning_runs": partial(records.forget_runs, kept=runs),
    }


def _forget_reports(kept: timedelta, session: Session, now: datetime, _limit: int) -> int:
    """A night has one report of each hospital; there is nothing to slice."""
    return forget_reports(session, now - kept)


def _forget_all(some: Forget, now: datetime) -> int:
    def forget_slice() -> int:
        with transaction() as session:
            return some(session, now, SLICE)

    total = 0
    while gone := retrying(forget_slice):
        total += gone
    return total
