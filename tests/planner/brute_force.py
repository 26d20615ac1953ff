"""The best possible goals of a small problem by trying everything. Knows nothing of the planner but the plain types."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from planner.problem import Priority, Problem

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


def best_goals(problem: Problem, kept: frozenset[str] = frozenset()) -> tuple[int, int, int, int, int]:
    """Booked urgent, soon and routine, appointments moved, inconvenience: the best in this order.

    Of plans that book all requests in `kept`, of which there has to be one.
    """
    replaced = {request.moves for request in problem.requests}
    standing = [a for a in problem.appointments if a.id not in replaced]
    fixed = [(a.doctor, a.patient, a.start) for a in standing if not a.movable]
    hours = bookable_hours(problem)
    choices = []
    for a in standing:
        if a.movable:
            options = [(a.doctor, a.patient, a.start, (0, 0, 0, 0, 0))]
            for doctor, hospital, start in hours:
                inside = a.window is None or (a.window.start <= start and start + HOUR <= a.window.end)
                suits = doctor == a.doctor and (a.hospitals is None or hospital in a.hospitals)
                if suits and inside and start != a.start:
                    options.append((doctor, a.patient, start, (0, 0, 0, -1, -_hours(start, a.start))))
            choices.append([o for o in options if o[3][3] == 0 or not _clash(o, fixed)])
    for r in problem.requests:
        options = [] if r.id in kept else [None]
        for doctor, hospital, start in hours:
            cost = _cost(problem, r, doctor, hospital, start)
            if cost is not None and not _clash((doctor, r.patient, start), fixed):
                booked = tuple(int(r.priority == p) for p in Priority)
                options.append((doctor, r.patient, start, (*booked, 0, -cost)))
        choices.append(options)
    best = _best(choices, [])
    return (*best[:3], -best[3], -best[4])


def bookable_hours(problem: Problem) -> set[tuple[str, str, object]]:
    """Every (doctor, hospital, start): on the hour there, every quarter of it inside an availability and an opening."""
    found = set()
    for availability in problem.availabilities:
        hospital = next(h for h in problem.hospitals if h.id == availability.hospital)
        same = [a for a in problem.availabilities if (a.doctor, a.hospital) == (availability.doctor, hospital.id)]
        start = availability.start
        while start < availability.end:
            quarters = [start + i * QUARTER for i in range(4)]
            local = start.astimezone(ZoneInfo(hospital.timezone))
            if (
                local.minute == 0
                and all(any(a.start <= q and q + QUARTER <= a.end for a in same) for q in quarters)
                and all(any(o.start <= q and q + QUARTER <= o.end for o in hospital.openings) for q in quarters)
            ):
                found.add((availability.doctor, hospital.id, start))
            start += QUARTER
    return found


def _cost(problem, request, doctor, hospital, start):
    if request.doctors is not None and doctor not in request.doctors:
        return None
    specialties = next(d.specialties for d in problem.doctors if d.id == doctor)
    if request.specialty is not None and request.specialty not in specialties:
        return None
    if request.hospitals is not None and hospital not in request.hospitals:
        return None
    if start < request.earliest or start + HOUR > request.latest:
        return None
    place = 0 if request.doctors is None else request.doctors.index(doctor)
    if request.places is not None:
        place = request.places[place]
    return _hours(start, request.preferred or request.earliest) + 24 * place


def _hours(a, b):
    return abs(a - b) // HOUR


def _clash(option, taken):
    doctor, patient, start = option[:3]
    return any(abs(start - t) < HOUR and (doctor == d or patient == p) for d, p, t in taken)


def _best(choices, taken):
    if not choices:
        return (0, 0, 0, 0, 0)
    best = None
    for option in choices[0]:
        if option is None:
            rest = _best(choices[1:], taken)
            total = rest
        else:
            if _clash(option, taken):
                continue
            rest = _best(choices[1:], [*taken, option[:3]])
            total = None if rest is None else tuple(a + b for a, b in zip(option[3], rest, strict=True))
        if total is not None and (best is None or total > best):
            best = total
    return best
