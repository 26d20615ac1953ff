"""Whether certificates prove what they say, by counting. The shapes are in docs/planning-problem.md.

Each says: these requests, all of the refused one's priority or higher, cannot all be booked, whatever is chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from planner.instants import HOUR_US
from planner.plan import Conflict, PlanStatus
from planner.problem import Appointment, Request
from planner.verify.book import WEIGHT, Book, told_micros

SEARCH_STEPS = 20_000
"""How many choices a `search` certificate is tried with before it is left standing as neither proved nor disproved."""


def certificate_fault(
    book: Book, request: Request, conflict: Conflict, conflicts: Mapping[str, Conflict]
) -> str | None:
    """What is wrong with the certificate of an outcompeted request; None if nothing is."""
    certificate = conflict.certificate
    if "same_as" in certificate:
        return _reference_fault(book, request, certificate, conflicts.get(certificate["same_as"]))
    members = _members(book, request, certificate)
    if isinstance(members, str):
        return members
    requests, appointments = members
    everybody: list[Request | Appointment] = [*requests, *appointments]
    checks: dict[str, Callable[[], str | None]] = {
        "offers": lambda: _offers_fault(book, requests, certificate),
        "patient": lambda: _instants_fault(book, everybody, certificate["instants"]),
        "movable": lambda: _instants_fault(book, everybody, certificate["instants"]),
        "overlap": lambda: _instants_fault(book, everybody, certificate["instants"]),
        "search": lambda: _search_fault(book, everybody),
        "unproved": lambda: _unproved_fault(book),
    }
    return checks[certificate["rule"]]()


def _reference_fault(
    book: Book, request: Request, certificate: Mapping[str, Any], other: Conflict | None
) -> str | None:
    """Whether the certificate referred to is there and names this request; what it says is checked where it stands."""
    if other is None or "same_as" in other.certificate or other.certificate["rule"] != certificate["rule"]:
        return "refers to a certificate that is not there"
    if book.requests[other.request].priority != request.priority:
        return "refers to a certificate of another priority"
    return None if request.id in book.named_by(other) else "refers to a certificate that does not name it"


def _unproved_fault(book: Book) -> str | None:
    return None if book.plan.status == PlanStatus.FEASIBLE else "proves nothing although the plan is optimal"


def _members(
    book: Book, request: Request, certificate: Mapping[str, Any]
) -> tuple[list[Request], list[Appointment]] | str:
    """The requests and the movable appointments of the set, or what is wrong with them."""
    ids, movables = certificate["requests"], certificate.get("appointments", [])
    if request.id not in ids:
        return "has a certificate that does not name its own request"
    if len(set(ids)) != len(ids) or len(set(movables)) != len(movables):
        return "has a certificate that counts somebody twice"
    requests = [book.requests[id_] for id_ in ids]
    appointments = [book.appointments[id_] for id_ in movables]
    if any(WEIGHT[member.priority] > WEIGHT[request.priority] for member in requests):
        return "has a certificate with a request of lower priority"
    if any(not a.movable or a.id in book.replaced for a in appointments):
        return "has a certificate with an appointment that is not movable"
    return requests, appointments


def _offers_fault(book: Book, requests: Sequence[Request], certificate: Mapping[str, Any]) -> str | None:
    """Hall's condition: *all* offers that any of the requests accepts are fewer than the requests."""
    told = {(offer["doctor"], offer["hospital"], told_micros(offer["start"])) for offer in certificate["offers"]}
    accepted = {hour for request in requests for hour in book.offers(request)}
    if told != accepted or len(told) != len(certificate["offers"]):
        return "has a certificate that does not list exactly the offers that its requests accept"
    return None if len(told) < len(requests) else "has a certificate with enough offers for everybody"


def _instants_fault(
    book: Book, members: Sequence[Request | Appointment], instants: Sequence[Mapping[str, Any]]
) -> str | None:
    """Weighted counting: an instant of a doctor or a patient serves one, and each member needs at least the least
    weight that any hour it could have covers. If the needs exceed the weights, not all members can have an hour.
    """
    of_doctor: dict[str, list[tuple[int, int]]] = {}
    of_patient: dict[str, list[tuple[int, int]]] = {}
    total = 0
    for told in instants:
        weight, at = told.get("weight", 1), told_micros(told["at"])
        if weight < 1:
            return "has a certificate with a weight that is not positive"
        total += weight
        if "doctor" in told:
            of_doctor.setdefault(told["doctor"], []).append((at, weight))
        elif "patient_of_request" in told:
            of_patient.setdefault(book.requests[told["patient_of_request"]].patient, []).append((at, weight))
        else:
            of_patient.setdefault(book.appointments[told["patient_of_appointment"]].patient, []).append((at, weight))
    needs = 0
    for member in members:
        mine = of_patient.get(member.patient, [])
        covered = [
            _covered(of_doctor.get(doctor, []), start) + _covered(mine, start)
            for doctor, _, start in book.could_have(member)
        ]
        if not covered:
            return None  # a member without any hour proves it at once
        needs += min(covered)
    return None if needs > total else "has a certificate whose instants suffice for everybody"


def _covered(instants: Sequence[tuple[int, int]], start: int) -> int:
    """The weight of the instants inside the hour at `start`."""
    return sum(weight for at, weight in instants if start <= at < start + HOUR_US)


def _search_fault(book: Book, members: Sequence[Request | Appointment]) -> str | None:
    """Tries to give everybody an hour, those with the fewest first. Finding a way disproves the certificate."""
    choices = sorted((book.could_have(member), member.patient) for member in members)
    choices.sort(key=lambda choice: len(choice[0]))
    taken: dict[str, list[int]] = {}
    steps = 0

    def place(number: int) -> bool:
        nonlocal steps
        if number == len(choices):
            return True
        hours, patient = choices[number]
        for doctor, _, start in hours:
            steps += 1
            if steps > SEARCH_STEPS:
                return False
            owners = (f"doctor {doctor}", f"patient {patient}")
            if any(abs(start - other) < HOUR_US for owner in owners for other in taken.get(owner, [])):
                continue
            for owner in owners:
                taken.setdefault(owner, []).append(start)
            if place(number + 1):
                return True
            for owner in owners:
                taken[owner].pop()
        return False

    return "has a certificate that a plan disproves" if place(0) else None
