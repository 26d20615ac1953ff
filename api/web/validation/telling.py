"""Findings in words: how bad, what, since when, what it is about, and what can be done."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.times import UTC
from api.web import clocks
from api.web.validation import mending
from api.web.validation.things import Thing, Things, as_id
from api.web.words import t
from models.validation.acknowledging import last_day
from models.validation.codes import Code, Severity
from models.validation.reading import is_acknowledged
from models.validation.tables import Change, Finding

_AT_FIRST = 6
"""How many of its entities a finding shows; the others unfold."""

_AT_MOST = 100
_HOSPITALS = 3


@dataclass(frozen=True, slots=True)
class Told:
    """One finding. `unnamed`: how many more entities it is about.

    `mend`: what the button of its remedy says; `known`: that somebody lets it be, until when.
    """

    finding: Finding
    change: Change | None
    title: str
    since: str
    hospitals: str
    things: tuple[Thing, ...]
    more: tuple[Thing, ...]
    unnamed: int
    mend: str | None
    gone: str | None
    remedied: str | None
    known: str | None


def tell(
    session: Session,
    findings: Sequence[Finding],
    now: dt.datetime,
    changes: Sequence[Change | None] = (),
) -> list[Told]:
    """Findings in words; `changes`: how each compares with the report before, where they are a report's."""
    things = Things.of(session, [each for finding in findings for each in finding.entities[:_AT_MOST]])
    return [
        _told(finding, change, things, now)
        for finding, change in zip(findings, changes or [None] * len(findings), strict=True)
    ]


def title(code: Code) -> str:
    """What a code means, in a few words."""
    return t(f"validation-code-{code.replace('_', '-')}")


def counted(counts: Mapping[Severity, int]) -> str:
    """3 errors, 2 warnings and 1 notice."""
    said = [t(f"validation-count-{severity}", count=counts[severity]) for severity in Severity if counts.get(severity)]
    return said[0] if len(said) == 1 else t("validation-and", first=", ".join(said[:-1]), last=said[-1])


def _told(finding: Finding, change: Change | None, things: Things, now: dt.datetime) -> Told:
    near = finding.hospitals[0] if len(finding.hospitals) == 1 else None
    about = tuple(things.thing(each, near) for each in finding.entities[:_AT_MOST])
    remedy = mending.remedy(finding)
    stands = finding.gone_at is None
    done = finding.remedied_at is not None and finding.remedied_at >= finding.last_seen_at
    return Told(
        finding,
        change,
        title(finding.code),
        clocks.ago(finding.first_seen_at, now),
        "" if _names_hospitals(finding) else _hospitals(finding, things),
        about[:_AT_FIRST],
        about[_AT_FIRST:],
        len(finding.entities) - len(about),
        mending.button(remedy) if remedy and stands and not done else None,
        clocks.ago(finding.gone_at, now) if finding.gone_at else None,
        clocks.ago(finding.remedied_at, now) if finding.remedied_at and stands and done else None,
        _known(finding, things) if stands and is_acknowledged(finding, now) else None,
    )


def _names_hospitals(finding: Finding) -> bool:
    """Whether the hospitals that it concerns are among its entities anyway."""
    return {as_id(each.get("id")) for each in finding.entities[:_AT_MOST]} >= set(finding.hospitals)


def _hospitals(finding: Finding, things: Things) -> str:
    """The hospitals that it concerns; of many the first ones."""
    names = ", ".join(things.place(each) for each in finding.hospitals[:_HOSPITALS])
    rest = len(finding.hospitals) - _HOSPITALS
    return f"{names} {t('validation-and-more', count=rest)}" if rest > 0 else names


def _known(finding: Finding, things: Things) -> str:
    """Until when somebody lets it be, and why."""
    place = things.places.get(finding.hospitals[0]) if len(finding.hospitals) == 1 else None
    day = last_day(finding.acknowledged_until or finding.last_seen_at, place.zone if place else UTC)
    return t("validation-known", until=clocks.day(day), because=finding.acknowledged_because)
