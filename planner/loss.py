"""Hours that could be lost, and what that would do: plain frozen values."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from planner.plan import Booking, Move
from planner.problem import Availability, Hospital, Period, Problem, Request


@dataclass(frozen=True, slots=True)
class Loss:
    """Hours that would be lost, if a doctor (None: everybody) could not be at a hospital (None: anywhere) `during` it.

    Lost are all hours that overlap `during`. `requests` each move one of the appointments that this displaces; those
    that none of them moves stand.
    """

    doctor: str | None
    hospital: str | None
    during: Period
    requests: tuple[Request, ...]

    def takes(self, availability: Availability) -> bool:
        """Whether the availability is one of those that the loss cuts, if they overlap."""
        return self.doctor in (None, availability.doctor) and self.hospital in (None, availability.hospital)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a loss would do: who gets another hour, by request id, and the requests for which none is left, ascending.

    `proved`: no plan does better, by the goals in their order. Nobody else is `moved`.
    """

    bookings: tuple[Booking, ...]
    stranded: tuple[str, ...]
    proved: bool
    moved: tuple[Move, ...] = ()


def without(problem: Problem, loss: Loss) -> Problem:
    """The planning problem of a loss by itself: the schedule of `problem` without the lost hours, and its requests."""
    closed = loss.doctor is None
    return replace(
        problem,
        hospitals=tuple(
            _less_open(each, loss.during) if closed and loss.hospital in (None, each.id) else each
            for each in problem.hospitals
        ),
        availabilities=tuple(rest for each in problem.availabilities for rest in _less_available(each, loss)),
        requests=loss.requests,
    )


def _less_open(hospital: Hospital, lost: Period) -> Hospital:
    return replace(hospital, openings=tuple(rest for each in hospital.openings for rest in _rest(each, lost)))


def _less_available(availability: Availability, loss: Loss) -> Iterator[Availability]:
    if not loss.takes(availability):
        yield availability
        return
    for rest in _rest(Period(availability.start, availability.end), loss.during):
        yield replace(availability, start=rest.start, end=rest.end)


def _rest(period: Period, lost: Period) -> Iterator[Period]:
    """What is left of a period, in order."""
    if min(period.end, lost.start) > period.start:
        yield Period(period.start, min(period.end, lost.start))
    if max(period.start, lost.end) < period.end:
        yield Period(max(period.start, lost.end), period.end)
