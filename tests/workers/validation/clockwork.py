"""Time-zone databases that can be swapped: Python's in this process, and that of a PostgreSQL of our own."""

import shutil
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

from cli.embedded import EmbeddedServices
from cli.embedded.binaries import POSTGRESQL
from cli.embedded.folder import temporary_data_folder
from models.session import engine
from tests.workers.validation.tzif import shifted_from


@dataclass
class Databases:
    """The time-zone databases of this process and of a PostgreSQL, whose files lie in every one of `folders`."""

    python: Path
    folders: list[Path]
    swapped: list[str] = field(default_factory=list)

    def swap(
        self, timezone: str, since: datetime, offset: timedelta, *, python: bool = True, postgresql: bool = True
    ) -> None:
        """Have a zone's clock be `offset` ahead of UTC for good from an instant on, for whoever looks from now on."""
        file = shifted_from(timezone, since, offset)
        if python:
            own = self.python / timezone
            own.parent.mkdir(parents=True, exist_ok=True)
            own.write_bytes(file)
            _look_again(self.python)
        if postgresql:
            self.swapped.append(timezone)
            for folder in self.folders:
                shutil.copy2(folder / timezone, self._whole(folder, timezone))
                (folder / timezone).write_bytes(file)
            engine().dispose()  # a session reads a zone once

    def restore(self) -> None:
        """Have them as they were."""
        shutil.rmtree(self.python, ignore_errors=True)
        zoneinfo.reset_tzpath()
        zoneinfo.ZoneInfo.clear_cache()
        for timezone in reversed(self.swapped):
            for folder in self.folders:
                shutil.copy2(self._whole(folder, timezone), folder / timezone)
        self.swapped.clear()

    def _whole(self, folder: Path, timezone: str) -> Path:
        return folder / f"{timezone.replace('/', '-')}.{self.swapped.index(timezone)}"


def _look_again(python: Path) -> None:
    zoneinfo.reset_tzpath([str(python), *(each for each in zoneinfo.TZPATH if each != str(python))])
    zoneinfo.ZoneInfo.clear_cache()


@contextmanager
def services_of_our_own() -> Iterator[tuple[EmbeddedServices, list[Path]]]:
    """Services out of a copy of their wheel, and the folders of the time zones of that PostgreSQL."""
    found = find_spec(POSTGRESQL.package)
    assert found
    assert found.origin
    package = Path(found.origin).parent
    with temporary_data_folder() as folder, pytest.MonkeyPatch.context() as patched:
        wheel, data = folder / "wheel", folder / "data"
        for each in (package, package.with_name(f"{package.name}.libs")):
            if each.is_dir():
                shutil.copytree(each, wheel / each.name, symlinks=True)
        patched.syspath_prepend(str(wheel))
        with EmbeddedServices(data, environ={}, durable=False) as services:
            yield services, [each for each in folder.rglob("share/timezone") if each.is_dir()]
