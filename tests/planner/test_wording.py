"""What a conflict says: names instead of ids, the hospital's own clock, and nothing about other patients."""

from planner.plan import ConflictKind
from planner.problem import Priority, Problem
from planner.solve import plan
from planner.wording import Wording
from tests.planner.problems import appointment, at, available, hospital, problem, request

NAMES = {"d1": "Dr. Sousa", "d2": "Dr. Reis", "h1": "Santa Maria", "h2": "Kolkata General"}


def named(given_: Problem):
    return plan(given_, wording=Wording.of(given_, lambda kind, id_: NAMES.get(id_, f"{kind} {id_}")))


def test_sentences_use_names() -> None:
    given_ = problem(
        [available("d1", 9, 11), available("d2", 9, 10, "h2")],
        [request("r1", "p1", 9, 11, doctors=("d1",), hospitals=("h1",))],
        [appointment("a1", "d1", "secret", 9), appointment("a2", "d1", "hidden", 10)],
        [hospital("h1"), hospital("h2", "UTC")],
    )
    (conflict,) = named(given_).conflicts
    assert conflict.message == (
        "Appointments hold every hour in which Dr. Sousa could see the patient "
        "between Tue 1 Dec 2026 09:00 and 11:00 (Europe/Lisbon)."
    )
    assert "secret" not in str(conflict)
    assert "hidden" not in str(conflict)


def test_a_long_list_is_cut_in_the_sentence_and_whole_in_the_facts() -> None:
    wishes = [request(f"r{i}", f"p{i}", 9, 16, priority=Priority.SOON) for i in range(7)]
    given_ = problem([available("d1", 9, 16)], [*wishes, request("loser", "p9", 9, 16)])
    (conflict,) = named(given_).conflicts
    assert conflict.kind == ConflictKind.OUTCOMPETED
    assert len(conflict.facts["winners"]) == 7
    assert "and 4 more" in conflict.message
    assert "request r" in conflict.message


def test_times_are_told_by_the_clock_of_the_hospital_they_are_at() -> None:
    wording = Wording(timezones={"h2": "Asia/Kolkata"})
    assert wording.time(at(4.5), "h2") == "Tue 1 Dec 2026 10:00 (Asia/Kolkata)"
    assert wording.time(at(4.5).isoformat(), "h2") == "Tue 1 Dec 2026 10:00 (Asia/Kolkata)"
    assert wording.time(at(4.5), None) == "Tue 1 Dec 2026 04:30 (UTC+0000)"


def test_lists_read_like_sentences() -> None:
    wording = Wording()
    assert wording.names("doctor", [], "nobody") == "nobody"
    assert wording.names("doctor", ["a"], "nobody") == "a"
    assert wording.names("doctor", ["a", "b", "c"], "nobody") == "a, b and c"
    assert wording.names("doctor", ["a", "b", "c", "d"], "nobody") == "a, b, c and 1 more"
