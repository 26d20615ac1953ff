"""What `verify` says of a plan that is not right."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """Something a plan must not do or say: a stable code, a sentence, and the ids of everything concerned."""

    code: str
    sentence: str
    ids: tuple[str, ...] = ()
