"""Archiving PostgreSQL's log (its WAL) into a backup folder, file by file as it fills, and reading it back.

Files are compressed: one that is closed because a minute has passed is mostly empty. One that is there already is never
overwritten; it is well if it holds the same.
"""

import json
import shlex
from pathlib import Path

from cli.embedded.running import write_private

SUFFIX = ".gz"

AT_LATEST = 60
"""Seconds after which what was committed is archived: the most that is lost with the disk."""

_FILE = "backup.json"
_ARCHIVE = (
    'if [ -e {to} ]; then gzip -dc {to} | cmp -s - "%p"; '
    'else gzip -1c "%p" > {to}.new && sync {to}.new && mv {to}.new {to} && sync {folder}; fi'
)
_FETCH = '[ -e {of} ] && gzip -dc {of} > "%p"'


def backup_folder(data: Path) -> Path | None:
    """Where the instance of a data folder keeps its backups; None where none was set up."""
    try:
        return Path(json.loads((data / _FILE).read_text(encoding="utf-8"))["folder"])
    except FileNotFoundError:
        return None


def set_backup_folder(data: Path, folder: Path) -> None:
    """Let an instance archive its log into a folder from its next start on."""
    write_private(data / _FILE, json.dumps({"folder": str(folder.absolute())}))


def log_folder(folder: Path) -> Path:
    """Where the archived log is in a backup folder."""
    return folder / "log"


def archive_settings(data: Path) -> dict[str, str]:
    """What a server is told that archives its log; nothing where no backup folder was set up."""
    folder = backup_folder(data)
    if folder is None:
        return {}
    command = _ARCHIVE.format(to=_file_in(folder), folder=_quoted(log_folder(folder)))
    return {"archive_mode": "on", "archive_timeout": str(AT_LATEST), "archive_command": command}


def fetch_command(folder: Path) -> str:
    """PostgreSQL's `restore_command` for a backup folder."""
    return _FETCH.format(of=_file_in(folder))


def _file_in(folder: Path) -> str:
    return f"{_quoted(log_folder(folder))}/%f{SUFFIX}"


def _quoted(path: Path) -> str:
    """A path as the shell takes it, in a setting in which `%` means something."""
    return shlex.quote(str(path)).replace("%", "%%")
