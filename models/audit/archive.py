"""An archive of the audit: a folder of parts of the chain, each of which anyone can verify without the database.

A part is three files, called by its first seal:

    seals-000000000001.json             what it holds (`Part`); written last
    seals-000000000001.jsonl.gz         each seal as an object, and after it each of its entries as an array
    seals-000000000001.words.jsonl.gz   what patients were called: an entry holds a digest only

The text of an entry's line, and `text` of a seal's, are what the chain hashes, to the letter. The words are apart so
that a patient can be erased from an archive, too, while its chain holds.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO, Any

FORMAT = "slotwise-audit-1"

ENTRY = (
    *("id", "at", "transaction_id", "database_role", "actor_kind", "actor_id", "actor_name", "action", "kind"),
    *("subjects", "before", "after", "request_id", "address"),
)
"""What the values of an entry's line are; `at` in seconds since 1970."""

_BEFORE, _AFTER = ENTRY.index("before"), ENTRY.index("after")


class NotAnArchive(Exception):  # noqa: N818  # as `Refused`
    """A folder cannot be read as an archive: it says why."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A link of the chain: `text` is what of it is hashed, `entries` how many follow it. Hashes are hexadecimal."""

    seal: int
    text: str
    previous: str
    hash: str
    entries: int


@dataclass(frozen=True, slots=True)
class Words:
    """What a patient was called before and after a change: texts of JSON, since the digest is of their letters."""

    entry: int
    patient: str
    salt: str
    before: str | None
    after: str | None

    def digests(self) -> tuple[str | None, str | None]:
        """The digests that the entry should have."""
        return self._digest(self.before), self._digest(self.after)

    def _digest(self, words: str | None) -> str | None:
        return None if words is None else hashlib.sha256((self.salt + words).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Part:
    """The seals from `first` to `last`, and all of their `entries`.

    `previous` is the hash of the seal before, `head` that of the last one; `since` and `until` are when the first and
    the last were made; `sha256` is of the file of seals.
    """

    folder: Path
    first: int
    last: int
    previous: str
    head: str
    entries: int
    since: str
    until: str
    sha256: str

    @property
    def seals(self) -> Path:
        """The file of seals and entries."""
        return seals_file(self.folder, self.first)

    @property
    def words(self) -> Path:
        """The file of what patients were called."""
        return words_file(self.folder, self.first)


@dataclass
class VerifiedArchive:
    """What came of it: the `heads` of the parts, by the number of their last seals, how many entries they have, and
    whether the chain goes through the hash that was asked for. `faults` are sentences.
    """

    heads: Mapping[int, str]
    entries: int = 0
    passed_head: bool = False
    faults: list[str] = field(default_factory=list)


def seals_file(folder: Path, first: int) -> Path:
    """Where the part that begins with a seal has its entries."""
    return folder / f"seals-{first:012}.jsonl.gz"


def words_file(folder: Path, first: int) -> Path:
    """Where it has what patients were called."""
    return folder / f"seals-{first:012}.words.jsonl.gz"


def parts_of(folder: Path) -> list[Part]:
    """The parts that a folder has, in order.

    Raises
    ------
    NotAnArchive
        where what says what a part holds cannot be read.

    """
    return [_read_part(each) for each in sorted(folder.glob("seals-*.json"))]


def _read_part(manifest: Path) -> Part:
    try:
        kept = json.loads(manifest.read_text(encoding="utf-8"))
        if kept["format"] != FORMAT:
            raise NotAnArchive(f"{manifest} is of the format {kept['format']}, and this version reads {FORMAT}.")
        return Part(manifest.parent, **{each.name: kept[each.name] for each in fields(Part) if each.name != "folder"})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotAnArchive(f"{manifest} cannot be read ({error}); restore it from a copy of the archive.") from error


def write_part(part: Part) -> None:
    """Say what a part holds, whose files are there: from now on the folder has it."""
    kept = {"format": FORMAT, "entry": ENTRY} | asdict(part)
    del kept["folder"]
    with _replacing(part.folder / f"seals-{part.first:012}.json") as stream:
        stream.write((json.dumps(kept, indent=2) + "\n").encode())


def write_lines(file: Path, lines: Iterable[str]) -> str:
    """Write a compressed file of lines that only we can read, whole or not at all. Returns its SHA-256."""
    with _replacing(file) as stream, gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0) as packed:
        for line in lines:
            packed.write(line.encode() + b"\n")
    return sha256_of(file)


def sha256_of(file: Path) -> str:
    """The digest of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def as_line(made: Seal | Words) -> str:
    """A seal, or words, as a line of their file."""
    return json.dumps(asdict(made), ensure_ascii=False)


def read_words(part: Part) -> Iterator[Words]:
    """What a part has of what patients were called."""
    for line in _lines(part.words):
        yield Words(**json.loads(line))


def verify_part(part: Part) -> Iterator[str]:
    """Compute the chain of a part anew, out of its files alone: a sentence for everything that is not as written."""
    name, faults = part.seals.name, []
    try:
        if sha256_of(part.seals) != part.sha256:
            faults.append(f"{name} is not the file that was written.")
        chain = _Chain(part)
        for line in _lines(part.seals):
            faults += chain.read(line)
        faults += chain.end()
        other = sorted(each.entry for each in read_words(part) if each.digests() != chain.words.get(each.entry))
        if other:
            faults.append(f"What patients were called was changed in {part.words.name}: entries {_told(other)}.")
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        faults.append(f"{name} or {part.words.name} cannot be read: {error}")
    yield from faults


def verify_archive(
    parts: Sequence[Part], head: str | None = None, progress: Callable[[int], object] = lambda _: None
) -> VerifiedArchive:
    """Verify parts, in order, and that each follows from the one before.

    `head`: a hash, in hexadecimal, that was the chain's head once; `progress` is told how many entries are done.
    """
    found = VerifiedArchive({each.last: each.head for each in parts})
    for before, part in zip([None, *parts], parts, strict=False):
        if before and (part.first, part.previous) != (before.last + 1, before.head):
            found.faults.append(f"{part.seals} does not follow from {before.seals}.")
        found.faults += verify_part(part)
        found.entries += part.entries
        found.passed_head = found.passed_head or _has_seal(part, head)
        progress(found.entries)
    return found


def _has_seal(part: Part, head: str | None) -> bool:
    """Whether a hash is one of a part's seals', as far as that can be read."""
    try:
        return head is not None and any(
            line.startswith("{") and json.loads(line)["hash"] == head for line in _lines(part.seals)
        )
    except (OSError, EOFError, ValueError, KeyError):
        return False


class _Chain:
    """The chain of one part as far as it has been read. `words` has the digests that entries hold."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._head, self._number, self._entries = part.previous, part.first - 1, 0
        self._seal: Seal | None = None
        self._left = 0
        self.words: dict[int, tuple[str | None, str | None]] = {}

    def read(self, line: str) -> Iterator[str]:
        """Take in a line; a sentence where the seal that it ends is not as it should be."""
        if line.startswith("{"):
            yield from self._close()
            seal = Seal(**json.loads(line))
            if (seal.seal, seal.previous) != (self._number + 1, self._head):
                yield f"Seal {seal.seal} of {self._part.seals.name} does not follow from the one before."
            self._seal, self._left, self._number = seal, seal.entries, seal.seal
            self._hash = hashlib.sha256(bytes.fromhex(seal.previous) + seal.text.encode())
        else:
            self._hash.update(hashlib.sha256(line.encode()).digest())
            self._left -= 1
            self._entries += 1
            self._note_words(json.loads(line))

    def end(self) -> Iterator[str]:
        """The last line has been read."""
        yield from self._close()
        if (self._number, self._head, self._entries) != (self._part.last, self._part.head, self._part.entries):
            yield (
                f"{self._part.seals.name} ends with seal {self._number} after {self._entries} entries, and should with"
                f" seal {self._part.last} after {self._part.entries}, under the hash {self._part.head}."
            )

    def _close(self) -> Iterator[str]:
        if self._seal is None:
            return
        if self._left or self._hash.hexdigest() != self._seal.hash:
            yield (
                f"Seal {self._seal.seal} of {self._part.seals.name}: one of its entries, or the seal itself, was"
                " changed."
            )
        self._head = self._seal.hash

    def _note_words(self, entry: list[Any]) -> None:  # Any: JSON values
        before, after = ((entry[side] or {}).get("words") for side in (_BEFORE, _AFTER))
        if before or after:
            self.words[entry[0]] = before, after


def _lines(file: Path) -> Iterator[str]:
    with gzip.open(file, "rt", encoding="utf-8", newline="\n") as stream:
        for line in stream:
            yield line.removesuffix("\n")


def _told(ids: list[int]) -> str:
    shown = ", ".join(map(str, ids[:20]))
    return f"{shown} and more" if len(ids) > 20 else shown


@contextmanager
def _replacing(file: Path) -> Iterator[IO[bytes]]:
    """A file that is there whole, and on the disk, once the block is left; before, and if it fails, what was."""
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
