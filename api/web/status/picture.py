"""The last hour as bars, one for each minute."""

from collections.abc import Sequence
from dataclasses import dataclass

from babel.numbers import format_decimal

from api.web.words import LOCALE, t
from models.seeing.lately import MINUTES, Lately

HIGH, WIDE = 60, 10
"""The height of the highest bar, and the width of a minute."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle: where it stands, and how high it is."""

    x: int
    high: float


@dataclass(frozen=True, slots=True)
class Chart:
    """One row of bars. `says` tells what can be seen."""

    name: str
    says: str
    most: str
    bars: tuple[Bar, ...]
    wide: int = MINUTES * WIDE
    high: int = HIGH


def charts(lately: Lately) -> tuple[Chart, ...]:
    """What waited, and what was decided, minute by minute."""
    waited = t("status-waited-says", most=max(lately.undecided), now=lately.undecided[-1])
    decided = t("status-decided-says", count=sum(lately.decided), most=max(lately.decided))
    return (_chart("waited", waited, lately.undecided), _chart("decided", decided, lately.decided))


def _chart(name: str, says: str, numbers: Sequence[int]) -> Chart:
    most = max(numbers)
    bars = (Bar(minute * WIDE, round(HIGH * number / most, 1)) for minute, number in enumerate(numbers) if number)
    return Chart(name, says, format_decimal(most, locale=LOCALE), tuple(bars))
