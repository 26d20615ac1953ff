"""Whether what the demo says can be true: everything it reports, checked against the other answers of the API."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise

from cli.client import Api, Json
from cli.outcomes import Outcome
from planner.problem import HOUR


def contradictions(api: Api, batch: str, expected: int, outcome: Outcome) -> Iterator[str]:
    """Every way in which the outcome of a batch of `expected` requests contradicts itself or the schedule."""
    if outcome.undecided:
        yield f"{outcome.undecided} requests are undecided"
    if len({request["id"] for request in outcome.requests}) != expected:
        yield f"{expected} requests were queued, and {len(outcome.requests)} are listed"
    counts = {status: number for status, number in api.get(f"/booking-batches/{batch}")["counts"].items() if number}
    if counts != dict(outcome.by_status):
        yield f"the batch counts {counts}, its requests {dict(outcome.by_status)}"
    appointments = list(api.items("/appointments", {"status": "booked"}))
    yield from _bookings_that_are_none(outcome, appointments)
    yield from _overlaps(appointments)


def _bookings_that_are_none(outcome: Outcome, appointments: Iterable[Json]) -> Iterator[str]:
    """Requests that say booked without an appointment that is theirs, and appointments that no request tells of."""
    by_request = {each["booking_request"]: each for each in appointments if each["booking_request"]}
    for request in outcome.requests:
        appointment = by_request.get(request["id"])
        if request["status"] != "booked":
            if appointment:
                yield f"request {request['id']} is {request['status']} and has the appointment {appointment['id']}"
        elif appointment is None:
            yield f"request {request['id']} is booked and has no appointment"
        elif not _fits(request, appointment):
            yield f"appointment {appointment['id']} is not what request {request['id']} asked for"
        elif request.get("conflict"):
            yield f"request {request['id']} is booked and in conflict"


def _fits(request: Json, appointment: Json) -> bool:
    doctors, hospitals = request["doctors"], request["hospitals"]
    start = datetime.fromisoformat(appointment["start"])
    return (
        appointment["patient"]["id"] == request["patient"]["id"]
        and datetime.fromisoformat(request["earliest"]) <= start
        and start + HOUR <= datetime.fromisoformat(request["latest"])
        and (doctors is None or appointment["doctor"]["id"] in {doctor["id"] for doctor in doctors})
        and (hospitals is None or appointment["hospital"]["id"] in {hospital["id"] for hospital in hospitals})
    )


def _overlaps(appointments: Iterable[Json]) -> Iterator[str]:
    starts: Mapping[tuple[str, str], list[datetime]] = defaultdict(list)
    for each in appointments:
        start = datetime.fromisoformat(each["start"])
        starts["doctor", each["doctor"]["id"]].append(start)
        starts["patient", each["patient"]["id"]].append(start)
    for (kind, id_), hours in starts.items():
        hours.sort()
        if any(later - earlier < HOUR for earlier, later in pairwise(hours)):
            yield f"two appointments of {kind} {id_} overlap"
