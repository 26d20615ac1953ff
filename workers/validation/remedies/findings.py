"""The findings of a report that a remedy is looked for, and writing it into them."""

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.orm import Session

from models.arrays import among
from models.rescheduling.inputs import Policy
from models.validation.codes import Code
from models.validation.found import Kind
from models.validation.remedies.kinds import Remedy
from models.validation.tables import Change, Finding, Sighting, ValidationReport


def seen(session: Session, report: UUID, codes: Collection[Code], kind: str) -> Sequence[Row[UUID, str]]:
    """The ids and keys of what a report has seen of these codes, by ids, where nothing better is known than a remedy of
    this `kind`: that is looked for anew every time.
    """
    ours = or_(Finding.remedy.is_(None), Finding.remedy["kind"].astext == kind)
    return session.execute(
        select(Finding.id, Finding.key)
        .join(Sighting, Sighting.finding_id == Finding.id)
        .where(Sighting.report_id == report, Sighting.change != Change.GONE, Finding.code.in_(codes), ours)
        .order_by(Finding.id)
    ).all()


def subjects(key: str, kind: Kind) -> Iterator[UUID]:
    """The ids of one kind among the subjects of a finding (`models.validation.found.Found.key`)."""
    for subject in key.split(" ")[1:]:
        what, _, id_ = subject.partition(":")
        if what == kind:
            yield UUID(id_)


def policy_of(session: Session, report: UUID) -> Policy:
    """How appointments may be placed again."""
    return Policy.model_validate(session.scalar(select(ValidationReport.policy).where(ValidationReport.id == report)))


def propose(
    session: Session, findings: Collection[UUID], remedy: Remedy | None, *, unplaced: str | None = None
) -> None:
    """Write a remedy into findings (None: there is none, whatever was written another night).

    `unplaced` is the reason, if one is known.
    """
    facts = Finding.facts.op("-")("unplaced")
    if unplaced:
        facts = facts.op("||")(func.jsonb_build_object("unplaced", unplaced))
    session.execute(
        update(Finding)
        .where(among(Finding.id, findings))
        .values(remedy=remedy.stored if remedy else None, facts=facts)
        .execution_options(synchronize_session=False)
    )
