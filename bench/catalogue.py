"""The instances of the bench, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bench.closures import Closure, closed_hospital
from bench.instances import Size, half_hour_zones, hospitals_apart, movable_appointments, one_hospital, theatres
from planner.problem import Problem


@dataclass(frozen=True, slots=True)
class Instance:
    """A problem to measure, made by `make`. `compared`: other ways to plan are tried on it too."""

    name: str
    make: Callable[[], Problem]
    compared: bool = False


def _hospital(
    name: str, requests: int, doctors: int, days: int, patients: int | None, *, compared: bool = False
) -> Instance:
    return Instance(name, partial(one_hospital, Size(requests, doctors, days, patients)), compared)


INSTANCES = (
    # Loose: about twice as many hours as requests. Tight: about as many. Overloaded: about three for four requests.
    _hospital("500 loose", 500, 20, 10, 400, compared=True),
    _hospital("500 tight", 500, 11, 10, 400),
    _hospital("500 overloaded", 500, 8, 10, 400, compared=True),
    _hospital("1,000 loose", 1000, 40, 10, 800),
    _hospital("1,000 tight", 1000, 23, 10, 800),
    _hospital("1,000 overloaded", 1000, 17, 10, 800),
    _hospital("3,000 loose", 3000, 60, 20, 2400, compared=True),
    _hospital("3,000 tight", 3000, 34, 20, 2400),
    _hospital("3,000 overloaded", 3000, 26, 20, 2400),
    _hospital("10,000 loose", 10000, 150, 30, 8000, compared=True),
    _hospital("10,000 tight", 10000, 75, 30, 8000),
    _hospital("10,000 overloaded", 10000, 70, 25, 8000),
    _hospital("50,000 loose", 50000, 700, 30, 40000),
    _hospital("50,000 overloaded", 50000, 290, 30, 40000),
    # One request of each patient, three, and ten. Elsewhere a patient has nearly two on average.
    _hospital("3,000 of 3,000 patients", 3000, 60, 20, None),
    _hospital("3,000 of 900 patients", 3000, 60, 20, 900, compared=True),
    _hospital("3,000 of 300 patients", 3000, 60, 20, 300),
    _hospital("10,000 of 3,000 patients", 10000, 150, 30, 3000),
    Instance("3,000 operations", partial(theatres, Size(3000, 45, 28, None, window=14))),
    Instance("10,000 operations", partial(theatres, Size(10000, 150, 28, None, window=14))),
    Instance("1,000 half-hour zones", partial(half_hour_zones, Size(1000, 40, 10, 800)), compared=True),
    Instance("3,000 half-hour zones", partial(half_hour_zones, Size(3000, 60, 20, 2400))),
    Instance("300 in two places at once", partial(half_hour_zones, Size(300, 12, 10, 240), at_once=True)),
    Instance("1,000 movable", partial(movable_appointments, Size(1000, 40, 10, 800, window=1)), compared=True),
    Instance("3,000 movable", partial(movable_appointments, Size(3000, 60, 20, 2400, window=1))),
    # A hospital that is closed for five days, over what twelve others have free: about 240,000 hours, then few.
    Instance("1,600 displaced", partial(closed_hospital, Closure(1600, 30, free=0.303))),
    Instance("6,400 displaced", partial(closed_hospital, Closure(6400, 30, free=0.303))),
    Instance(
        "800 displaced and others movable",
        partial(closed_hospital, Closure(800, 12, 0.03, specialties=20, concerned=10, days=12, within=6, movable=0.3)),
        compared=True,
    ),
    Instance("10,000 in 10 hospitals", partial(hospitals_apart, 10, Size(1000, 23, 20, 800))),
)


def named(words: Sequence[str]) -> list[Instance]:
    """The instances whose names have all of `words`; all of them without words."""
    return [instance for instance in INSTANCES if set(words) <= set(instance.name.split())]


def by_name(name: str) -> Instance:
    """The instance of that name. Raises KeyError where there is none."""
    return {instance.name: instance for instance in INSTANCES}[name]
