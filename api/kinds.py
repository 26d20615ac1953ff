"""What is said of a kind of problem."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem. `about` is for whoever meets it for the first time."""

    title: str
    about: str
