"""Passwords: hashed as OWASP and RFC 9106 advise (argon2id), and refused where they are easy to guess.

Source of the rules: NIST SP 800-63B, Memorized Secrets: long, no composition rules, none that is known to be common,
none about the person or the service; all letters of Unicode, spaces among them.
"""

import re
import threading
import unicodedata
from collections.abc import Collection, Iterable
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

SHORTEST = 12
LONGEST = 200
"""Letters of a password."""

_ENOUGH = 3
"""Of zxcvbn's scores, 0 to 4: safely unguessable even by who has stolen a slow hash."""

_JUDGED = 72
"""Letters that are judged: more take long to judge, and make nothing easier to guess."""

_AT_ONCE = 4
"""Hashes that are made at once; each takes 64 MiB."""

_hasher = PasswordHasher()
_hashing = threading.BoundedSemaphore(_AT_ONCE)
_judging = threading.Lock()  # zxcvbn keeps what it is told of the person where every thread sees it


class Weakness(StrEnum):
    """Why a password will not do."""

    SHORT = "short"
    LONG = "long"
    COMMON = "common"  # among those that leaked, or nearly
    PERSONAL = "personal"  # made of the person's name, e-mail or id, or of this software's name
    REPEATED = "repeated"  # letters or words over and over
    SEQUENCE = "sequence"  # abcdef, 2468
    KEYBOARD = "keyboard"  # keys in a row
    EASY = "easy"  # for any other reason


_OF_PATTERN = {
    "repeat": Weakness.REPEATED,
    "sequence": Weakness.SEQUENCE,
    "spatial": Weakness.KEYBOARD,
}


def hashed(password: str) -> str:
    """What is stored of a password: argon2id with its parameters and a salt of its own. Takes a tenth of a second."""
    with _hashing:
        return _hasher.hash(_as_bytes(_normal(password)))


def is_password(stored: str | None, typed: str) -> bool:
    """Whether what was typed is the password of which `stored` is the hash. None, nobody's hash: False, as slowly."""
    typed = _normal(typed)
    with _hashing:
        try:
            _hasher.verify(stored or _NOBODYS, _as_bytes(typed[:LONGEST]))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None and len(typed) <= LONGEST


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with parameters that are not today's."""
    return _hasher.check_needs_rehash(stored)


def weakness(password: str, about: Collection[str]) -> Weakness | None:
    """Why a password will not do; None: it does. `about`: names, e-mail and ids of whose it is to be."""
    password = _normal(password)
    if len(password) < SHORTEST:
        return Weakness.SHORT
    if len(password) > LONGEST:
        return Weakness.LONG
    known = ["slotwise", *about, *(word for each in about for word in re.findall(r"\w{3,}", each))]
    if len(_without(password, known)) < SHORTEST / 2:
        return Weakness.PERSONAL
    with _judging:
        judged = zxcvbn(password[:_JUDGED], user_inputs=known)
    if judged["score"] >= _ENOUGH:
        return None
    # The part that is guessed most easily, of those that cover the most letters.
    worst = max(judged["sequence"], key=lambda part: len(part["token"]))
    if worst["pattern"] != "dictionary":
        return _OF_PATTERN.get(worst["pattern"], Weakness.EASY)
    return {"passwords": Weakness.COMMON, "user_inputs": Weakness.PERSONAL}.get(worst["dictionary_name"], Weakness.EASY)


def _without(password: str, words: Iterable[str]) -> str:
    """What is left of a password without some words, in any case."""
    left = password.casefold()
    for word in sorted(filter(None, words), key=len, reverse=True):
        left = left.replace(word.casefold(), "")
    return left


def _normal(password: str) -> str:
    """The same letters however a keyboard composes them, without spaces around them, which copying brings along."""
    return unicodedata.normalize("NFKC", password.strip())


def _as_bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


_NOBODYS = _hasher.hash("nobody has this password")
"""What is verified where there is no hash, so that it takes as long."""
