"""Who acts at a terminal, as the audit tells of them: the account that the command runs as."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

from models.access.acting import Actor, ActorKind, acting


def operator() -> Actor:
    """The account of the operating system; as root, whoever became it by sudo is named too."""
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = f"user id {os.geteuid()}"
    behind = os.environ.get("SUDO_USER")
    return Actor(ActorKind.OPERATOR, f"{name}, for {behind}" if behind and os.geteuid() == 0 else name)


@contextmanager
def as_operator() -> Iterator[None]:
    """Let what is done in the block be done by the operator, who reaches everything."""
    with acting(operator()):
        yield
