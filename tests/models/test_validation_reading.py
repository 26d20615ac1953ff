"""Reading what validations found."""

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from models.faults import Refused
from models.validation.codes import Code, Severity
from models.validation.found import Entity, Found, Kind
from models.validation.jobs import POLICY
from models.validation.reading import (
    RANK,
    Tally,
    Wanted,
    fragility_of,
    hour_values_of,
    last_finished,
    select_findings,
    select_reports,
    select_sighted,
    tally_reports,
    tally_standing,
    the_finding,
    the_report,
)
from models.validation.recording import KEPT, let_go, record
from models.validation.tables import Change, Finding, Fragility, HourValue, ReportStatus, ValidationReport
from planner.problem import Priority
from tests.models.network import NOW, Network

HOUR = dt.timedelta(hours=1)
NIGHT = NOW.date()


def a_report(
    session: Session, at: dt.datetime = NOW, hospital: uuid.UUID | None = None, *found: Found
) -> ValidationReport:
    """A report that began at an instant, found something and is finished."""
    report = ValidationReport(
        hospital_id=hospital, policy=POLICY.model_dump(mode="json"), started_at=at, counts={}, unchecked=[]
    )
    session.add(report)
    session.flush()
    record(session, report, found, at)
    let_go(session, report, at)
    report.status, report.finished_at = ReportStatus.FINISHED, at
    session.flush()
    return report


def found(code: Code, name: str, *hospitals: uuid.UUID) -> Found:
    return Found(code, (Entity(Kind.APPOINTMENT, name),), f"{name} is wrong.", frozenset(hospitals))


def acknowledge(session: Session, name: str, until: dt.datetime) -> None:
    finding = session.scalars(select_findings(Wanted(), NOW).where(Finding.message == f"{name} is wrong.")).one()
    finding.acknowledged_until, finding.acknowledged_because = until, "We know"
    session.flush()


def messages(session: Session, **asked: object) -> list[str]:
    rows = session.scalars(select_findings(Wanted(**asked), NOW))  # type: ignore[arg-type]  # what each test asks for
    return [row.message.removesuffix(" is wrong.") for row in rows]


def test_the_worst_findings_come_first_and_of_those_the_oldest(session: Session, network: Network) -> None:
    old = (
        found(Code.CONFLICT_BOOKABLE, "notice"),
        found(Code.DOCTOR_DEPARTED, "warning"),
        found(Code.OFF_THE_HOUR, "error"),
    )
    a_report(session, NOW, None, *old)
    a_report(session, NOW + HOUR, None, found(Code.HOUR_SHIFTED, "younger error"), *old)
    assert messages(session) == ["error", "younger error", "warning", "notice"]


def test_a_list_goes_on_after_any_of_its_findings(session: Session, network: Network) -> None:
    codes = (Code.OFF_THE_HOUR, Code.DOCTOR_DEPARTED, Code.CONFLICT_BOOKABLE)
    a_report(session, NOW, None, *(found(code, f"{code} {number}") for code in codes for number in range(3)))
    rows = session.scalars(select_findings(Wanted(), NOW)).all()
    for place, row in enumerate(rows):
        rest = session.scalars(select_findings(Wanted(after=(RANK[row.severity], row.id)), NOW)).all()
        assert rest == rows[place + 1 :]


def test_findings_are_those_of_a_hospital_and_those_that_concern_all(session: Session, network: Network) -> None:
    lisbon, delhi = network.lisbon, network.delhi
    a_report(
        session,
        NOW,
        None,
        found(Code.OFF_THE_HOUR, "here", lisbon),
        found(Code.OFF_THE_HOUR, "there", delhi),
        found(Code.OFF_THE_HOUR, "both", lisbon, delhi),
        found(Code.RULE_MISSING, "all"),
    )
    assert messages(session, hospital=lisbon) == ["both", "here", "all"]
    assert tally_standing(session, NOW, lisbon).codes == {Code.OFF_THE_HOUR: 2, Code.RULE_MISSING: 1}
    assert tally_standing(session, NOW).total == 4


def test_findings_are_narrowed_by_severity_code_and_acknowledgement(session: Session, network: Network) -> None:
    a_report(
        session,
        NOW,
        None,
        found(Code.OFF_THE_HOUR, "error"),
        found(Code.HOUR_SHIFTED, "known"),
        found(Code.DOCTOR_DEPARTED, "warning"),
    )
    acknowledge(session, "known", NOW + HOUR)
    assert messages(session, severities=[Severity.ERROR]) == ["known", "error"]
    assert messages(session, codes=[Code.HOUR_SHIFTED, Code.DOCTOR_DEPARTED]) == ["known", "warning"]
    assert messages(session, acknowledged=True) == ["known"]
    assert messages(session, acknowledged=False) == ["error", "warning"]


def test_what_is_acknowledged_does_not_count_until_that_ends(session: Session, network: Network) -> None:
    report = a_report(session, NOW, None, found(Code.OFF_THE_HOUR, "known"), found(Code.DOCTOR_DEPARTED, "warning"))
    acknowledge(session, "known", NOW + HOUR)
    for at, acknowledged, worst in ((NOW, 1, Severity.WARNING), (NOW + HOUR, 0, Severity.ERROR)):
        standing = tally_standing(session, at)
        assert (standing.acknowledged, standing.worst, standing.total) == (acknowledged, worst, 2)
        assert tally_reports(session, [report], at)[report.id].seen == standing
    acknowledge(session, "warning", NOW + HOUR)
    assert tally_standing(session, NOW).worst is None


def test_a_report_tells_what_is_new_what_stands_and_what_is_gone(session: Session, network: Network) -> None:
    first = a_report(session, NOW, None, found(Code.OFF_THE_HOUR, "stays"), found(Code.OFF_THE_HOUR, "goes"))
    second = a_report(
        session, NOW + HOUR, None, found(Code.OFF_THE_HOUR, "stays"), found(Code.DOCTOR_DEPARTED, "comes")
    )
    tallies = tally_reports(session, [first, second], NOW)
    assert tallies[first.id].changes == {Change.NEW: 2, Change.STANDING: 0, Change.GONE: 0}
    assert tallies[second.id].changes == {Change.NEW: 1, Change.STANDING: 1, Change.GONE: 1}
    assert tallies[second.id].seen.severities == {Severity.ERROR: 1, Severity.WARNING: 1, Severity.NOTICE: 0}
    sighted = session.execute(select_sighted(second.id, Wanted(), NOW)).all()
    assert [(row.Finding.message, row.change) for row in sighted] == [
        ("goes is wrong.", Change.GONE),
        ("stays is wrong.", Change.STANDING),
        ("comes is wrong.", Change.NEW),
    ]
    gone = session.execute(select_sighted(second.id, Wanted(), NOW, [Change.GONE])).all()
    assert [row.Finding.message for row in gone] == ["goes is wrong."]
    assert messages(session) == ["stays", "comes"]


def test_what_was_found_and_not_kept_counts_all_the_same(session: Session, network: Network) -> None:
    report = a_report(session, NOW, None, found(Code.DOCTOR_DEPARTED, "warning"))
    report.counts = {Code.DOCTOR_DEPARTED: 1, Code.OFF_THE_HOUR: KEPT + 7}
    tally = tally_reports(session, [report], NOW)[report.id]
    assert tally.seen == Tally({Code.OFF_THE_HOUR: 7, Code.DOCTOR_DEPARTED: 1}, worst=Severity.ERROR)


def test_a_report_that_found_nothing_has_a_tally_of_nothing(session: Session, network: Network) -> None:
    report = a_report(session)
    tally = tally_reports(session, [report], NOW)[report.id]
    assert (tally.seen, set(tally.changes.values())) == (Tally(), {0})


def test_the_last_report_of_a_hospital_may_be_one_of_everything(session: Session, network: Network) -> None:
    ours = a_report(session, NOW, network.lisbon)
    theirs = a_report(session, NOW + HOUR, network.delhi)
    assert last_finished(session, network.lisbon) == ours
    assert last_finished(session) == theirs
    whole = a_report(session, NOW + 2 * HOUR)
    assert last_finished(session, network.lisbon) == whole
    whole.status, whole.finished_at = ReportStatus.QUEUED, None
    session.flush()
    assert last_finished(session, network.lisbon) == ours


def test_reports_are_narrowed_by_hospital_status_and_night(session: Session, network: Network) -> None:
    asked = a_report(session, NOW, network.lisbon)
    nightly = a_report(session, NOW, network.lisbon)
    nightly.night = NIGHT
    queued = ValidationReport(policy={}, hospital_id=None)
    session.add(queued)
    session.flush()

    def chosen(**narrowing: object) -> list[ValidationReport]:
        return list(session.scalars(select_reports(**narrowing)))  # type: ignore[arg-type]

    assert chosen() == [queued, nightly, asked]
    assert chosen(hospital=network.lisbon) == [nightly, asked]
    assert chosen(hospital=network.delhi) == []
    assert chosen(statuses=[ReportStatus.QUEUED]) == [queued]
    assert chosen(nightly=True) == chosen(night=NIGHT) == [nightly]
    assert chosen(nightly=False) == [queued, asked]
    assert chosen(night=NIGHT + dt.timedelta(days=1)) == []


def test_days_that_would_strand_the_most_come_first(session: Session, network: Network) -> None:
    report = a_report(session)
    for day, hospital, appointments, stranded in ((1, network.lisbon, 9, 1), (2, network.delhi, 3, 3)):
        session.add(
            Fragility(
                report_id=report.id,
                hospital_id=hospital,
                date=NIGHT + dt.timedelta(days=day),
                appointments=appointments,
                replaceable=appointments - stranded,
                stranded=[uuid.uuid4() for _ in range(stranded)],
                proved=True,
            )
        )
    session.flush()
    assert [row.appointments for row in fragility_of(session, report.id)] == [3, 9]
    assert [row.appointments for row in fragility_of(session, report.id, network.lisbon)] == [9]
    assert [row.appointments for row in fragility_of(session, report.id, after=1, limit=1)] == [9]


def test_hours_that_book_the_most_important_come_first(session: Session, network: Network) -> None:
    report = a_report(session)
    worth = ((0, None, 9), (1, Priority.ROUTINE, 9), (1, Priority.URGENT, 1), (1, Priority.URGENT, 5))
    for day, (books, priority, waiting) in enumerate(worth):
        session.add(
            HourValue(
                report_id=report.id,
                hospital_id=network.lisbon,
                specialty="cardiology",
                date=NIGHT + dt.timedelta(days=day),
                waiting=waiting,
                books=books,
                priority=priority,
                proved=True,
            )
        )
    session.flush()
    rows = hour_values_of(session, report.id)
    assert [(row.books, row.priority, row.waiting) for row in rows] == [
        (1, Priority.URGENT, 5),
        (1, Priority.URGENT, 1),
        (1, Priority.ROUTINE, 9),
        (0, None, 9),
    ]
    assert hour_values_of(session, report.id, network.delhi) == []
    assert hour_values_of(session, report.id, after=3, limit=5) == rows[3:]


@pytest.mark.parametrize("read", [the_finding, the_report])
def test_what_does_not_exist_is_refused(session: Session, read: Callable[[Session, uuid.UUID], object]) -> None:
    with pytest.raises(Refused, match=r"There is no (finding|validation report) "):
        read(session, uuid.uuid4())
