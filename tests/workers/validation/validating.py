"""Making validation reports in the tests of what they find and of what mends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models.settings import Settings
from models.validation.found import Entity, Kind
from models.validation.jobs import POLICY, queue_report
from models.validation.remedies import Applied, apply_remedy
from models.validation.tables import Finding, ReportStatus, ValidationReport
from workers.validation.run import validate_next
from workers.validation.step import Step


@dataclass
class Validating:
    """Validates a network; every report is made a minute after the one before."""

    engine: Engine
    chosen: Settings
    now: datetime
    steps: Sequence[Step]

    def report(self, hospital: UUID | None = None) -> list[Finding]:
        """Make a report; all findings that stand then."""
        self.now += timedelta(minutes=1)
        with Session(self.engine) as session, session.begin():
            id_ = queue_report(session, hospital, POLICY, self.now)
        assert validate_next(self.chosen, worker="w", clock=lambda: self.now, steps=self.steps)
        with Session(self.engine) as session:
            report = session.get_one(ValidationReport, id_)
            assert (report.status, report.unchecked) == (ReportStatus.FINISHED, [])
        return self.standing()

    def standing(self) -> list[Finding]:
        with Session(self.engine) as session:
            return list(session.scalars(select(Finding).where(Finding.gone_at.is_(None)).order_by(Finding.key)))

    def apply(self, finding: Finding) -> Applied:
        """Apply the remedy of a finding, a minute later."""
        self.now += timedelta(minutes=1)
        with Session(self.engine) as session, session.begin():
            return apply_remedy(session, finding.id, self.now)

    def by_hand(self, *statements: str, without: str = "", **values: object) -> None:
        """Run statements without some constraints, written `table.constraint`, as hands do that know no better."""
        with self.engine.begin() as connection:
            for table, _, constraint in (each.partition(".") for each in without.split()):
                connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint} CASCADE"))
            for statement in statements:
                connection.execute(text(statement), values)


def subjects(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """Code and subject of every finding."""
    return [(each.code.value, each.key.split(" ", 1)[1]) for each in findings]


def about(kind: Kind, *ids: UUID) -> str:
    """The subject of a finding about one thing, or more."""
    return " ".join(f"{each.kind}:{each.id}" for each in sorted(Entity(kind, str(id_)) for id_ in ids))
