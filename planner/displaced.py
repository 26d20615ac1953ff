"""What happens to an appointment whose replacement could not be booked."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from planner.instants import HOUR_US, micros
from planner.plan import Booking, Move
from planner.problem import Problem


class Hours(Protocol):
    """Who gets which hour, by a plan or in part of one."""

    @property
    def bookings(self) -> Sequence[Booking]: ...
    @property
    def moved(self) -> Sequence[Move]: ...


def displaced(problem: Problem, plan: Hours) -> tuple[str, ...]:
    """The appointments that lose their hour to others without getting another one; ids, in the problem's order.

    The hour of an appointment that a request `moves` counts as free for everybody, whether or not the request is
    booked. Where the appointment is displaced in any case (its doctor is ill), that is right. Where it should stand if
    its request is refused, plan again with that request left out: then it stands, and each such round leaves out more.
    """
    booked = {booking.request: booking for booking in plan.bookings}
    of_doctor: defaultdict[str, list[int]] = defaultdict(list)
    of_patient: defaultdict[str, list[int]] = defaultdict(list)
    appointments = {appointment.id: appointment for appointment in problem.appointments}
    for move in plan.moved:
        of_doctor[move.doctor].append(micros(move.start))
        of_patient[appointments[move.appointment].patient].append(micros(move.start))
    for request in problem.requests:
        if request.id in booked:
            of_doctor[booked[request.id].doctor].append(micros(booked[request.id].start))
            of_patient[request.patient].append(micros(booked[request.id].start))
    lost = {
        request.moves
        for request in problem.requests
        if request.moves is not None and request.id not in booked
        for old in (appointments[request.moves],)
        if any(abs(taken - micros(old.start)) < HOUR_US for taken in (*of_doctor[old.doctor], *of_patient[old.patient]))
    }
    return tuple(appointment.id for appointment in problem.appointments if appointment.id in lost)
