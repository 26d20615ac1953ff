"""When callers arrive: an open model, in which nobody waits for the callers before them to be answered."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Curve:
    """Arrivals a second over time: straight lines between points `(second, rate)`, the first at second 0."""

    points: Sequence[tuple[float, float]]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.points[-1][0]

    @property
    def highest(self) -> float:
        """The highest rate."""
        return max(rate for _, rate in self.points)

    def rate(self, second: float) -> float:
        """Arrivals a second at a second of it."""
        after = bisect_right(self.points, second, key=lambda point: point[0])
        if after == len(self.points):
            return self.points[-1][1]
        (since, low), (until, high) = self.points[after - 1], self.points[after]
        return low + (high - low) * (second - since) / (until - since)

    def arrivals(self, random: Random) -> Iterator[float]:
        """The seconds at which somebody arrives: a Poisson process whose rate follows the curve.

        Source: P. A. W. Lewis and G. S. Shedler, Simulation of nonhomogeneous Poisson processes by thinning (1979).
        """
        second = 0.0
        while (second := second + random.expovariate(self.highest)) < self.seconds:
            if random.random() * self.highest <= self.rate(second):
                yield second


def steady(rate: float, seconds: float) -> Curve:
    """The same rate all the time."""
    return Curve(((0.0, rate), (seconds, rate)))


def ramp(rate: float, rising: float, seconds: float) -> Curve:
    """From a tenth of the rate up to it in `rising` seconds, and on from there."""
    return Curve(((0.0, rate / 10), (rising, rate), (seconds, rate)))


def burst(rate: float, factor: float, seconds: float) -> Curve:
    """A steady rate, but `factor` times as many in the middle tenth: as when the telephone lines open."""
    begins, ends = 0.45 * seconds, 0.55 * seconds
    return Curve(
        (
            (0.0, rate),
            (begins, rate),
            (begins + 0.01, factor * rate),
            (ends, factor * rate),
            (ends + 0.01, rate),
            (seconds, rate),
        )
    )
