"""The overview's numbers as CSV, for spreadsheets: the same numbers as the JSON beside them."""

import datetime as dt

from fastapi import APIRouter, Depends

from api.downloads import Cell, CsvResponse, download
from api.media import speaks_csv
from api.overview import (
    LATELY,
    WRONGLY_ASKED,
    FirstDay,
    HospitalWanted,
    LastDays,
    Weeks,
    the_asked,
    three_places,
    today,
    utilisation_of,
)
from api.pages import Limit
from api.times import Now
from models.booking import PlanningRun
from models.overview import requests
from models.overview.requests import AgeBand, DelayBand
from models.overview.runs import last_runs, proof, seconds
from models.session import transaction
from planner.problem import Priority

router = APIRouter(dependencies=[Depends(speaks_csv)], default_response_class=CsvResponse)


@router.get(
    "/overview/utilisation.csv",
    summary="Download how full the doctors' days are",
    tags=["Overview"],
    responses=WRONGLY_ASKED,
)
def utilisation_file(hospital: HospitalWanted, now: Now, first: FirstDay = None, weeks: Weeks = 2) -> CsvResponse:
    """One line per doctor and working day: `date`, `doctor`, `doctor_name`, `booked`, `bookable`, `share`."""
    with transaction() as session:
        at = the_asked(session, hospital)
        found = utilisation_of(session, at, first or today(at, now), weeks, now)
    return download(
        f"utilisation-{found.days[0].date}.csv",
        ["date", "doctor", "doctor_name", "booked", "bookable", "share"],
        (
            (day.date, doctor.external_id, doctor.name, day.booked, day.bookable, three_places(day.share))
            for doctor in found.doctors
            for day in doctor.days
        ),
    )


@router.get("/overview/waiting.csv", summary="Download what waits", tags=["Overview"])
def waiting_file(now: Now) -> CsvResponse:
    """One line per priority: its undecided requests by age, all of them, and how many seconds the oldest has waited."""
    with transaction() as session:
        found = requests.waiting(session, now)
    return download(
        "waiting.csv",
        ["priority", *AgeBand, "total", "oldest_seconds"],
        ((each.priority, *each.by_age.values(), each.total, three_places(each.oldest_seconds)) for each in found),
    )


@router.get("/overview/time-to-appointment.csv", summary="Download how soon patients are seen", tags=["Overview"])
def time_to_appointment_file(now: Now, days: LastDays = LATELY) -> CsvResponse:
    """One line per priority, and one for all: the requests booked lately, by the days from the request to the hour."""
    with transaction() as session:
        found = requests.delays(session, now - dt.timedelta(days=days))
    return download(
        "time-to-appointment.csv",
        ["priority", "requests", "median_days", "ninetieth_days", *DelayBand],
        (
            (
                each.priority or "all",
                each.requests,
                three_places(each.median_days),
                three_places(each.ninetieth_days),
                *each.by_delay.values(),
            )
            for each in found
        ),
    )


@router.get("/overview/conflicts.csv", summary="Download why requests were refused", tags=["Overview"])
def conflicts_file(now: Now, days: LastDays = LATELY) -> CsvResponse:
    """One line per kind of conflict: the requests refused lately by priority, all, and those still in conflict."""
    with transaction() as session:
        found = requests.refusals(session, now - dt.timedelta(days=days))
    return download(
        "conflicts.csv",
        ["kind", *Priority, "total", "standing"],
        ((each.kind, *each.by_priority.values(), each.total, each.standing) for each in found),
    )


@router.get("/planning-runs.csv", summary="Download the last planning runs", tags=["Planning runs"])
def planning_runs_file(limit: Limit = 100) -> CsvResponse:
    """One line per run, newest first: when, by whom, how many requests and seconds, what came of it, what is proved."""
    with transaction() as session:
        found = last_runs(session, limit)
    return download(
        "planning-runs.csv",
        [
            "started_at", "status", "worker", "seconds", "requests", "booked", "conflicts", "requeued",
            "proved_best", "open_goal", "gap", "error",
        ],
        (_run(run) for run in found),
    )  # fmt: skip


def _run(run: PlanningRun) -> tuple[Cell, ...]:
    proved = proof(run.outcome)
    return (
        run.started_at,
        run.status,
        run.worker,
        three_places(seconds(run)),
        run.requests,
        run.booked,
        run.conflicts,
        run.requeued,
        None if proved is None else str(proved.best).lower(),
        None if proved is None else proved.goal,
        None if proved is None else round(proved.gap, 6),
        run.error,
    )
