"""What workers say of themselves when they are asked by Redis (`workers.about`)."""

from collections.abc import Iterable, Mapping
from typing import Any

from models.settings import Settings

ABOUT = "slotwise_about"
"""The name of the question."""

_COMPARED = ("max_queued", "queue_age_alarm", "sweep_every", "opening_horizon_days")
"""The settings that alarms compare with."""

Replies = Iterable[Mapping[str, Mapping[str, Any]]]  # Any: JSON
"""As Celery gives them, each by the name of its worker."""


def compared(chosen: Settings) -> dict[str, float]:
    """The settings that alarms compare with, by their names, for a worker to tell."""
    return {name: getattr(chosen, name) for name in _COMPARED}


def as_told(chosen: Settings, replies: Replies) -> Settings | None:
    """Our own settings, but what alarms compare with as a worker has it: whoever looks may have been started with
    others than what runs. None: no worker tells.
    """
    told = [about["compared"] for each in replies for _, about in sorted(each.items()) if "compared" in about]
    return chosen.model_copy(update={name: told[0][name] for name in _COMPARED}) if told else None


def silence(replies: Replies) -> float | None:
    """For how many seconds no worker has been rung for by beat; None where none can say."""
    said = (reply.get("silent") for each in replies for reply in each.values())
    return min((float(seconds) for seconds in said if seconds is not None), default=None)
