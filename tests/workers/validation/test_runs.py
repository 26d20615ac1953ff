"""A report is made step by step, by one worker at a time, and whoever goes on with it leaves nothing out."""

import multiprocessing
import signal
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from models.validation import recording
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.jobs import POLICY, queue_report
from models.validation.tables import Change, Finding, ReportStatus, Sighting, ValidationReport
from tests.workers.validation.numbered import NOW, clock, number, numbers, steps, validate_until
from tests.workers.waiting import while_blocked
from workers.validation import run
from workers.validation.claims import ReportLost, claim_report, expire_overdue_reports, hold_report
from workers.validation.run import validate_next
from workers.validation.step import Slice


@pytest.fixture
def ask(engine, chosen):
    """Asks for a report, of one hospital or of everything."""

    def ask_for(hospital=None):
        with Session(engine) as session, session.begin():
            return queue_report(session, hospital, POLICY, NOW)

    return ask_for


@pytest.fixture
def make(ask, chosen):
    """Makes a report with some steps; its id."""

    def make_with(*carried_out, hospital=None, at=NOW):
        report = ask(hospital)
        assert validate_next(chosen, worker="w", clock=lambda: at, steps=carried_out)
        return report

    return make_with


def changes(network, report):
    """What a report tells of each finding, by its number."""
    of = {each.id: int(each.key.rpartition(":")[2]) for each in network.all(Finding)}
    sightings = [each for each in network.all(Sighting) if each.report_id == report]
    return {of[each.finding_id]: each.change for each in sightings}


def test_a_finding_is_new_then_standing_then_gone(network, make):
    first = make(numbers("rows", [1, 2]))
    second = make(numbers("rows", [2, 3]), at=NOW + timedelta(days=1))
    third = make(numbers("rows", []), at=NOW + timedelta(days=2))
    assert changes(network, first) == {1: Change.NEW, 2: Change.NEW}
    assert changes(network, second) == {1: Change.GONE, 2: Change.STANDING, 3: Change.NEW}
    assert changes(network, third) == {2: Change.GONE, 3: Change.GONE}
    seen = {each.key[-1]: (each.first_seen_at, each.last_seen_at, each.gone_at) for each in network.all(Finding)}
    days = [NOW + timedelta(days=day) for day in range(3)]
    assert seen == {"1": (days[0], days[0], days[1]), "2": (*days[:2], days[2]), "3": (days[1], days[1], days[2])}


def test_what_comes_again_is_a_finding_of_its_own(network, make):
    make(numbers("rows", [1]))
    make(numbers("rows", []), at=NOW + timedelta(days=1))
    make(numbers("rows", [1]), at=NOW + timedelta(days=2))
    assert sorted(each.first_seen_at for each in network.all(Finding)) == [NOW, NOW + timedelta(days=2)]


def test_a_report_tells_how_far_it_has_come_and_what_it_did(network, make):
    report = network.get(ValidationReport, make(numbers("a", [1, 2]), numbers("b", [3])))
    assert (report.status, report.done, report.total, report.counts) == ("finished", 3, 3, {"row_breaks_rule": 3})
    assert {name: step["rows"] for name, step in report.steps.items()} == {"a": 2, "b": 1}
    assert (report.step, report.position, report.lease_expires_at) == (None, None, None)


def test_a_check_that_fails_is_told_and_the_others_are_carried_out(network, make):
    make(numbers("fragile", [1]), numbers("sound", [2], code=Code.RULE_MISSING))

    def fail(_value):
        raise ValueError("unknown time zone")

    report = make(
        numbers("fragile", [1], before=fail), numbers("sound", [], code=Code.RULE_MISSING), at=NOW + timedelta(days=1)
    )
    standing = {each.code for each in network.all(Finding) if each.gone_at is None}
    # What was not looked for is not gone; what was, and is not there, is.
    assert standing == {Code.ROW_BREAKS_RULE, Code.CHECK_FAILED}
    assert network.get(ValidationReport, report).status is ReportStatus.FINISHED
    assert all("unknown time zone" not in each.message for each in network.all(Finding))
    make(numbers("fragile", [1]), at=NOW + timedelta(days=2))
    assert [each.code for each in network.all(Finding) if each.gone_at is None] == [Code.ROW_BREAKS_RULE]


def test_of_very_many_findings_all_are_counted_and_the_first_kept(network, make, monkeypatch):
    monkeypatch.setattr(recording, "KEPT", 3)
    report = make(numbers("rows", range(7)))
    assert network.get(ValidationReport, report).counts == {"row_breaks_rule": 7}
    assert changes(network, report).keys() == {0, 1, 2}
    # Others are kept the next time; nobody can tell of the first whether they are gone.
    later = make(numbers("rows", [6, 5, 4, 3]), at=NOW + timedelta(days=1))
    assert changes(network, later) == {6: Change.NEW, 5: Change.NEW, 4: Change.NEW}


def test_a_finding_may_be_about_very_many(network, make):
    def about(*rows):
        return Found(Code.ROW_BREAKS_RULE, tuple(Entity(Kind.ROW, f"table:{row}") for row in rows), "Many rows.")

    found = [about(*range(1000)), about(*range(999)), about(*reversed(range(1000)))]
    step = replace(numbers("rows", [0]), carry_out=lambda _scope, _after: iter([Slice(found)]))
    make(step)
    make(step)
    assert sorted(len(each.entities) for each in network.all(Finding)) == [999, 1000]


def test_a_piece_may_find_more_than_a_statement_takes_parameters(network, make):
    step = numbers("rows", [0])
    piece = Slice([number(value) for value in range(7_000)])
    report = make(replace(step, carry_out=lambda _scope, _after: iter([piece])))
    assert len(changes(network, report)) == 7_000


def test_a_hospitals_report_lets_only_its_own_findings_go(network, make):
    here, there = network.hospital(), network.hospital()

    def of(*hospitals, value):
        return replace(number(value), hospitals=frozenset(hospitals))

    def finding(*found):
        step = numbers("rows", [0])
        return replace(step, carry_out=lambda _scope, _after: iter([Slice(found)]))

    make(finding(of(here, value=1), of(there, value=2), of(here, there, value=3), of(value=4)))
    report = make(finding(), hospital=here, at=NOW + timedelta(days=1))
    assert changes(network, report).keys() == {1, 3, 4}


def test_a_kill_at_any_piece_loses_nothing_and_does_nothing_twice(engine, network, ask, chosen):
    values = range(6)
    context = multiprocessing.get_context("forkserver")
    report = ask()
    for place in values:
        # Every process finds one number and is killed before it finds the next.
        process = context.Process(target=validate_until, args=(values, place))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        made = network.get(ValidationReport, report)
        assert (made.status, made.done) == (ReportStatus.RUNNING, place)
        with Session(engine) as session, session.begin():
            later = NOW + timedelta(seconds=chosen.lease)
            assert expire_overdue_reports(session, now=later, max_attempts=100) == 1
    assert validate_next(chosen, worker="w", clock=clock, steps=steps(values))
    made = network.get(ValidationReport, report)
    assert (made.status, made.done, made.counts) == (ReportStatus.FINISHED, 6, {"row_breaks_rule": 6})
    assert changes(network, report) == dict.fromkeys(values, Change.NEW)


def test_a_report_that_sinks_every_worker_fails_in_the_end(engine, network, ask, chosen):
    report = ask()
    for _ in range(3):
        with Session(engine) as session, session.begin():
            assert claim_report(session, worker="w", now=NOW, until=NOW)
            expire_overdue_reports(session, now=NOW, max_attempts=3)
    made = network.get(ValidationReport, report)
    assert made.status is ReportStatus.FAILED
    assert "3 times" in made.failure


def taken_away(engine, chosen):
    """A step during which the report is taken away and given to another worker."""

    def take(value):
        if value != 1:
            return
        with Session(engine) as session, session.begin():
            later = NOW + timedelta(seconds=2 * chosen.lease)
            assert expire_overdue_reports(session, now=later, max_attempts=9) == 1
            assert claim_report(session, worker="other", now=later, until=later + timedelta(hours=1))

    return numbers("rows", [0, 1, 2], before=take)


def test_who_has_lost_a_report_writes_nothing_more(engine, network, make, chosen):
    report = make(taken_away(engine, chosen))
    made = network.get(ValidationReport, report)
    assert (made.status, made.worker, made.done) == (ReportStatus.RUNNING, "other", 1)
    assert changes(network, report).keys() == {0}


def test_without_the_fencing_token_it_would(engine, network, make, chosen, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(
        run,
        "hold_report",
        lambda session, claim, _now: session.get(ValidationReport, claim.report, with_for_update=True),
    )
    report = make(taken_away(engine, chosen))
    assert changes(network, report).keys() == {0, 1, 2}


def test_two_reports_that_find_the_same_in_another_order_do_not_stop_each_other(engine, network, ask):
    """Whoever comes second waits for the first finding, and holds no other one meanwhile."""
    reports = ask(), ask(network.hospital())

    def write(session, report, values):
        found = [number(value) for value in values]
        recording.record(session, session.get_one(ValidationReport, report), found, NOW)
        session.flush()

    def second():
        with Session(engine) as session, session.begin():
            write(session, reports[1], [2, 1])

    with Session(engine) as session:
        write(session, reports[0], [1])

        def go_on():
            write(session, reports[0], [2])
            session.commit()

        while_blocked(engine, second, go_on)
    assert [changes(network, report).keys() for report in reports] == [{1, 2}, {1, 2}]


def test_two_workers_never_have_one_report(engine, ask):
    ask()
    with Session(engine) as one, Session(engine) as other, one.begin(), other.begin():
        until = NOW + timedelta(minutes=1)
        assert claim_report(one, worker="one", now=NOW, until=until)
        assert claim_report(other, worker="other", now=NOW, until=until) is None


def test_a_report_whose_lease_ran_out_cannot_be_written(engine, ask):
    ask()
    with Session(engine) as session, session.begin():
        claimed = claim_report(session, worker="w", now=NOW, until=NOW)
        with pytest.raises(ReportLost, match="ran out"):
            hold_report(session, claimed, NOW)


def test_who_asks_for_what_is_under_way_is_given_that(network, ask, make):
    hospital = network.hospital()
    first = ask()
    assert ask() == first != ask(hospital)
    assert ask(hospital) == ask(hospital)
    assert make() == first
    assert ask() != first
