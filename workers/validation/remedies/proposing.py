"""The step that writes into findings which hour would mend them, or why none would."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.arrays import among
from models.booking import JsonObject
from models.hospitals import Hospital
from models.schedule import Appointment
from models.validation.remedies.kinds import MoveAppointment, remedy_of
from models.validation.tables import Finding
from planner.problem import Appointment as Standing
from workers.validation.remedies.findings import policy_of, propose
from workers.validation.remedies.movers import Movable, broken, movers
from workers.validation.remedies.placing import Placed, Promised, place, read_movers
from workers.validation.step import Scope, Slice, Step, reading

AT_ONCE = 500
"""How many appointments of a hospital are planned together, those to come first; of more, the next validation."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Group:
    """The findings that appointments of one hospital would mend by moving, with that appointment of each."""

    hospital: UUID
    by_finding: Mapping[UUID, Movable]

    @property
    def appointments(self) -> list[UUID]:
        """Those that are planned."""
        soonest = sorted(set(self.by_finding.values()), key=lambda each: (each.start, each.id))
        return [each.id for each in soonest[:AT_ONCE]]


def _carry_out(scope: Scope, after: JsonObject | None) -> Iterator[Slice]:
    done = UUID(after["hospital"]) if after else None
    with reading() as session:
        findings = broken(session, scope.report)
        chosen = movers(session, findings, scope.clock())
    for group in _groups(chosen):
        if done is None or group.hospital > done:
            yield _propose(scope, group)
    hopeless = {each.finding for each in findings} - chosen.keys()
    yield Slice(write=lambda session: propose(session, hopeless, None))


def _groups(chosen: Mapping[UUID, Movable]) -> list[Group]:
    of_hospital: defaultdict[UUID, dict[UUID, Movable]] = defaultdict(dict)
    for finding, mover in chosen.items():
        of_hospital[mover.hospital][finding] = mover
    return [Group(*each) for each in sorted(of_hospital.items(), key=lambda each: each[0])]


def _propose(scope: Scope, group: Group) -> Slice:
    """Plan one hospital's. Where its schedule is so broken that no problem can be made of it, nothing is proposed."""
    try:
        with reading() as session:
            policy = policy_of(session, scope.report)
            read = read_movers(session, group.hospital, group.appointments, policy, scope.clock())
            promised = _promised(session, group)
        placed = place(read, promised, time_limit=scope.chosen.reschedule_time_limit)
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001  # what is wrong with the schedule is told by the checks
        log.warning("no remedies looked for", hospital=str(group.hospital), error=type(error).__name__)
        placed = Placed({}, {})
    return Slice(
        after={"hospital": str(group.hospital)},
        write=lambda session: _write(session, group, placed),
    )


def _promised(session: Session, group: Group) -> list[Promised]:
    """The hours that standing findings of others would have appointments move to."""
    rows = session.execute(
        select(Finding.remedy).where(
            Finding.gone_at.is_(None),
            or_(Finding.remedied_at.is_(None), Finding.remedied_at < Finding.last_seen_at),
            Finding.remedy["kind"].astext == "move_appointment",
        )
    ).scalars()
    moves = [each for each in map(remedy_of, filter(None, rows)) if isinstance(each, MoveAppointment)]
    own = {each.id for each in group.by_finding.values()}
    by_id = {each.appointment: each for each in moves if each.appointment not in own}
    patients = session.execute(
        select(Appointment.id, Appointment.patient_id).where(among(Appointment.id, by_id.keys()))
    )
    hours = [
        Standing(f"{id_} once moved", str(by_id[id_].doctor), str(by_id[id_].hospital), str(patient), by_id[id_].start)
        for id_, patient in patients
    ]
    places = select(Hospital.id, Hospital.timezone).where(among(Hospital.id, {each.hospital for each in moves}))
    zones = {str(id_): timezone for id_, timezone in session.execute(places)}
    return [Promised(each, zones[each.hospital]) for each in hours if each.hospital in zones]


def _write(session: Session, group: Group, placed: Placed) -> None:
    looked_for = placed.hours.keys() | placed.reasons.keys()
    for finding, mover in group.by_finding.items():
        if mover.id in looked_for:
            propose(session, [finding], placed.hours.get(mover.id), unplaced=placed.reasons.get(mover.id))
    propose(session, {id_ for id_, mover in group.by_finding.items() if mover.id not in looked_for}, None)


OTHER_HOURS = Step("Other hours", frozenset(), lambda _session, _scope: 0, _carry_out)
