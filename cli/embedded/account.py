"""The account that the services run as. PostgreSQL refuses to run as root, so root hands its work to `nobody`.

`nobody` is the one unprivileged account that every Unix has, and `initdb` needs an account with a name. No account is
added and no folder is opened for it: what it must reach is put where it can reach it.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

_UNPRIVILEGED = "nobody"


class PopenIdentity(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that change the account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        return self.uid == os.geteuid()

    @property
    def popen(self) -> PopenIdentity:
        """What makes `subprocess.Popen` run as this account: nothing where it is ours already."""
        return {} if self.is_ours else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file or folder to this account."""
        if not self.is_ours:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """Whether this account can go into an existing folder through all of its parents."""
        probe = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)]
        return subprocess.run(probe, check=False, cwd="/", **self.popen).returncode == 0

    def can_run(self, argv: list[str]) -> bool:
        """Whether this account can run a short command, say `initdb --version`, to a good end."""
        try:
            return subprocess.run(argv, check=False, cwd="/", capture_output=True, **self.popen).returncode == 0
        except OSError:
            return False


def service_account() -> Account:
    """The account for the services: ours, or `nobody` where we are root."""
    if os.geteuid() == 0:
        entry = pwd.getpwnam(_UNPRIVILEGED)
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = str(os.geteuid())
    return Account(name, os.geteuid(), os.getegid())
