"""Writing down what a validation finds: what is new, what stands since another night, what is gone."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, any_, func, literal, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.validation.codes import Code
from models.validation.found import Found
from models.validation.tables import Change, Finding, Sighting, ValidationReport

KEPT = 10_000
"""Of more findings of one code in one report only the first are kept; all are counted."""

AT_ONCE = 1_000
"""How many findings one statement writes; it takes 65,535 parameters at most."""


def record(session: Session, report: ValidationReport, found: Sequence[Found], now: dt.datetime) -> None:
    """Write what was found into a report, whose row is locked. To record the same again changes nothing but counts."""
    counts = Counter(report.counts)
    kept: dict[str, Found] = {}
    for each in found:
        counts[each.code] += 1
        if counts[each.code] <= KEPT:
            kept[each.key] = each
    report.counts = dict(counts)
    # In one order, so that of two reports that write the same findings one waits for the other.
    rows = [kept[key] for key in sorted(kept)]
    for begin in range(0, len(rows), AT_ONCE):
        _write(session, report, rows[begin : begin + AT_ONCE], now)


def _write(session: Session, report: ValidationReport, found: Sequence[Found], now: dt.datetime) -> None:
    written = insert(Finding).values([_row(each, now) for each in found])
    new = written.excluded
    sighted: Sequence[Row[UUID, bool]] = session.execute(
        written.on_conflict_do_update(
            index_elements=[Finding.key],
            index_where=Finding.gone_at.is_(None),
            set_={
                "severity": new.severity,
                "hospitals": new.hospitals,
                "entities": new.entities,
                "message": new.message,
                "facts": new.facts,
                "remedy": new.remedy,
                "last_seen_at": func.greatest(Finding.last_seen_at, new.last_seen_at),
            },
        ).returning(Finding.id, literal_column("xmax = 0").label("inserted"))
    ).all()
    rows = [
        {"report_id": report.id, "finding_id": row.id, "change": Change.NEW if row.inserted else Change.STANDING}
        for row in sighted
    ]
    session.execute(insert(Sighting).values(rows).on_conflict_do_nothing())


def let_go(session: Session, report: ValidationReport, now: dt.datetime) -> None:
    """Let what a finished report should have seen and has not be gone.

    Nothing is gone of which a check failed, or of which there were too many to keep them all; nor what another report
    has seen since this one began.
    """
    unsure = set(report.unchecked) | {code for code, count in report.counts.items() if count > KEPT}
    seen = select(Sighting.finding_id).where(Sighting.report_id == report.id)
    unseen = [
        Finding.gone_at.is_(None),
        Finding.id.not_in(seen),
        Finding.code.not_in([Code(each) for each in unsure]),
        Finding.last_seen_at < report.started_at,
    ]
    if report.hospital_id:
        unseen.append((Finding.hospitals == []) | (literal(report.hospital_id) == any_(Finding.hospitals)))
    # Locked in the order of `record`.
    held = select(Finding.id).where(*unseen).order_by(Finding.key.collate("C")).with_for_update().cte("held")
    let = update(Finding).where(Finding.id.in_(select(held.c.id))).values(gone_at=now)
    gone = let.returning(Finding.id).cte("gone")
    told = select(literal(report.id), gone.c.id, literal(Change.GONE, Sighting.change.type))
    session.execute(insert(Sighting).from_select(["report_id", "finding_id", "change"], told))


def _row(found: Found, now: dt.datetime) -> dict[str, object]:
    return {
        "key": found.key,
        "code": found.code,
        "severity": found.code.severity,
        "hospitals": sorted(found.hospitals),
        "entities": [each.json for each in (*found.subject, *found.besides)],
        "message": found.message,
        "facts": dict(found.facts),
        "remedy": found.remedy,
        "first_seen_at": now,
        "last_seen_at": now,
    }
