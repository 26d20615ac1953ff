"""Passwords are kept as slow hashes, and refused where they are easy to guess."""

import statistics
import time

import pytest

from models.access import passwords
from models.access.passwords import Weakness, hashed, is_outdated, is_password, weakness

ABOUT = ["Ana Marcondes", "a.marcondes", "ana.marcondes@example.org"]
GOOD = "seven green umbrellas"


def test_a_password_is_known_by_its_hash_alone():
    stored = hashed(GOOD)
    assert stored.startswith("$argon2id$")
    assert GOOD not in stored
    assert is_password(stored, GOOD)
    assert not is_password(stored, GOOD + "!")
    assert not is_password(stored, GOOD.upper())


def test_the_same_password_has_another_hash_each_time():
    assert hashed(GOOD) != hashed(GOOD)


def test_a_hash_costs_what_is_advised():
    """RFC 9106, the second recommended option: 64 MiB, three passes."""
    assert "m=65536,t=3,p=4" in hashed(GOOD)
    assert not is_outdated(hashed(GOOD))
    assert is_outdated("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$gFPNnhlPvX7zDg1c7aPUnQ")


def test_the_same_letters_are_the_same_password_on_every_keyboard():
    """An accent may come as a letter of its own, and copying brings spaces along."""
    stored = hashed("trezentos cafés à beira-mar")
    assert is_password(stored, " trezentos cafe\u0301s a\u0300 beira-mar\n")


@pytest.mark.parametrize("typed", ["", GOOD, "x" * 100_000, "\ud800", "\0"])
def test_nobodys_password_is_nothing_that_can_be_typed(typed):
    assert not is_password(None, typed)


def test_what_is_no_hash_at_all_is_nobodys_password():
    assert not is_password("not a hash", GOOD)


def test_a_password_that_is_too_long_is_none_even_if_it_begins_right():
    long = "ab cd ef " * 30
    assert not is_password(hashed(long[: passwords.LONGEST]), long)


def test_an_unknown_name_takes_as_long_as_a_wrong_password():
    """The hash of nobody has the parameters of everybody's; their times are not told apart by much."""
    assert (
        passwords._NOBODYS.rpartition("$")[0].rpartition("$")[0] == hashed(GOOD).rpartition("$")[0].rpartition("$")[0]
    )

    def seconds(stored: str | None) -> float:
        began = time.perf_counter()
        is_password(stored, "wrong")
        return time.perf_counter() - began

    stored = hashed(GOOD)
    known, unknown = zip(*((seconds(stored), seconds(None)) for _ in range(9)), strict=True)
    assert 0.4 < statistics.median(known) / statistics.median(unknown) < 2.5


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", Weakness.SHORT),
        ("green umbr.", Weakness.SHORT),
        ("  spaces  do not count ".strip()[:11] + "     ", Weakness.SHORT),
        ("ab" + "xyzw qrst " * 20, Weakness.LONG),
        ("123456789012", Weakness.COMMON),
        ("qwertyuiopasdf", Weakness.COMMON),
        ("liverpool1234", Weakness.COMMON),
        ("passwordpassword", Weakness.REPEATED),
        ("aaaaaaaaaaaaaaa", Weakness.REPEATED),
        ("abcdefghijklmnop", Weakness.SEQUENCE),
        ("ana.marcondes1", Weakness.PERSONAL),
        ("marcondes2027!", Weakness.PERSONAL),
        ("Slotwise-slotwise", Weakness.PERSONAL),
        ("slotwiseslot", Weakness.PERSONAL),
        ("1q2w3e4r5t6y", Weakness.COMMON),
        ("dfghjkl;lkjhgfd", Weakness.KEYBOARD),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused_with_the_reason(password, why):
    assert weakness(password, ABOUT) is why


@pytest.mark.parametrize(
    "password", [GOOD, "Tr0ub4dour&3xyz", "trezentos cafés à beira-mar", "早上七把绿伞在海边跳舞呀", "k7q2 m9xp t3rd"]
)
def test_a_password_that_is_hard_to_guess_will_do(password):
    assert weakness(password, ABOUT) is None


def test_what_is_known_of_one_person_is_not_held_against_another():
    assert weakness("marcondesian tide", ABOUT) is None or weakness("marcondesian tide", []) is None
    weakness("anything at all", ["seven green umbrellas"])
    assert weakness(GOOD, ABOUT) is None
    assert weakness(GOOD, [GOOD]) is Weakness.PERSONAL
