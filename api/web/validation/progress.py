"""How far validations are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from babel.numbers import format_decimal

from api.web.validation.things import Place
from api.web.words import LOCALE, t
from models.validation.tables import ReportStatus, ValidationReport


@dataclass(frozen=True, slots=True)
class Running:
    """The validation that runs, or waits to. `share`: from 0 to 1, None where nobody knows; `more`: how many wait."""

    report: ValidationReport
    title: str
    stage: str
    share: float | None
    more: int


def follow(unfinished: Sequence[ValidationReport], places: Mapping[UUID, Place]) -> Running | None:
    """The first of the reports that are not finished; None where all are."""
    if not unfinished:
        return None
    report, *others = unfinished
    what = t("validation-runs", what=scope(report, places)) if report.hospital_id else t("validation-runs-all")
    return Running(report, what, _stage(report), _share(report), len(others))


def scope(report: ValidationReport, places: Mapping[UUID, Place]) -> str:
    """What a report is about: the name of a hospital, or all of them."""
    if report.hospital_id is None:
        return t("validation-all-hospitals")
    return places[report.hospital_id].name if report.hospital_id in places else t("validation-some-hospital")


def _stage(report: ValidationReport) -> str:
    if report.status is ReportStatus.QUEUED:
        return t("validation-waits", again="yes" if report.attempts else "no")
    if report.step is None:
        return t("validation-counting")
    done, total = (format_decimal(number, locale=LOCALE) for number in (report.done, report.total or 0))
    return t("validation-step", step=report.step, done=done, total=total, known="yes" if report.total else "no")


def _share(report: ValidationReport) -> float | None:
    """Never quite all of it, since how many rows there are is only reckoned before."""
    if report.status is ReportStatus.QUEUED or not report.total:
        return None
    return min(report.done / report.total, 0.99)
